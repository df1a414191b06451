#include "../base/compat.h"
#include "connecting.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/process.h"
#include "told.h"

static size_t
size_of(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

/* Copies a text, if there is one, to *room, which moves behind it. Returns the copy. */
static const char *
copy(const char *text, char **room)
{
	char *made = *room;

	if (text == NULL)
		return NULL;
	*room += size_of(text);
	return memcpy(made, text, size_of(text));
}

struct fsock__connecting *
fsock__connecting_new(const struct fsock__route *route, int may_wait)
{
	struct fsock__connecting *c =
	    calloc(1, sizeof *c + size_of(route->host) + size_of(route->service) +
			  size_of(route->local_host) + size_of(route->local_service));
	char *room;

	if (c == NULL) {
		fsock__error_set("allocate", route->host, route->port, ENOMEM);
		return NULL;
	}
	room = (char *)(c + 1);
	c->began = fsock__clock_now();
	c->number = fsock__told_number();
	c->remote = (struct fsock__question){ .operation = "connect",
		.host = copy(route->host, &room),
		.port = route->port,
		.family = route->family,
		.service = copy(route->service, &room),
		.type = SOCK_STREAM,
		.socket = c->number };
	c->local = (struct fsock__question){ .operation = "bind",
		.host = copy(route->local_host, &room),
		.port = route->local_port,
		.family = route->family,
		.service = copy(route->local_service, &room),
		.type = SOCK_STREAM,
		.socket = c->number };
	c->deadline = fsock__clock_after(route->timeout);
	c->past_exchange = route->exchange < c->deadline;
	if (c->past_exchange)
		c->deadline = route->exchange;
	c->may_wait = may_wait;
	c->fd = -1;
	fsock__process_watch();
	return c;
}

/* Records which of the limits it was. */
static enum fsock__progress
out_of_time(const struct fsock__connecting *c)
{
	int past = c->past_exchange && fsock__clock_left(c->deadline) == 0;

	fsock__error_set_kind("connect", c->remote.host, c->remote.port,
	    past ? FSOCK_DEADLINE_TIMEOUT_ERROR : FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	return FSOCK__FAILED;
}

/* Says what to wait for. */
static enum fsock__progress
wait_for(struct fsock__connecting *c, struct pollfd *fds, size_t count, int64_t next)
{
	c->fds = fds;
	c->count = count;
	c->next = next;
	return FSOCK__PENDING;
}

/* Has the name looked up that is asked for. Returns as fsock__lookup(), or that it is pending. */
static int
look_up(struct fsock__connecting *c, const struct fsock__question *q,
    const struct fsock__addresses *found, struct addrinfo **results)
{
	int eai = 0;

	if (c->may_wait && c->deadline == FSOCK__NEVER)
		return fsock__resolve_await(q, found, FSOCK__NEVER, results);
	if (c->lookup == NULL)
		eai = fsock__resolve_begin(q, found, &c->lookup);
	if (eai == 0)
		eai = fsock__lookup_result(c->lookup, results);
	if (eai == FSOCK__LOOKUP_PENDING && fsock__clock_left(c->deadline) == 0)
		eai = FSOCK__LOOKUP_TIMED_OUT;
	return eai;
}

static void
end_lookup(struct fsock__connecting *c)
{
	if (c->lookup != NULL)
		fsock__lookup_end(c->lookup);
	c->lookup = NULL;
}

/* Finds the addresses asked for. */
static enum fsock__progress
find(struct fsock__connecting *c, struct fsock__question *q, struct fsock__addresses *found)
{
	struct addrinfo *results = NULL;
	int eai, r = c->lookup == NULL ? fsock__resolve_at_once(q, found) : 0;

	if (r == 0) {
		eai = look_up(c, q, found, &results);
		if (eai == FSOCK__LOOKUP_PENDING) {
			c->answer.fd = fsock__lookup_fd(c->lookup);
			c->answer.events = POLLIN;
			return wait_for(c, &c->answer, 1, c->deadline);
		}
		end_lookup(c);
		if (eai == FSOCK__LOOKUP_TIMED_OUT)
			return out_of_time(c);
		r = fsock__resolve_answer(q, eai, results, found);
	}
	return r > 0 ? FSOCK__DONE : FSOCK__FAILED;
}

/* Nobody listens on port 0: it is what atoi() makes of "http". A Unix-domain host has no port. */
static int
lacks_port(const struct fsock__connecting *c)
{
	return c->remote.port == 0 && fsock_addr_family(&c->found.items[0]) != AF_UNIX;
}

/* For a Unix-domain host there is no local address to choose. */
static int
is_local_wanted(const struct fsock__connecting *c)
{
	return (c->local.host != NULL || c->local.port != 0 || c->local.service != NULL) &&
	       fsock_addr_family(&c->found.items[0]) != AF_UNIX;
}

static enum fsock__progress
race(struct fsock__connecting *c)
{
	enum fsock__progress p = fsock__race_step(&c->race, fsock__clock_now());

	if (p == FSOCK__PENDING)
		return wait_for(c, c->race.fds, c->race.count, c->race.next);
	if (p == FSOCK__DONE) {
		c->fd = c->race.fd;
		c->family = c->race.family;
		c->connected = fsock__clock_now();
		return p;
	}
	if (c->race.error == ETIMEDOUT)
		return out_of_time(c);
	fsock__error_set("connect", c->remote.host, c->remote.port, c->race.error);
	return p;
}

/* One phase after the other, as long as none is pending. */
static enum fsock__progress
advance(struct fsock__connecting *c)
{
	enum fsock__progress p;

	if (c->phase == FSOCK__LOOKING) {
		p = find(c, &c->remote, &c->found);
		if (p != FSOCK__DONE)
			return p;
		if (lacks_port(c)) {
			fsock__error_set_words("connect", c->remote.host, c->remote.port,
			    FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "there is no port 0");
			return FSOCK__FAILED;
		}
		c->phase = FSOCK__LOOKING_LOCAL;
	}
	if (c->phase == FSOCK__LOOKING_LOCAL) {
		p = is_local_wanted(c) ? find(c, &c->local, &c->found_local) : FSOCK__DONE;
		if (p != FSOCK__DONE)
			return p;
		c->looked_up = fsock__clock_now();
		fsock__race_start(&c->race, c->found, c->found_local, c->deadline);
		c->race.socket = c->number;
		c->phase = FSOCK__RACING;
	}
	return race(c);
}

/* Gives back all that it has open, but for what it has made. */
static void
tidy_up(struct fsock__connecting *c)
{
	end_lookup(c);
	if (c->phase == FSOCK__RACING) {
		fsock__race_end(&c->race);
	} else {
		free(c->found.items);
		free(c->found_local.items);
	}
	wait_for(c, NULL, 0, FSOCK__NEVER);
}

enum fsock__progress
fsock__connecting_step(struct fsock__connecting *c)
{
	int saved = errno;

	if (c->progress != FSOCK__PENDING)
		return c->progress;
	c->progress = advance(c);
	if (c->progress == FSOCK__FAILED) {
		fsock__told_failure(c->number);
		c->error = *fsock__error_current();
	}
	if (c->progress != FSOCK__PENDING)
		tidy_up(c);
	errno = saved;
	return c->progress;
}

static int
has_wake(const struct fsock__connecting *c)
{
	return c->wake_process == fsock__process();
}

/* That of a parent is closed here only. */
static void
close_wake(struct fsock__connecting *c)
{
	if (c->wake_process != 0)
		fsock__wake_close(&c->wake);
	c->wake_process = 0;
}

/* Whoever wakes meanwhile sees that there is one, or is seen to have tried. */
static void
open_wake(struct fsock__connecting *c)
{
	int saved = errno;

	close_wake(c);
	if (fsock__wake_open(&c->wake) == 0)
		c->wake_process = fsock__process();
	if (has_wake(c) && c->is_awake)
		fsock__wake_send(&c->wake);
	errno = saved;
}

size_t
fsock__connecting_fds(struct fsock__connecting *c, struct pollfd fds[FSOCK__CONNECTING_FDS])
{
	size_t count = c->count;

	for (size_t i = 0; i < count; i++)
		fds[i] = c->fds[i];
	if (!has_wake(c))
		open_wake(c);
	if (has_wake(c))
		fds[count++] = (struct pollfd){ .fd = c->wake.fd, .events = POLLIN };
	return count;
}

void
fsock__connecting_wake(struct fsock__connecting *c)
{
	c->is_awake = 1;
	if (has_wake(c))
		fsock__wake_send(&c->wake);
}

void
fsock__connecting_calm(struct fsock__connecting *c)
{
	c->is_awake = 0;
	if (has_wake(c))
		fsock__wake_drain(&c->wake);
}

int
fsock__connecting_fail(const struct fsock__connecting *c)
{
	return fsock__error_restore(&c->error);
}

void
fsock__connecting_free(struct fsock__connecting *c)
{
	int saved = errno;

	if (c == NULL)
		return;
	if (c->progress == FSOCK__PENDING)
		tidy_up(c);
	close_wake(c);
	free(c);
	errno = saved;
}

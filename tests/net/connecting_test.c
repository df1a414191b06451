/*
 * Connecting step by step. The resolver is this file's own: a getaddrinfo() in front of libc's that
 * answers when the test lets it.
 */
#include "../../src/base/compat.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/connecting.h"
#include "net/lookup_pool.h"
#include "base/sys.h"
#include "../support/sock_support.h"

#define MS INT64_C(1000000)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int permits, asking, answered;            /* answers are given as permits allow */
static int silent, most_silent, is_silence_over; /* lookups of "silent", answered when it is */
static int port;                                 /* where somebody listens */

struct reply {
	struct addrinfo info;
	struct fsock_addr addr;
};

/* Some of these may come when their test is over, and must not be taken for those of the next. */
static int
keep_silent(void)
{
	pthread_mutex_lock(&lock);
	if (++silent > most_silent)
		most_silent = silent;
	pthread_cond_broadcast(&changed);
	while (!is_silence_over)
		pthread_cond_wait(&changed, &lock);
	silent--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return EAI_NONAME;
}

/* "loopback" is 127.0.0.1 and "other" 127.0.0.9; all others are not known. */
int
getaddrinfo(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **results)
{
	const char *address = strcmp(host, "loopback") == 0 ? "127.0.0.1"
			      : strcmp(host, "other") == 0  ? "127.0.0.9"
							    : NULL;
	struct reply *reply;

	(void)service;
	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	if (strcmp(host, "silent") == 0)
		return keep_silent();
	pthread_mutex_lock(&lock);
	asking++;
	pthread_cond_broadcast(&changed);
	while (permits == 0)
		pthread_cond_wait(&changed, &lock);
	permits--;
	asking--;
	answered++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	if (address == NULL)
		return EAI_NONAME;
	reply = calloc(1, sizeof *reply);
	fsock_addr_from_text(&reply->addr, address, 0);
	reply->info.ai_family = AF_INET;
	reply->info.ai_addr = &reply->addr.as.any;
	reply->info.ai_addrlen = reply->addr.length;
	*results = &reply->info;
	return 0;
}

void
freeaddrinfo(struct addrinfo *results)
{
	free(results); /* the first member of its reply */
}

static void
permit(int n)
{
	pthread_mutex_lock(&lock);
	permits += n;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* Waits until `*count` has come to `n`. */
static void
await(const int *count, int n)
{
	pthread_mutex_lock(&lock);
	while (*count != n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static fsock *listener;

static void
setup(void)
{
	permits = asking = answered = 0;
	listener = fsock_listen("127.0.0.1", 0, NULL);
	port = fsock_local_port(listener);
}

static void
teardown(void)
{
	fsock_close(listener);
}

/* Begins to connect with these options, which are not there any more afterwards. */
static struct fsock__connecting *
begin(const char *host, const char *local_host, double limit, int may_wait)
{
	char host_copy[64], local_copy[64];
	struct fsock__route route = { .host = host_copy, .port = port, .exchange = FSOCK__NEVER };
	struct fsock__connecting *c;

	snprintf(host_copy, sizeof host_copy, "%s", host);
	if (local_host != NULL)
		route.local_host = local_copy;
	snprintf(local_copy, sizeof local_copy, "%s", local_host == NULL ? "" : local_host);
	route.timeout = limit == 0 ? FSOCK__NEVER : (int64_t)(limit * 1e9);
	c = fsock__connecting_new(&route, may_wait);
	ck_assert_ptr_nonnull(c);
	memset(host_copy, 'x', sizeof host_copy);
	memset(local_copy, 'x', sizeof local_copy);
	memset(&route, 0, sizeof route);
	return c;
}

/* Steps once, then as often as something gets ready, until a look-up is under way or the end. */
static enum fsock__progress
go(struct fsock__connecting *c)
{
	enum fsock__progress p;

	while ((p = fsock__connecting_step(c)) == FSOCK__PENDING && c->phase == FSOCK__RACING)
		ck_assert_int_gt(fsock__sys_poll(c->fds, c->count, FSOCK__NEVER), 0);
	return p;
}

/* Whether who waits for it would wait. */
static int
is_waiting(const struct fsock__connecting *c)
{
	return fsock__sys_poll(c->fds, c->count, 0) == 0;
}

/* What the hosts are, how many look-ups that takes, and the outcome. */
static const struct way {
	const char *host, *local_host;
	int look_ups;
	const char *from; /* the local address once connected, or NULL */
	int errnum;
	const char *text;
} ways[] = {
	{ "127.0.0.1", NULL, 0, "127.0.0.1", 0, NULL },
	{ "127.0.0.1", "127.0.0.7", 0, "127.0.0.7", 0, NULL },
	{ "loopback", NULL, 1, "127.0.0.1", 0, NULL },
	{ "127.0.0.1", "other", 1, "127.0.0.9", 0, NULL },
	{ "loopback", "other", 2, "127.0.0.9", 0, NULL },
	{ "loopback", "127.0.0.7", 1, "127.0.0.7", 0, NULL },
	{ "nowhere", "other", 1, NULL, EHOSTUNREACH, "connect to nowhere port" },
	{ "loopback", "nowhere", 2, NULL, EHOSTUNREACH, "bind to nowhere:" },
	{ "127.0.0.1", "192.0.2.1", 0, NULL, EADDRNOTAVAIL, "connect to 127.0.0.1 port" },
	{ "other", NULL, 1, NULL, ECONNREFUSED, "connect to other port" },
	{ "1.2.3", NULL, 0, NULL, EHOSTUNREACH, "connect to 1.2.3 port" },
};

/* The failure is told anew to whoever asks. */
static void
check_failed(const struct fsock__connecting *c, const struct way *row)
{
	fsock_clear_error();
	errno = EDOM;
	ck_assert_int_eq(fsock__connecting_fail(c), -1);
	ck_assert_int_eq(errno, row->errnum);
	ck_assert_int_eq(fsock_last_error()->errnum, row->errnum);
	ck_assert_msg(strncmp(fsock_last_error()->text, row->text, strlen(row->text)) == 0, "%s",
	    fsock_last_error()->text);
}

static void
check_connected(const struct fsock__connecting *c, const char *from)
{
	struct fsock_addr name = { .length = sizeof name.as };
	char text[FSOCK_ADDR_TEXT_SIZE];

	ck_assert_int_eq(getsockname(c->fd, &name.as.any, &name.length), 0);
	fsock_addr_set_port(&name, 0);
	ck_assert_str_eq(fsock_addr_host(&name, text, sizeof text), from);
	ck_assert_int_eq(c->family, AF_INET);
	close(c->fd);
}

START_TEST(step_by_step)
{
	const struct way *row = &ways[_i];
	int fds = sock_open_fds();
	struct fsock__connecting *c = begin(row->host, row->local_host, 60, 0);
	int64_t deadline = fsock__clock_after(60000 * MS);

	errno = EDOM;
	for (int i = 0; i < row->look_ups; i++) {
		ck_assert_int_eq(go(c), FSOCK__PENDING);
		ck_assert_int_eq(c->count, 1);
		ck_assert(is_waiting(c));
		ck_assert(c->next <= deadline && c->next > deadline - 30000 * MS);
		ck_assert_int_eq(fsock__connecting_step(c), FSOCK__PENDING);
		permit(1);
		ck_assert_int_eq(fsock__sys_poll(c->fds, c->count, FSOCK__NEVER), 1);
	}
	ck_assert_int_eq(go(c), row->from == NULL ? FSOCK__FAILED : FSOCK__DONE);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(c->count, 0);
	ck_assert_int_eq(
	    fsock__connecting_step(c), row->from == NULL ? FSOCK__FAILED : FSOCK__DONE);
	ck_assert_int_eq(answered, row->look_ups);
	if (row->from == NULL)
		check_failed(c, row);
	else
		check_connected(c, row->from);
	fsock__connecting_free(c);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* Who waits for the outcome and has no limit looks up without a thread. */
START_TEST(in_the_step_itself)
{
	struct fsock__connecting *c = begin("loopback", NULL, 0, 1);

	permit(1);
	ck_assert_int_eq(go(c), FSOCK__DONE);
	ck_assert_int_eq(answered, 1);
	check_connected(c, "127.0.0.1");
	fsock__connecting_free(c);
}
END_TEST

/* It may be given up in every phase, and its deadline may come in every phase. */
static const struct phase {
	const char *host, *local_host;
	int permits;
	int full; /* the backlog is */
} phases[] = {
	{ "loopback", "other", 0, 0 },
	{ "loopback", "other", 1, 0 },
	{ "127.0.0.1", "other", 0, 0 },
	{ "127.0.0.1", "127.0.0.7", 0, 1 },
	{ "loopback", "other", 2, 1 },
};

/* Goes as far as the row says. */
static struct fsock__connecting *
get_to(const struct phase *row, double limit)
{
	struct fsock__connecting *c = begin(row->host, row->local_host, limit, 0);

	ck_assert_int_eq(fsock__connecting_step(c), FSOCK__PENDING);
	for (int i = 0; i < row->permits; i++) {
		permit(1);
		ck_assert_int_eq(fsock__sys_poll(c->fds, c->count, FSOCK__NEVER), 1);
		ck_assert_int_eq(fsock__connecting_step(c), FSOCK__PENDING);
	}
	if (c->phase !=
	    FSOCK__RACING) /* else its thread might ask in the middle of the next test */
		await(&asking, 1);
	return c;
}

/* Lets the threads end that are left behind. */
static void
end_phase(const struct phase *row, int full[SOCK_FULL])
{
	if (row->full)
		sock_full_free(full);
	permit(9);
	await(&asking, 0);
}

START_TEST(given_up)
{
	const struct phase *row = &phases[_i];
	struct fsock__connecting *c;
	int full[SOCK_FULL], fds;

	if (row->full)
		port = sock_full("127.0.0.1", 0, full);
	fds = sock_open_fds();
	c = get_to(row, 60);
	ck_assert(is_waiting(c));
	fsock__connecting_free(c);
	ck_assert_int_eq(sock_open_fds(), fds);
	end_phase(row, full);
}
END_TEST

START_TEST(out_of_time)
{
	const struct phase *row = &phases[_i];
	struct fsock__connecting *c;
	double start = sock_now();
	int full[SOCK_FULL], fds;

	if (row->full)
		port = sock_full("127.0.0.1", 0, full);
	fds = sock_open_fds();
	c = get_to(row, 1);
	ck_assert(fsock__sys_poll(c->fds, c->count, c->next) == 0);
	ck_assert_int_eq(fsock__connecting_step(c), FSOCK__FAILED);
	sock_assert_took(start, 1);
	ck_assert_int_eq(sock_open_fds(), fds);
	ck_assert_int_eq(fsock__connecting_fail(c), -1);
	sock_assert_failed(
	    FSOCK_TIMEOUT_ERROR, ETIMEDOUT, "connect to %s port %d: Timed out", row->host, port);
	fsock__connecting_free(c);
	end_phase(row, full);
}
END_TEST

/* A resolver that never answers: many wait for it, and each ends when it is to. */
START_TEST(no_resolver)
{
	struct fsock__connecting *all[200];
	int fds = sock_open_fds();

	for (int i = 0; i < COUNT(all); i++) {
		all[i] = begin("silent", NULL, 2, 0); /* time for all to begin */
		ck_assert_int_eq(fsock__connecting_step(all[i]), FSOCK__PENDING);
	}
	await(&silent, FSOCK__LOOKUP_MAX);
	for (int i = 0; i < COUNT(all); i++) {
		ck_assert_int_eq(fsock__sys_poll(all[i]->fds, all[i]->count, all[i]->next), 0);
		ck_assert_int_eq(fsock__connecting_step(all[i]), FSOCK__FAILED);
		ck_assert_int_eq(all[i]->error.error.kind, FSOCK_TIMEOUT_ERROR);
		fsock__connecting_free(all[i]);
	}
	ck_assert_int_eq(sock_open_fds(), fds);
	pthread_mutex_lock(&lock);
	is_silence_over = 1;
	pthread_cond_broadcast(&changed);
	ck_assert_int_le(most_silent, FSOCK__LOOKUP_MOST);
	pthread_mutex_unlock(&lock);
	await(&silent, 0);
}
END_TEST

/* Who sleeps on copies of the descriptors of one that nothing happens to. */
struct sleeper {
	struct sock_thread thread;
	struct pollfd fds[FSOCK__CONNECTING_FDS];
	size_t count;
	int ready;
};

static void
sleep_on(void *arg)
{
	struct sleeper *s = arg;

	s->ready = fsock__sys_poll(s->fds, s->count, FSOCK__NEVER);
}

static int
is_awake(struct fsock__connecting *c)
{
	struct pollfd fds[FSOCK__CONNECTING_FDS];
	size_t count = fsock__connecting_fds(c, fds);

	return count == c->count + 1 && fsock__sys_poll(fds, count, 0) == 1 &&
	       fds[count - 1].revents == POLLIN;
}

/* Sleeps in some threads until they are woken. */
static void
sleep_and_wake(struct fsock__connecting *c)
{
	struct sleeper sleepers[3];

	for (int i = 0; i < COUNT(sleepers); i++) {
		sleepers[i].count = fsock__connecting_fds(c, sleepers[i].fds);
		ck_assert_uint_eq(sleepers[i].count, c->count + 1);
		sock_thread_start(&sleepers[i].thread, sleep_on, &sleepers[i]);
	}
	for (int i = 0; i < COUNT(sleepers); i++)
		sock_thread_await_blocked(&sleepers[i].thread);
	errno = EDOM;
	fsock__connecting_wake(c);
	for (int i = 0; i < COUNT(sleepers); i++) {
		sock_thread_join(&sleepers[i].thread);
		ck_assert_int_eq(sleepers[i].ready, 1);
	}
}

/* In every phase: all are woken, and whoever comes, until it is calm. */
START_TEST(woken)
{
	const struct phase *row = &phases[_i];
	struct fsock__connecting *c;
	int full[SOCK_FULL], fds;

	if (row->full)
		port = sock_full("127.0.0.1", 0, full);
	fds = sock_open_fds();
	c = get_to(row, 60);
	for (int i = 0; i < 2; i++) {
		sleep_and_wake(c);
		ck_assert(is_awake(c));
		ck_assert_int_eq(fsock__connecting_step(c), FSOCK__PENDING);
		ck_assert(is_awake(c));
		fsock__connecting_calm(c);
		ck_assert_int_eq(errno, EDOM);
		ck_assert(!is_awake(c));
	}
	fsock__connecting_free(c);
	ck_assert_int_eq(sock_open_fds(), fds);
	end_phase(row, full);
}
END_TEST

/* Woken before anybody sleeps. */
START_TEST(woken_before)
{
	struct fsock__connecting *c = get_to(&phases[0], 60);

	fsock__connecting_wake(c);
	ck_assert(is_awake(c));
	fsock__connecting_calm(c);
	ck_assert(!is_awake(c));
	fsock__connecting_free(c);
	end_phase(&phases[0], NULL);
}
END_TEST

static int
wake_in_child(void *arg)
{
	struct fsock__connecting *c = arg;

	fsock__connecting_wake(c);
	SOCK_EXPECT(is_awake(c));
	fsock__connecting_calm(c);
	SOCK_EXPECT(!is_awake(c));
	fsock__connecting_wake(c);
	return 0;
}

/* What a child wakes are its own threads. */
START_TEST(woken_in_a_child)
{
	struct fsock__connecting *c = get_to(&phases[0], 60);

	ck_assert(!is_awake(c));
	ck_assert_int_eq(sock_child(wake_in_child, c), 0);
	ck_assert(!is_awake(c));
	fsock__connecting_wake(c);
	ck_assert_int_eq(sock_child(wake_in_child, c), 0);
	ck_assert(is_awake(c));
	fsock__connecting_free(c);
	end_phase(&phases[0], NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("connecting");
	TCase *tcase = tcase_create("connecting");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, step_by_step, 0, COUNT(ways));
	tcase_add_test(tcase, in_the_step_itself);
	tcase_add_loop_test(tcase, given_up, 0, COUNT(phases));
	tcase_add_loop_test(tcase, out_of_time, 0, COUNT(phases));
	tcase_add_test(tcase, no_resolver);
	tcase_add_loop_test(tcase, woken, 0, COUNT(phases));
	tcase_add_test(tcase, woken_before);
	tcase_add_test(tcase, woken_in_a_child);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

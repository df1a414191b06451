#include "../base/compat.h"
#include "line_client.h"

#include <math.h>
#include <stdlib.h>

#include <fsock/stream.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../sock/failure.h"
#include "../sock/layers.h"
#include "../sock/transfer.h"

/* So many lines of a client are handled before others have their turn. */
enum { AT_ONCE = 64 };

struct fsock__client {
	struct fsock__ring in_loop;
	struct fsock__loop *loop;
	fsock *socket;
	FILE *stream;
	void *state;     /* the program's */
	int64_t line_at; /* when its next line would be due at the highest rate */
	int is_paused;   /* its rate was too high: it is not read from until its time comes */
	int is_new;      /* its layers have not ended their handshake: nobody knows of it yet */
};

/* What is to become of a client; what it was told of, if it is an error, is the last error. */
enum fate {
	GOES_ON,
	ENDS,      /* sends what is queued, then closes */
	IS_CUT_OFF /* is reset */
};

/* The functions of the program that are called now are about this client. */
static void
enter(struct fsock__client *c)
{
	struct fsock__worker *w = c->loop->worker;

	fsock__worker_serve(w, c->socket);
	w->state = &c->state;
	fsock_clear_error();
	errno = 0;
}

static void
leave(struct fsock__client *c)
{
	c->loop->worker->host = NULL;
	c->loop->worker->state = NULL;
}

/* Tells of what went wrong. */
static enum fate
fail(struct fsock__client *c, int errnum, enum fate fate)
{
	fsock__worker_report(c->loop->worker, errnum);
	return fate;
}

/* Ends a client, and tells the program by `closed` unless that is NULL. The last error says why. */
static void
end(struct fsock__client *c, enum fate fate, void (*closed)(FILE *, void *))
{
	struct fsock__line_server *lines = c->loop->lines;
	int is_told = fsock_last_error()->kind != FSOCK_NO_ERROR;

	if (closed != NULL)
		closed(c->stream, lines->server.arg);
	leave(c);
	fsock__ring_remove(&c->in_loop);
	if (fate == IS_CUT_OFF)
		fsock_abort(c->socket);
	else if (fsock_close(c->socket) < 0 && !is_told)
		fsock__server_report(&lines->server);
	free(c);
	fsock__loop_make_room(lines);
}

/* From now on counts for how long it has sent nothing. */
static void
set_idle(struct fsock__client *c)
{
	double idle = c->loop->lines->manners.idle;

	if (idle != INFINITY)
		fsock_waitlist_set_timeout(c->loop->list, c->socket, idle);
}

/* The errno of the first write that failed, or 0. */
static int
output_error(const struct fsock__client *c)
{
	return c->socket->output.error;
}

/* Cuts off a client whose output has failed. */
static enum fate
cut_off(struct fsock__client *c)
{
	fsock__failure_retell(c->socket, "write", output_error(c));
	return fail(c, output_error(c), IS_CUT_OFF);
}

/* Sends what was written, once for all lines of the turn. */
static enum fate
flush(struct fsock__client *c)
{
	if (fflush(c->stream) == 0 && output_error(c) == 0)
		return GOES_ON;
	return output_error(c) != 0 ? cut_off(c) : fail(c, errno, IS_CUT_OFF);
}

/* What a function of the program has returned. */
static enum fate
judge(struct fsock__client *c, int r)
{
	if (r < 0)
		return fail(c, errno, ENDS);
	if (r == 0)
		return GOES_ON;
	fsock_clear_error();
	return ENDS;
}

/* Makes a client in the loop's list. Returns it, or NULL with the error recorded. */
static struct fsock__client *
new_client(struct fsock__loop *loop, fsock *s)
{
	struct fsock__client *c = calloc(1, sizeof *c);

	if (c == NULL) {
		fsock__handle_error(s, "serve client", ENOMEM);
		return NULL;
	}
	c->loop = loop;
	c->socket = s;
	c->stream = fsock_stream(s);
	c->is_new = fsock__layers_are_on(s) && !s->layers->is_started;
	if (c->stream == NULL ||
	    fsock_waitlist_add(loop->list, s, c->is_new ? FSOCK_OUTPUT : FSOCK_INPUT, c) < 0) {
		free(c);
		return NULL;
	}
	fsock__ring_append(&loop->clients, &c->in_loop);
	return c;
}

/* Tells the program of a client. */
static void
welcome(struct fsock__client *c)
{
	struct fsock__line_server *lines = c->loop->lines;
	enum fate fate = GOES_ON;
	int r = 0;

	set_idle(c);
	if (lines->manners.opened == NULL)
		return;
	enter(c);
	r = lines->manners.opened(c->stream, lines->server.arg);
	fate = judge(c, r);
	if (fate == GOES_ON)
		fate = flush(c);
	if (fate != GOES_ON)
		end(c, fate, r < 0 ? NULL : lines->manners.closed);
	else
		leave(c);
}

void
fsock__line_client_open(struct fsock__loop *loop, fsock *s)
{
	struct fsock__line_server *lines = loop->lines;
	struct fsock__client *c = new_client(loop, s);

	if (c == NULL) {
		fsock__server_report(&lines->server);
		fsock_abort(s);
		fsock__loop_make_room(lines);
		return;
	}
	if (!c->is_new)
		welcome(c);
}

/* The handshake has ended, or has failed: then the program has not heard of the client yet. */
static void
meet(struct fsock__client *c)
{
	fsock_server *server = &c->loop->lines->server;
	int r;

	enter(c);
	r = fsock__layers_advance(c->socket, "handshake");
	if (r < 0)
		fsock__server_report(server);
	if (r < 0)
		end(c, ENDS, NULL);
	else
		leave(c);
	if (r <= 0)
		return;
	c->is_new = 0;
	fsock_waitlist_change(c->loop->list, c->socket, FSOCK_INPUT, c);
	welcome(c);
}

/* A client that has sent too many lines is not read from until it is time for the next. */
static int
is_too_fast(struct fsock__client *c, int64_t now)
{
	const struct fsock__manners *m = &c->loop->lines->manners;
	fsock_waitlist *list = c->loop->list;
	int64_t early = c->line_at - now - m->tolerance;

	if (m->interval == 0 || early <= 0)
		return 0;
	c->is_paused = 1;
	fsock_waitlist_change(list, c->socket, 0, c);
	fsock_waitlist_set_timeout(list, c->socket, (double)early / 1e9);
	return 1;
}

/* The time for the next line has come. */
static void
resume(struct fsock__client *c)
{
	fsock_waitlist *list = c->loop->list;

	c->is_paused = 0;
	fsock_waitlist_set_timeout(list, c->socket, INFINITY);
	set_idle(c);
	fsock_waitlist_change(list, c->socket, FSOCK_INPUT, c);
}

/* Calls the handler for the record in the loop's buffer. Returns what it does. */
static int
handle(struct fsock__client *c)
{
	const fsock_server *server = &c->loop->lines->server;
	fsock_record_handler *handler = (fsock_record_handler *)server->handler;
	const struct fsock__line *record = &c->loop->line;

	errno = 0;
	return handler(c->stream, record->text, record->length, server->arg);
}

/*
 * There was no line: the end of input, an error, or nothing yet. Of a client that has failed behind
 * the lines that were served the next turn learns why: it asks the kernel first.
 */
static enum fate
meet_no_line(struct fsock__client *c, int r, int state, int served)
{
	if (r == 0) {
		fsock_clear_error();
		return ENDS;
	}
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return fail(c, errno, ENDS);
	if ((state & FSOCK_FAILED) && served == 0) /* and yet reading tells of nothing */
		return cut_off(c);
	fsock_clear_error();
	return GOES_ON;
}

/*
 * Serves the lines that have come, but not too many. Only for the first one the kernel is asked:
 * the waits receive what comes after them.
 */
static enum fate
serve_lines(struct fsock__client *c, int state, int *served)
{
	int64_t interval = c->loop->lines->manners.interval;
	int64_t now = interval == 0 ? 0 : fsock__clock_now();
	enum fate fate = GOES_ON;

	while (fate == GOES_ON && *served < AT_ONCE && !is_too_fast(c, now)) {
		int r = fsock__line_take(c->socket, &c->loop->line, *served == 0);

		if (r <= 0)
			return meet_no_line(c, r, state, *served);
		++*served;
		c->line_at = (c->line_at > now ? c->line_at : now) + interval;
		fate = judge(c, handle(c));
		if (c->loop->lines->server.ending || fsock_is_congested(c->socket) ||
		    output_error(c) != 0)
			break;
	}
	return fate;
}

/* Whether the time of the whole exchange is over. */
static int
is_late(struct fsock__client *c)
{
	return fsock__transfer_check(c->socket, "read", FSOCK_INPUT) < 0;
}

/* Serves a client that is ready. */
static enum fate
serve(struct fsock__client *c, int state)
{
	enum fate fate = GOES_ON;
	int served = 0;

	if (is_late(c))
		return fail(c, errno, ENDS);
	if (c->is_paused) /* and yet it is ready: its output has failed */
		return cut_off(c);
	if (state != FSOCK_TIMEOUT)
		fate = serve_lines(c, state, &served);
	if (fate == GOES_ON)
		fate = flush(c);
	if (fate == GOES_ON && served == 0 && (state & FSOCK_TIMEOUT))
		return fail(c, ETIMEDOUT, ENDS);
	if (served > 0 && !c->is_paused)
		set_idle(c);
	return fate;
}

void
fsock__line_client_serve(struct fsock__client *c, int state)
{
	enum fate fate;

	if (c->is_new) {
		meet(c);
		return;
	}
	if (c->is_paused && (state & FSOCK_TIMEOUT)) {
		resume(c);
		return;
	}
	enter(c);
	fate = serve(c, state);
	if (fate != GOES_ON)
		end(c, fate, c->loop->lines->manners.closed);
	else
		leave(c);
}

void
fsock__line_client_dismiss_all(struct fsock__loop *loop)
{
	while (fsock__ring_is_linked(&loop->clients)) {
		struct fsock__client *c =
		    fsock__ring_owner(loop->clients.next, struct fsock__client, in_loop);

		enter(c);
		end(c, c->is_new ? IS_CUT_OFF : ENDS,
		    c->is_new ? NULL : loop->lines->manners.closed);
	}
}

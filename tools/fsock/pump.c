/*
 * The two directions of a session. Neither waits: what the other side does not take at once is
 * kept, and nothing more is read before it is gone.
 */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* The first failure is the status, and the only one that is reported. */
static void
fail(struct session *session)
{
	if (session->status == STATUS_DONE)
		session->status = report_error();
}

/* Something cannot go on at all. */
void
pump_give_up(struct session *session, enum status status)
{
	if (session->status == STATUS_DONE)
		session->status = status;
	session->is_over = 1;
}

int
pump_is_empty(const struct flow *flow)
{
	return flow->begin == flow->end;
}

/* An octet has passed: silence begins again. */
void
pump_note_activity(struct session *session)
{
	const struct settings *settings = session->settings;

	if (settings->idle > 0)
		fsock_waitlist_set_timeout(session->list, session->wire.socket, settings->idle);
	if (session->patience != NULL && session->up.is_done)
		fsock_waitlist_set_timeout(session->list, session->patience, settings->quit_after);
}

/* ---- Up: from standard input to the network. */

/* All of the input is sent. Who has said how long to wait for more does not wait longer. */
static void
end_up(struct session *session)
{
	session->up.is_done = 1;
	if (session->wire.ops->end(&session->wire) < 0)
		fail(session);
	pump_note_activity(session);
}

static void
stop_typing(struct session *session)
{
	fsock_close(session->keyboard); /* it leaves the list */
	session->keyboard = NULL;
	session->up.is_over = 1;
}

/* Standard input has something: one read does not wait for it. */
static void
type(struct session *session)
{
	struct flow *up = &session->up;
	ssize_t n = read(STDIN_FILENO, up->octets, session->wire.ops->most);

	session->can_type = 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 && errno != EIO) /* EIO: the terminal has hung up */
		pump_give_up(session, report_system("standard input"));
	up->begin = 0;
	up->end = n > 0 ? (size_t)n : 0;
	if (n <= 0)
		stop_typing(session);
}

/* Nothing more can be sent. */
static void
lose_peer(struct session *session)
{
	fail(session);
	session->up.begin = session->up.end;
	session->up.is_done = 1;
	if (session->keyboard != NULL)
		stop_typing(session);
}

static void
send_typed(struct session *session)
{
	struct flow *up = &session->up;
	ssize_t n =
	    session->wire.ops->send(&session->wire, up->octets + up->begin, up->end - up->begin);

	if (n >= 0) {
		up->begin += (size_t)n;
		up->passed += (uint64_t)n;
		pump_note_activity(session);
	} else if (errno != EAGAIN) {
		lose_peer(session);
		/* What the peer said before it went is still to be read. */
		session->is_over = session->status != STATUS_LOST;
	}
}

void
pump_up(struct session *session)
{
	struct flow *up = &session->up;

	if (up->is_done)
		return;
	if (pump_is_empty(up) && session->can_type && session->wire.ops->takes(&session->wire))
		type(session);
	if (!pump_is_empty(up))
		send_typed(session);
	if (pump_is_empty(up) && up->is_over && !up->is_done &&
	    session->wire.ops->takes(&session->wire))
		end_up(session);
}

/* ---- Down: from the network to standard output. */

static void
show(struct session *session)
{
	struct flow *down = &session->down;
	ssize_t n;

	if (session->output.is_a_terminal)
		progress_hide(&session->progress);
	n = output_write(&session->output, down->octets + down->begin, down->end - down->begin);
	session->can_show = 0;
	if (n >= 0)
		down->begin += (size_t)n;
	else if (errno != EAGAIN)
		pump_give_up(session, report_system("standard output"));
}

static void
receive(struct session *session)
{
	struct flow *down = &session->down;
	ssize_t n = session->wire.ops->receive(&session->wire, down->octets, FLOW_SIZE);

	session->can_receive = n > 0 || !session->is_watched;
	if (n < 0 && errno == EAGAIN && session->is_watched)
		return;
	if (n > 0) {
		down->begin = 0;
		down->end = (size_t)n;
		down->passed += (uint64_t)n;
		pump_note_activity(session);
	}
	if (n < 0 || session->wire.has_failed)
		lose_peer(session);
	down->is_over = n <= 0 || session->wire.has_failed;
}

/* The turn ends now and then, for the sake of the other direction. */
void
pump_down(struct session *session)
{
	struct flow *down = &session->down;
	int turns = 16;

	while (turns-- > 0 && !session->is_over && !down->is_done) {
		if (pump_is_empty(down) && !down->is_over && session->can_receive)
			receive(session);
		if (pump_is_empty(down) || (session->output.waits && !session->can_show))
			break;
		show(session);
		if (!pump_is_empty(down))
			break;
	}
	down->is_done = down->is_over && pump_is_empty(down);
}

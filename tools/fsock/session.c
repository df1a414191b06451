/*
 * The loop: octets pass between a socket and standard input and output, both ways at once. One wait
 * list holds all three. While one of them does not take what has come for it, no more is read.
 */
#include "session.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

/* A change is a system call. */
static int
set_interest(struct session *session, fsock *s, int *old, int interest)
{
	if (*old == interest)
		return 0;
	*old = interest;
	return fsock_waitlist_change(session->list, s, interest, NULL);
}

/* Waits for what has a use now. Returns 0 or -1. */
static int
set_interests(struct session *session)
{
	struct wire *wire = &session->wire;
	int net = pump_is_empty(&session->down) && !session->down.is_over ? FSOCK_INPUT : 0;
	int takes = pump_is_empty(&session->up) && wire->ops->takes(wire);
	int shows = !pump_is_empty(&session->down);

	if (!pump_is_empty(&session->up) || fsock_pending_output(wire->socket) > 0)
		net |= FSOCK_OUTPUT;
	if (session->is_watched &&
	    set_interest(session, wire->socket, &session->net_interest, net) < 0)
		return -1;
	if (session->keyboard != NULL &&
	    set_interest(session, session->keyboard, &session->keyboard_interest,
		takes ? FSOCK_INPUT : 0) < 0)
		return -1;
	if (session->screen == NULL)
		return 0;
	return set_interest(
	    session, session->screen, &session->screen_interest, shows ? FSOCK_OUTPUT : 0);
}

/*
 * The list reports a failed socket again and again, even while octets wait for standard output. The
 * rest of its input is therefore read without the list.
 */
static void
note_net(struct session *session, int state)
{
	struct fsock_error error;

	if (state & FSOCK_TIMEOUT) {
		report_complain(
		    "nothing was sent or received for %g seconds", session->settings->idle);
		pump_give_up(session, STATUS_TIMEOUT);
	}
	if (state & (FSOCK_INPUT | FSOCK_HANGUP | FSOCK_FAILED))
		session->can_receive = 1;
	if (state & FSOCK_FAILED) {
		session->is_watched = 0;
		/* What the list could not send is reported here alone. */
		if (session->status == STATUS_DONE &&
		    fsock_socket_error(session->wire.socket, &error) == 1)
			session->status = report_failure(&error);
		fsock_waitlist_remove(session->list, session->wire.socket);
	}
}

static void
note(struct session *session, const struct fsock_event *event)
{
	if (event->socket == session->wire.socket) {
		note_net(session, event->state);
	} else if (event->socket == session->keyboard) {
		session->can_type = 1;
	} else if (event->socket == session->screen) {
		session->can_show = 1;
	} else if (event->socket == session->patience) {
		session->is_over = 1;
	} else {
		progress_show(&session->progress, session->up.passed, session->down.passed);
		fsock_waitlist_set_timeout(session->list, session->clock, 1);
	}
}

/* At a terminal the end of the peer ends the session; other input is sent up to its end. */
static int
ends_with_peer(const struct session *session)
{
	return session->down.is_done && isatty(STDIN_FILENO);
}

/* Returns 0 or -1. */
static int
wait_for_events(struct session *session, double seconds)
{
	struct fsock_event event;

	if (set_interests(session) < 0)
		return -1;
	if (fsock_waitlist_wait(session->list, seconds, NULL) < 0 && errno != EINTR)
		return -1;
	while (fsock_waitlist_next(session->list, &event) != NULL)
		note(session, &event);
	return 0;
}

static void
loop(struct session *session)
{
	while (!session->is_over && !(session->down.is_done && session->up.is_done)) {
		int is_last = ends_with_peer(session) && pump_is_empty(&session->up);
		int is_known = !session->is_watched && pump_is_empty(&session->down);

		if (wait_for_events(session, is_last || is_known ? 0 : INFINITY) < 0) {
			pump_give_up(session, report_error());
			return;
		}
		/* What had been typed by then is sent. */
		if (is_last && !session->can_type)
			return;
		pump_up(session);
		pump_down(session);
	}
}

/* ---- The beginning and the end. */

/* A timer, in the list. Returns NULL on failure. */
static fsock *
add_timer(struct session *session, double seconds)
{
	fsock *timer = fsock_timer();

	if (timer != NULL && (fsock_waitlist_add(session->list, timer, 0, NULL) < 0 ||
				 fsock_waitlist_set_timeout(session->list, timer, seconds) < 0)) {
		fsock_close(timer);
		timer = NULL;
	}
	return timer;
}

/* A descriptor, in the list. Returns NULL on failure. */
static fsock *
add_descriptor(struct session *session, int descriptor)
{
	fsock *watch = fsock_watch(descriptor);

	if (watch != NULL && fsock_waitlist_add(session->list, watch, 0, NULL) < 0) {
		fsock_close(watch);
		watch = NULL;
	}
	return watch;
}

/* Returns 0 or -1. */
static int
open_list(struct session *session)
{
	const struct settings *settings = session->settings;

	session->list = fsock_waitlist_new();
	if (session->list == NULL ||
	    fsock_waitlist_add(session->list, session->wire.socket, 0, NULL) < 0)
		return -1;
	session->is_watched = 1;
	session->keyboard = add_descriptor(session, STDIN_FILENO);
	/* A file need not be waited for: a write of it is done when it returns. */
	if (session->output.most == SSIZE_MAX && !session->output.is_own)
		session->screen = NULL;
	else if ((session->screen = add_descriptor(session, session->output.descriptor)) == NULL)
		return -1;
	if (settings->quit_after >= 0 && (session->patience = add_timer(session, INFINITY)) == NULL)
		return -1;
	if (session->progress.is_wanted && (session->clock = add_timer(session, 1)) == NULL)
		return -1;
	pump_note_activity(session);
	return session->keyboard == NULL ? -1 : 0;
}

static void
end(struct session *session)
{
	progress_hide(&session->progress);
	report_say("%llu octets sent, %llu received", (unsigned long long)session->up.passed,
	    (unsigned long long)session->down.passed);
	fsock_close(session->keyboard);
	fsock_close(session->screen);
	fsock_close(session->clock);
	fsock_close(session->patience);
	fsock_waitlist_free(session->list);
	output_close(&session->output);
	free(session->up.octets);
	free(session->down.octets);
}

enum status
session_run(fsock *s, const struct settings *settings)
{
	struct session session = { .settings = settings };

	output_open(&session.output);
	progress_begin(&session.progress, settings);
	session.up.octets = malloc(FLOW_SIZE);
	session.down.octets = malloc(FLOW_SIZE);
	if (session.up.octets == NULL || session.down.octets == NULL)
		pump_give_up(&session, report_system("memory"));
	else if (wire_open(&session.wire, s, settings) < 0 || open_list(&session) < 0)
		pump_give_up(&session, report_error());
	loop(&session);
	end(&session);
	return session.status;
}

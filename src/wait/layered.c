#include "../base/compat.h"
#include "layered.h"

#include "../base/clock.h"
#include "../base/quiet.h"
#include "../sock/layer_output.h"
#include "../sock/layers.h"
#include "../sock/shutdown.h"
#include "../sock/socket.h"
#include "held.h"
#include "member.h"

/* Sends what is queued, on streams and in layers. */
static void
send_queued(struct fsock *s)
{
	if (s->stream != NULL)
		s->stream_ops->drain(s);
	else
		fsock__shutdown_flush(s);
}

/* Whether there may be input that nobody knows of yet. */
static int
may_have_input(const struct fsock *s, int news)
{
	const struct fsock__layers *layers = s->layers;

	return !layers->has_input && !s->output.congested &&
	       (layers->is_pending || (news & layers->wish[0]) || !layers->is_started);
}

/*
 * A whole record has to be in the stream to be one; of anything else an octet will do. Others that
 * wait for the socket are told, as the system does not any more.
 */
static void
find_input(struct fsock *s)
{
	int is_record = s->stream != NULL && s->delivers != FSOCK__DELIVERS_OCTETS;

	if (is_record && !s->stream_ops->fetch(s))
		return;
	if (!is_record || s->stream_ops->buffered(s) == 0)
		fsock__layers_probe(s);
	if (fsock__held_has_input(s))
		fsock__handle_note(s);
}

void
fsock__layered_work(struct fsock *s, int interest, int news)
{
	const struct fsock__layers *layers = s->layers;
	int saved = errno, was_started = layers->is_started;
	struct fsock__quiet quiet;

	if (layers->failed || s->is_lingering)
		return;
	/* A thread cancelled in here would leave turns taken. */
	fsock__quiet_begin(&quiet);
	if (!was_started && fsock__clock_left(layers->start_by) == 0)
		fsock__layers_be_late(s);
	if (!was_started)
		fsock__layers_advance(s, "handshake");
	if (s->output.queued > 0 &&
	    (!was_started || (news & fsock__layers_wanted(s, FSOCK_OUTPUT))))
		send_queued(s);
	if ((interest & FSOCK_INPUT) && layers->is_started && may_have_input(s, news))
		find_input(s);
	fsock__held_send(s, interest);
	fsock__quiet_end(&quiet);
	errno = saved;
}

/* The first of them that is due. */
static void
work_on_first(struct fsock_waitlist *list)
{
	struct fsock__member *m =
	    fsock__ring_owner(list->layered.next, struct fsock__member, in_layered);
	int interest = m->interest, news = m->news;
	struct fsock *s = m->socket;

	fsock__ring_remove(&m->in_layered);
	if (m->own.fd < 0 || m->is_pending)
		return;
	fsock__handle_visit(s);
	fsock__waitlist_unlock(list);
	fsock__layered_work(s, interest, news);
	fsock__socket_leave(s);
	fsock__waitlist_lock(list);
}

/*
 * Each would block signals for itself, and ask the system twice for that. Some are done together:
 * not so many that a handler would be long in coming.
 */
void
fsock__layered_work_all(struct fsock_waitlist *list)
{
	enum { TOGETHER = 16 };
	struct fsock__quiet quiet;

	while (fsock__ring_is_linked(&list->layered)) {
		fsock__quiet_begin(&quiet);
		for (int i = 0; i < TOGETHER && fsock__ring_is_linked(&list->layered); i++)
			work_on_first(list);
		fsock__quiet_end(&quiet);
	}
}

void
fsock__layered_note(struct fsock__member *m, int state)
{
	m->news |= state;
	fsock__member_suspect(m);
}

int
fsock__layered_end(const struct fsock *s)
{
	const struct fsock__layers *layers = s->layers;

	if (layers == NULL || !layers->has_input || layers->has_first)
		return 0;
	return layers->failed ? FSOCK_FAILED : FSOCK_HANGUP;
}

int
fsock__layered_state(struct fsock__member *m)
{
	const struct fsock *s = m->socket;
	const struct fsock__layers *layers = s->layers;
	int news = m->news, state = (news & FSOCK_FAILED) | fsock__layered_end(s);

	m->news = 0;
	if (layers->has_input && !s->output.congested)
		state |= FSOCK_INPUT;
	if ((news & FSOCK_HANGUP) && !(m->interest & FSOCK_INPUT))
		state |= FSOCK_HANGUP;
	if (layers->is_started && (news & layers->wish[1]) &&
	    s->output.queued <= s->settings.low_water)
		state |= FSOCK_OUTPUT;
	return state & (m->interest | FSOCK_HANGUP | FSOCK_FAILED);
}

#include "../base/compat.h"
#include "linger.h"

#include <poll.h>
#include <pthread.h>

#include "../base/clock.h"
#include "../base/sys.h"
#include "layer_state.h"

#define LONGEST INT64_C(1000000000)

enum {
	MOST = 1 << 18,  /* octets that are discarded after the writing side was shut down */
	PIECE = 1 << 12, /* at a time */
	PIECES = 256     /* of what has arrived before */
};

/* What became of discarding. */
enum found {
	NOTHING, /* there was no input */
	SOME,    /* all that was there is discarded */
	TOO_MUCH,
	THE_END /* or an error: no input follows */
};

static enum found
discard(int fd, int pieces, atomic_int *count)
{
	char scrap[PIECE];
	int flags = MSG_DONTWAIT, saved = errno;
	enum found found = NOTHING;
	ssize_t r = 1;

	while (pieces-- > 0 && (r = fsock__sys_receive(fd, scrap, sizeof scrap, &flags)) > 0) {
		found = SOME;
		if (count != NULL)
			*count += (int)r;
	}
	if (r > 0)
		found = TOO_MUCH;
	else if (r == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		found = THE_END;
	errno = saved;
	return found;
}

/* Only a connection of ours is read from or shut down, and one that is to be reset is not. */
static int
may_discard(const struct fsock *s)
{
	return s->role == FSOCK__CONNECTED && !s->is_reset && fsock__handle_is_ours(s);
}

void
fsock__linger_discard(const struct fsock *s, int fd)
{
	if (may_discard(s))
		discard(fd, PIECES, NULL);
}

/* Whether the program has asked for a reset itself, by a time to linger of 0. */
static int
is_to_be_reset(const struct fsock *s)
{
	struct linger linger;
	socklen_t length = sizeof linger;

	return getsockopt(s->fd, SOL_SOCKET, FSOCK__SO_LINGER, &linger, &length) == 0 &&
	       linger.l_onoff && linger.l_linger == 0;
}

/* Whether the program has left input unread, so that the peer may be about to send more. */
static int
has_unread(struct fsock *s)
{
	return fsock__layers_have_octets(s) || (s->stream != NULL && s->stream_ops->unread(s) > 0);
}

/* Nothing comes any more over a Unix-domain socket that is shut down. */
static int
end_local(const struct fsock *s)
{
	shutdown(s->fd, SHUT_RDWR);
	discard(s->fd, PIECES, NULL);
	return 0;
}

static int
begin(struct fsock *s)
{
	enum found found = discard(s->fd, PIECES, NULL);

	if (found == THE_END || !s->output.has_sent)
		return 0;
	if (s->family == AF_UNIX) /* however much it was: this ends it */
		return end_local(s);
	if (found == TOO_MUCH || (found == NOTHING && !has_unread(s)) || is_to_be_reset(s))
		return 0;
	s->is_lingering = 1;
	shutdown(s->fd, SHUT_WR);
	return 1;
}

int
fsock__linger_finish(struct fsock *s)
{
	enum found found;
	int r, saved = errno;

	if (s->fd < 0 || !may_discard(s))
		return 0;
	if (!s->is_lingering) {
		r = begin(s);
	} else {
		found = discard(s->fd, MOST / PIECE, &s->discarded);
		r = found != THE_END && s->discarded < MOST;
	}
	errno = saved;
	return r;
}

int
fsock__linger_is_due(struct fsock *s)
{
	const struct fsock__transport_ops *transport = s->transport;
	int cancel, r;

	if (transport->finish == NULL || s->output.error != 0)
		return 0;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = transport->finish(s);
	pthread_setcancelstate(cancel, NULL);
	return r;
}

int64_t
fsock__linger_until(const struct fsock *s)
{
	int64_t until = fsock__clock_after(LONGEST);
	int64_t closed = fsock__clock_after(s->settings.close_timeout);

	if (closed < until)
		until = closed;
	return s->limits.write_deadline < until ? s->limits.write_deadline : until;
}

void
fsock__linger_wait(struct fsock *s)
{
	int64_t until = fsock__linger_until(s);
	int cancel, saved = errno;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	while (fsock__sys_wait(s->fd, POLLIN, until) > 0 && fsock__linger_is_due(s))
		;
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
}

#include "../base/compat.h"
#include "pipe.h"

#include "../base/shield.h"
#include "../base/sys.h"
#include "../sock/account.h"
#include "../sock/failure.h"
#include "../sock/send.h"
#include "../sock/socket.h"
#include "../sock/transfer.h"
#include "end.h"

/* fsock_release() makes it as it was. Returns 0 or -1. */
static int
unblock(struct fsock *s)
{
	if (fsock__sys_is_nonblocking(s->fd))
		return 0;
	if (fsock__sys_set_nonblocking(s->fd, 1) < 0)
		return -1;
	s->made_nonblocking = 1;
	return 0;
}

int
fsock__relay_pipe_open(struct fsock__relay_pipe *p, struct fsock *from, struct fsock *to)
{
	int saved = errno;

	if (p->state != FSOCK__RELAY_PIPE_NONE)
		return p->state == FSOCK__RELAY_PIPE_OPEN;
	p->state = FSOCK__RELAY_PIPE_REFUSED;
	if (unblock(from) == 0 && unblock(to) == 0 && fsock__sys_pipe(p->ends) == 0)
		p->state = FSOCK__RELAY_PIPE_OPEN;
	errno = saved;
	return p->state == FSOCK__RELAY_PIPE_OPEN;
}

void
fsock__relay_pipe_close(struct fsock__relay_pipe *p)
{
	if (p->state == FSOCK__RELAY_PIPE_OPEN) {
		fsock__sys_close(p->ends[0]);
		fsock__sys_close(p->ends[1]);
	}
	p->state = FSOCK__RELAY_PIPE_REFUSED;
}

/* For the statistics. Nobody has seen the octets: a trace that begins now does not have them. */
static void
count(struct fsock *s, int direction, size_t n)
{
	fsock__account_wire(s, direction, n);
	fsock__account_piece(s, direction, n);
}

ssize_t
fsock__relay_pipe_receive(struct fsock__relay_pipe *p, struct fsock *s, size_t n)
{
	int flags;
	ssize_t r;

	if (s->is_cut)
		return 0;
	fsock__handle_use(s);
	if (fsock__transfer_begin(s, "read", FSOCK_INPUT, &flags) < 0)
		return -1;
	r = fsock__sys_splice(s->fd, p->ends[1], n);
	if (r < 0 && (errno == EINVAL || errno == ENOSYS)) {
		fsock__relay_pipe_close(p);
		return -1;
	}
	if (r < 0)
		return fsock__transfer_again(s, "read", flags, FSOCK_INPUT);
	if (r == 0 && fsock__failure_is_early(s) && fsock__failure_tell_early(s, "read") < 0)
		return -1;
	p->count = (size_t)r;
	if (r > 0)
		count(s, FSOCK_INPUT, (size_t)r);
	return r;
}

/* An error of sending. Returns -1. */
FSOCK__COLD static int
fail(struct fsock *s)
{
	int error = errno;

	if (!fsock__failure_is_early(s) || fsock__failure_tell_early(s, "write") == 0)
		fsock__handle_error(s, "write", error);
	fsock__socket_fail_output(s, errno);
	return -1;
}

/* see fsock__send_fn */
static ssize_t
send_in_turn(struct fsock *s, const void *arg)
{
	const struct fsock__relay_pipe *p = arg;
	struct fsock__shield shield;
	ssize_t r;

	if (fsock__relay_end_may_send(s) < 0)
		return -1;
	if (fsock__transfer_check(s, "write", FSOCK_OUTPUT) < 0)
		return fail(s);
	fsock__handle_use(s);
	fsock__shield_raise(&shield);
	r = fsock__sys_splice(p->ends[0], s->fd, p->count);
	fsock__shield_lower(&shield, r < 0);
	if (r < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		return fail(s);
	if (r > 0 && !s->output.has_sent)
		s->output.has_sent = 1;
	if (r > 0)
		count(s, FSOCK_OUTPUT, (size_t)r);
	return r < 0 ? 0 : r;
}

ssize_t
fsock__relay_pipe_send(struct fsock__relay_pipe *p, struct fsock *s)
{
	int saved = errno;
	ssize_t r = fsock__send_in_turn(s, "write", send_in_turn, p);

	if (r > 0)
		p->count -= (size_t)r;
	if (r < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		return -1;
	errno = saved;
	return r < 0 ? 0 : r;
}

ssize_t
fsock__relay_pipe_take(struct fsock__relay_pipe *p, void *buf, size_t n)
{
	ssize_t r = fsock__sys_read(p->ends[0], buf, n < p->count ? n : p->count);

	if (r > 0)
		p->count -= (size_t)r;
	return r;
}

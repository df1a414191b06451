/* Passing descriptors beside the octets of a Unix-domain stream. */
#include "../base/compat.h"

#include <fcntl.h>
#include <limits.h>

#include <fsock/unix.h>

#include "../base/error.h"
#include "../base/sys.h"
#include "account.h"
#include "handle.h"
#include "layers.h"
#include "pending.h"
#include "send.h"
#include "socket.h"
#include "transfer.h"

#define SENDING   "send descriptors"
#define RECEIVING "receive descriptors"

/*
 * Room for the control data of one call: descriptors, of which Linux passes one more than musl
 * takes, and what the program asks for besides.
 */
union control {
	size_t aligned; /* as a struct cmsghdr */
	char room[FSOCK_MAX_DESCRIPTORS * sizeof(int) + 320];
};

/* Whether descriptors can be passed on the socket: 0, or -1 with the error recorded. */
static int
check(fsock *s, const char *operation)
{
	if (fsock__handle_fd(s, operation) < 0)
		return -1;
	if (s->role != FSOCK__CONNECTED)
		return fsock__error_set_kind(
		    operation, s->host, s->port, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	if (s->family != AF_UNIX || fsock__layers_are_on(s))
		return fsock__handle_error(s, operation, EOPNOTSUPP);
	return 0;
}

/* What is to be sent. */
struct parcel {
	const void *data;
	size_t size;
	const int *descriptors;
	size_t count;
};

static ssize_t
send_now(int fd, const struct parcel *p)
{
	union control control;
	struct iovec vector = { (void *)(uintptr_t)p->data, p->size };
	size_t length = p->count * sizeof(int);
	struct msghdr header = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(length) };
	struct cmsghdr *c;
	int flags = MSG_DONTWAIT;

	memset(&control, 0, sizeof control);
	c = CMSG_FIRSTHDR(&header);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(length);
	memcpy(CMSG_DATA(c), p->descriptors, length);
	return fsock__sys_send_message(fd, &header, &flags);
}

/*
 * Sends the first octets, and the descriptors with them; waits for room. Returns how many octets,
 * or -1 with the error recorded and nothing sent.
 */
static ssize_t
send_first(struct fsock *s, const struct parcel *p)
{
	for (;;) {
		ssize_t r;

		if (s->output.error != 0)
			return fsock__pending_error(s, "write");
		if (s->output.queued > 0 || s->output.end_due)
			return fsock__handle_error(s, SENDING, s->output.end_due ? EPIPE : EAGAIN);
		if (fsock__transfer_check(s, SENDING, FSOCK_OUTPUT) < 0)
			return -1;
		r = send_now(s->fd, p);
		if (r > 0)
			fsock__account_plain(s, FSOCK_OUTPUT, p->data, (size_t)r);
		if (r >= 0)
			return r;
		if (s->nonblocking || (errno != EAGAIN && errno != EWOULDBLOCK))
			return fsock__handle_error(s, SENDING, errno);
		if (fsock__transfer_await_room(
			s, SENDING, fsock__clock_after(s->limits.write_timeout)) < 0)
			return -1;
	}
}

/* see fsock__send_fn: returns how many octets have gone, or -1 */
static ssize_t
send_parcel(struct fsock *s, const void *arg)
{
	const struct parcel *p = arg;
	ssize_t r = send_first(s, p);

	if (r > 0)
		s->output.has_sent = 1;
	if (r <= 0 || s->nonblocking || (size_t)r == p->size)
		return r;
	if (fsock__transfer_send(s, (const char *)p->data + r, p->size - (size_t)r) == 0)
		return (ssize_t)p->size;
	fsock__socket_fail_output(s, errno);
	return -1;
}

/* see fsock/unix.h */
ssize_t
fsock_send_descriptors(
    fsock *s, const void *data, size_t size, const int descriptors[], size_t count)
{
	const struct parcel parcel = { data, size, descriptors, count };
	int saved = errno;
	ssize_t r;

	if (check(s, SENDING) < 0)
		return -1;
	if (data == NULL || size == 0 || size > SSIZE_MAX || descriptors == NULL || count == 0 ||
	    count > FSOCK_MAX_DESCRIPTORS)
		return fsock__handle_error(s, SENDING, EINVAL);
	fsock__handle_use(s);
	if (s->stream != NULL &&
	    (s->stream_ops->flush(s, FSOCK__FLUSH_ALL) < 0 || s->stream_ops->drain(s) < 0))
		return -1;
	r = fsock__send_in_turn(s, SENDING, send_parcel, &parcel);
	fsock__handle_note(s); /* a list may have come in vain to send what was held back */
	if (r >= 0)
		errno = saved;
	return r;
}

/* Descriptors that are received. */
struct basket {
	int *descriptors;
	size_t room, count;
	int error; /* why they cannot all be handed over, or 0 */
};

static void
keep(struct basket *b, int fd)
{
	if (b->count == b->room) {
		fsock__sys_close(fd);
		b->error = EMSGSIZE;
		return;
	}
	if (FSOCK__MSG_CMSG_CLOEXEC == 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	b->descriptors[b->count++] = fd;
}

/*
 * Those of one control message that ends before `end`. The last may be cut, of which its length
 * knows nothing on macOS.
 */
static void
keep_all(struct basket *b, const struct cmsghdr *c, const char *end)
{
	size_t length = c->cmsg_len < CMSG_LEN(0) ? 0 : c->cmsg_len - CMSG_LEN(0);
	size_t there = (size_t)(end - (const char *)CMSG_DATA(c));

	if (length > there)
		length = there;
	for (size_t i = 0; i < length / sizeof(int); i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
		keep(b, fd);
	}
}

/* What is cut off is what the system could not install: there was room for all. */
static ssize_t
receive_once(int fd, void *buf, size_t n, struct basket *b, int *flags)
{
	union control control;
	struct iovec vector = { buf, n };
	struct msghdr header = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control };
	int own = *flags | FSOCK__MSG_CMSG_CLOEXEC;
	ssize_t r = fsock__sys_receive_message(fd, &header, &own);

	*flags = own & ~FSOCK__MSG_CMSG_CLOEXEC;
	if (r < 0)
		return -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c != NULL; c = CMSG_NXTHDR(&header, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			keep_all(b, c, control.room + header.msg_controllen);
	if ((header.msg_flags & MSG_CTRUNC) && b->error == 0)
		b->error = EMFILE;
	return r;
}

/* see fsock__receive_fn; the last argument is the basket */
static ssize_t
receive_octets(struct fsock *s, void *buf, size_t n, void *arg)
{
	int flags, saved = errno;
	ssize_t r;

	if (s->is_cut)
		return 0;
	fsock__handle_use(s);
	if (fsock__transfer_begin(s, RECEIVING, FSOCK_INPUT, &flags) < 0)
		return -1;
	while ((r = receive_once(s->fd, buf, n, arg, &flags)) < 0)
		if (fsock__transfer_again(s, RECEIVING, flags, FSOCK_INPUT) < 0)
			return -1;
	if (r == 0 && fsock__failure_is_early(s) && fsock__failure_tell_early(s, RECEIVING) < 0)
		return -1;
	if (r > 0)
		fsock__account_plain(s, FSOCK_INPUT, buf, (size_t)r);
	else
		fsock__account_end(s);
	errno = saved;
	return r;
}

/* Closes what was received, as it is not handed over. */
static void
empty(struct basket *b)
{
	while (b->count > 0)
		fsock__sys_close(b->descriptors[--b->count]);
}

/* see fsock/unix.h */
ssize_t
fsock_receive_descriptors(fsock *s, void *data, size_t size, int descriptors[], size_t *count)
{
	struct basket basket = { .descriptors = descriptors };
	ssize_t r;

	if (count != NULL) {
		basket.room = *count;
		*count = 0;
	}
	if (check(s, RECEIVING) < 0)
		return -1;
	if (data == NULL || size == 0 || size > SSIZE_MAX || count == NULL ||
	    (descriptors == NULL && basket.room > 0))
		return fsock__handle_error(s, RECEIVING, EINVAL);
	if (s->stream != NULL)
		r = s->stream_ops->receive(s, data, size, receive_octets, &basket);
	else
		r = receive_octets(s, data, size, &basket);
	if (basket.error != 0)
		r = fsock__handle_error(s, RECEIVING, basket.error);
	if (r < 0)
		empty(&basket);
	*count = basket.count;
	return r;
}

/* Datagrams by recvmmsg(2) and sendmmsg(2): Linux, which also tells the length of what it cuts. */
#include "../base/compat.h"

#if defined(__linux__)

#include "datagram.h"
#include "datagram_path.h"
#include "../base/sys.h"

static ssize_t
mmsg_receive(int fd, void *data, size_t size, struct fsock_addr *from, int *flags)
{
	socklen_t length = sizeof from->as;
	ssize_t r;

	do
		r = recvfrom(fd, data, size, *flags | MSG_TRUNC,
		    from == NULL ? NULL : &from->as.any, from == NULL ? NULL : &length);
	while (fsock__sys_interrupted(r, flags));
	if (r >= 0 && from != NULL)
		from->length = length;
	return r;
}

static ssize_t
mmsg_receive_many(int fd, int tells_path, struct fsock_message *messages, size_t count, int *flags)
{
	union fsock__datagram_control controls[FSOCK__DATAGRAM_BATCH];
	struct mmsghdr headers[FSOCK__DATAGRAM_BATCH];
	struct iovec vectors[FSOCK__DATAGRAM_BATCH];
	int r;

	for (size_t i = 0; i < count; i++) {
		struct fsock_message *m = &messages[i];

		vectors[i] = (struct iovec){ m->data, m->size };
		headers[i].msg_hdr = (struct msghdr){ .msg_name = &m->peer.as,
			.msg_namelen = sizeof m->peer.as,
			.msg_iov = &vectors[i],
			.msg_iovlen = 1,
			.msg_control = tells_path ? &controls[i] : NULL,
			.msg_controllen = tells_path ? sizeof controls[i] : 0 };
	}
	do
		r = recvmmsg(
		    fd, headers, (unsigned)count, *flags | MSG_TRUNC | MSG_WAITFORONE, NULL);
	while (fsock__sys_interrupted(r, flags));
	for (int i = 0; i < r; i++) {
		messages[i].length = headers[i].msg_len;
		messages[i].peer.length = headers[i].msg_hdr.msg_namelen;
		fsock__datagram_path_read(&headers[i].msg_hdr, &messages[i]);
	}
	return r;
}

/* What a call is given for each message. */
struct outgoing {
	struct mmsghdr headers[FSOCK__DATAGRAM_BATCH];
	struct iovec vectors[FSOCK__DATAGRAM_BATCH];
	struct sockaddr_in6 rooms[FSOCK__DATAGRAM_BATCH];
	union fsock__datagram_control controls[FSOCK__DATAGRAM_BATCH];
};

/* Prepares a message as the i-th. Returns 0, or -1 with errno: it cannot be sent. */
static int
prepare(struct outgoing *out, size_t i, int family, const struct fsock_message *m)
{
	struct msghdr *header = &out->headers[i].msg_hdr;
	socklen_t length;
	const struct sockaddr *to =
	    fsock__datagram_target(family, &m->peer, &out->rooms[i], &length);

	out->vectors[i] = (struct iovec){ m->data, m->size };
	*header = (struct msghdr){ .msg_name = (void *)(uintptr_t)to,
		.msg_namelen = length,
		.msg_iov = &out->vectors[i],
		.msg_iovlen = 1 };
	return fsock__datagram_path_write(header, &out->controls[i], family, &m->local);
}

static ssize_t
mmsg_send_many(int fd, int family, const struct fsock_message *messages, size_t count, int *flags)
{
	struct outgoing out;
	int saved = errno, r;

	for (size_t i = 0; i < count; i++)
		if (prepare(&out, i, family, &messages[i]) < 0)
			count = i;
	if (count == 0)
		return -1;
	errno = saved;
	do
		r = sendmmsg(fd, out.headers, (unsigned)count, *flags | FSOCK__MSG_NOSIGNAL);
	while (fsock__sys_interrupted(r, flags));
	return r;
}

const struct fsock__datagram_ops fsock__datagram_mmsg = {
	.name = "mmsg",
	.receive = mmsg_receive,
	.receive_many = mmsg_receive_many,
	.send_many = mmsg_send_many,
};

#else
typedef int fsock__datagram_mmsg_unused;
#endif

/* Datagrams by what POSIX has, one system call each. */
#include "../base/compat.h"
#include "datagram.h"

#include <sys/uio.h>

#include "../base/sys.h"

/* Room for what does not fit: POSIX says that a datagram was cut, but not how long it was. */
enum { EXCESS = 65536 };

static ssize_t
loop_receive(int fd, void *data, size_t size, struct fsock_addr *from, int *flags)
{
	char excess[EXCESS];
	struct iovec vectors[2] = { { data, size }, { excess, sizeof excess } };
	struct msghdr header;
	ssize_t r;

	do {
		header = (struct msghdr){ .msg_iov = vectors, .msg_iovlen = 2 };
		if (from != NULL) {
			header.msg_name = &from->as;
			header.msg_namelen = sizeof from->as;
		}
		r = recvmsg(fd, &header, *flags);
	} while (fsock__sys_interrupted(r, flags));
	if (r >= 0 && from != NULL)
		from->length = header.msg_namelen;
	return r;
}

static ssize_t
loop_receive_many(int fd, struct fsock_message *messages, size_t count, int *flags)
{
	int flags_after_first = *flags | MSG_DONTWAIT;

	for (size_t i = 0; i < count; i++) {
		struct fsock_message *m = &messages[i];
		ssize_t r = loop_receive(
		    fd, m->data, m->size, &m->peer, i == 0 ? flags : &flags_after_first);

		if (r < 0)
			return i == 0 ? -1 : (ssize_t)i;
		m->length = (size_t)r;
	}
	return (ssize_t)count;
}

static ssize_t
loop_send_many(int fd, int family, const struct fsock_message *messages, size_t count, int *flags)
{
	for (size_t i = 0; i < count; i++) {
		const struct fsock_message *m = &messages[i];
		struct sockaddr_in6 room;
		socklen_t length;
		const struct sockaddr *to =
		    fsock__datagram_target(family, &m->peer, &room, &length);

		if (fsock__sys_send_to(fd, m->data, m->size, to, length, flags) < 0)
			return i == 0 ? -1 : (ssize_t)i;
	}
	return (ssize_t)count;
}

const struct fsock__datagram_ops fsock__datagram_loop = {
	.name = "loop",
	.receive = loop_receive,
	.receive_many = loop_receive_many,
	.send_many = loop_send_many,
};

/* Datagrams by what POSIX has, one system call each. */
#include "../base/compat.h"
#include "datagram.h"
#include "datagram_path.h"

#include <sys/uio.h>

#include "../base/sys.h"

/* Room for what does not fit: POSIX says that a datagram was cut, but not how long it was. */
enum { EXCESS = 65536 };

/* Receives one datagram. `header` has what is wanted beside the octets. */
static ssize_t
receive_one(int fd, void *data, size_t size, struct msghdr *header, int *flags)
{
	char excess[EXCESS];
	struct iovec vectors[2] = { { data, size }, { excess, sizeof excess } };

	header->msg_iov = vectors;
	header->msg_iovlen = 2;
	return fsock__sys_receive_message(fd, header, flags);
}

static ssize_t
loop_receive(int fd, void *data, size_t size, struct fsock_addr *from, int *flags)
{
	struct msghdr header = { .msg_name = NULL };
	ssize_t r;

	if (from != NULL) {
		header.msg_name = &from->as;
		header.msg_namelen = sizeof from->as;
	}
	r = receive_one(fd, data, size, &header, flags);
	if (r >= 0 && from != NULL)
		from->length = header.msg_namelen;
	return r;
}

static ssize_t
loop_receive_many(int fd, int tells_path, struct fsock_message *messages, size_t count, int *flags)
{
	int flags_after_first = *flags | MSG_DONTWAIT;

	for (size_t i = 0; i < count; i++) {
		struct fsock_message *m = &messages[i];
		union fsock__datagram_control control;
		struct msghdr header = { .msg_name = &m->peer.as,
			.msg_namelen = sizeof m->peer.as,
			.msg_control = tells_path ? &control : NULL,
			.msg_controllen = tells_path ? sizeof control : 0 };
		ssize_t r =
		    receive_one(fd, m->data, m->size, &header, i == 0 ? flags : &flags_after_first);

		if (r < 0)
			return i == 0 ? -1 : (ssize_t)i;
		m->length = (size_t)r;
		m->peer.length = header.msg_namelen;
		fsock__datagram_path_read(&header, m);
	}
	return (ssize_t)count;
}

static ssize_t
loop_send_many(int fd, int family, const struct fsock_message *messages, size_t count, int *flags)
{
	for (size_t i = 0; i < count; i++) {
		const struct fsock_message *m = &messages[i];
		union fsock__datagram_control control;
		struct iovec vector = { m->data, m->size };
		struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };
		struct sockaddr_in6 room;
		const struct sockaddr *to =
		    fsock__datagram_target(family, &m->peer, &room, &header.msg_namelen);

		header.msg_name = (void *)(uintptr_t)to;
		if (fsock__datagram_path_write(&header, &control, family, &m->local) < 0 ||
		    fsock__sys_send_message(fd, &header, flags) < 0)
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

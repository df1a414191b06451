/*
 * What filt_soread(), filt_sowrite() and the filters of pipes would find. SO_ERROR is never asked:
 * that would clear what the library is to read. Any number stands for the error: nothing but
 * whether there is one can be known.
 */
#define _GNU_SOURCE 1

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "state.h"

/* What is known of a descriptor. `type` is 0 where it is no socket, `tcp` 0 where it is not TCP. */
struct look {
	int revents, type, family, tcp;
	unsigned waiting; /* a TCP listener's connections */
	int is_listener;
};

/* An option of a socket, past what the program puts in front of getsockopt(2). */
static int
get(int fd, int option)
{
	int value = 0;
	socklen_t length = sizeof value;

	return syscall(SYS_getsockopt, fd, SOL_SOCKET, option, &value, &length) < 0 ? 0 : value;
}

static void
look_at_tcp(struct look *l, int fd)
{
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t length = sizeof info;

	if (syscall(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
		return;
	l->tcp = info.tcpi_state;
	l->waiting = info.tcpi_unacked;
}

static void
look_at(struct look *l, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };
	struct timespec at_once = { .tv_sec = 0 };

	*l = (struct look){ .revents = 0 };
	if (syscall(SYS_ppoll, &p, 1, &at_once, NULL, 0) > 0)
		l->revents = p.revents;
	l->type = get(fd, SO_TYPE);
	l->family = get(fd, SO_DOMAIN);
	l->is_listener = get(fd, SO_ACCEPTCONN);
	if (l->type == SOCK_STREAM && get(fd, SO_PROTOCOL) == IPPROTO_TCP)
		look_at_tcp(l, fd);
}

/* A TCP socket that was never connected: for Linux it is writable and hung up. */
static int
is_unconnected(const struct look *l)
{
	return l->tcp == TCP_CLOSE && !(l->revents & (POLLRDHUP | POLLERR));
}

/* Octets to read: not known of everything that can be read. */
static int64_t
octets(int fd, int unknown)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 ? n : unknown;
}

static int
end(struct kevent *event, const struct look *l)
{
	event->flags |= EV_EOF;
	if (l->type != 0 && (l->revents & POLLERR))
		event->fflags = ECONNRESET;
	return 1;
}

static int
look_for_input(int fd, const struct look *l, struct kevent *event)
{
	if (l->is_listener) {
		event->data = l->tcp == 0 ? 1 : l->waiting;
		return (l->revents & POLLIN) != 0 && event->data > 0;
	}
	if (is_unconnected(l))
		return 0;
	event->data = octets(fd, 1);
	if (l->revents & (POLLRDHUP | POLLHUP))
		return end(event, l);
	return (l->revents & (POLLIN | (l->type != 0 ? POLLERR : 0))) != 0;
}

/* Whether the program has ended its own output. Linux tells poll(2) of neither. */
static int
has_ended(int fd, const struct look *l)
{
	if (l->revents & POLLERR) /* sending would take the error */
		return 0;
	if (l->family == AF_UNIX && l->type == SOCK_STREAM) {
		int saved = errno, r;

		r = (int)syscall(
		    SYS_sendto, fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, (socklen_t)0);
		r = r < 0 && errno == EPIPE;
		errno = saved;
		return r;
	}
	return l->tcp == TCP_FIN_WAIT1 || l->tcp == TCP_FIN_WAIT2 || l->tcp == TCP_CLOSING ||
	       l->tcp == TCP_LAST_ACK || l->tcp == TCP_TIME_WAIT;
}

static int
look_for_room(int fd, const struct look *l, struct kevent *event)
{
	int used = 0;

	if (l->is_listener || is_unconnected(l))
		return 0;
	event->data = 1;
	if (l->type != 0 && ioctl(fd, SIOCOUTQ, &used) == 0 && get(fd, SO_SNDBUF) > used)
		event->data = get(fd, SO_SNDBUF) - used;
	if (l->revents & POLLHUP || (l->type == 0 && (l->revents & POLLERR)) || has_ended(fd, l))
		return end(event, l);
	return (l->revents & (POLLOUT | POLLERR)) != 0;
}

int
kqueue_state(int fd, struct kevent *event)
{
	struct look l;

	look_at(&l, fd);
	return event->filter == EVFILT_READ ? look_for_input(fd, &l, event)
					    : look_for_room(fd, &l, event);
}

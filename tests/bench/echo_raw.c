/* The echo server that a programmer writes who has nothing but system calls, and time. */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "echo.h"

enum { EVENTS = 256 };

struct client {
	int fd;
	size_t fill; /* octets in `in`: no whole line between two events */
	char in[LONGEST_LINE];
	char *pending; /* lines that the kernel did not take; NULL: none */
	size_t pending_size;
};

static int queue;

static void
end(struct client *c)
{
	close(c->fd); /* the queue forgets it */
	free(c->pending);
	free(c);
}

static void
watch(struct client *c, uint32_t events, int operation)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	if (epoll_ctl(queue, operation, c->fd, &event) < 0)
		die("epoll_ctl");
}

static void
welcome(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct client *c = calloc(1, sizeof *c);

		if (c == NULL)
			die("calloc");
		c->fd = fd;
		watch(c, EPOLLIN, EPOLL_CTL_ADD);
	}
}

/* Keeps n octets for later; until they have gone nothing more is read. */
static void
keep(struct client *c, const char *p, size_t n)
{
	c->pending = malloc(n);
	if (c->pending == NULL)
		die("malloc");
	memcpy(c->pending, p, n);
	c->pending_size = n;
	watch(c, EPOLLOUT, EPOLL_CTL_MOD);
}

/* Sends what the kernel takes. Returns 0, or -1 if the client is no more. */
static int
put(struct client *c, const char *p, size_t n)
{
	ssize_t r = send(c->fd, p, n, MSG_NOSIGNAL);

	if (r == (ssize_t)n)
		return 0;
	if (r < 0 && errno != EAGAIN)
		return -1;
	r = r < 0 ? 0 : r;
	keep(c, p + r, n - (size_t)r);
	return 0;
}

static int
drain(struct client *c)
{
	ssize_t r = send(c->fd, c->pending, c->pending_size, MSG_NOSIGNAL);

	if (r < 0)
		return errno == EAGAIN ? 0 : -1;
	c->pending_size -= (size_t)r;
	memmove(c->pending, c->pending + r, c->pending_size);
	if (c->pending_size > 0)
		return 0;
	free(c->pending);
	c->pending = NULL;
	watch(c, EPOLLIN, EPOLL_CTL_MOD);
	return 0;
}

/* Receives once, and answers line by line; the answers go out together. */
static int
serve(struct client *c)
{
	char out[LONGEST_LINE];
	ssize_t r = recv(c->fd, c->in + c->fill, sizeof c->in - c->fill, 0);
	char *line = c->in, *end_of_line;
	size_t n = 0, left;

	if (r <= 0)
		return r < 0 && errno == EAGAIN ? 0 : -1;
	left = c->fill + (size_t)r;
	while ((end_of_line = memchr(line, '\n', left)) != NULL) {
		size_t length = (size_t)(end_of_line - line) + 1;

		memcpy(out + n, line, length);
		n += length;
		line += length;
		left -= length;
	}
	c->fill = left;
	if (left > 0)
		memmove(c->in, line, left);
	if (left == sizeof c->in) /* too long a line */
		return -1;
	return n == 0 ? 0 : put(c, out, n);
}

void
echo_raw(int listener)
{
	static struct epoll_event events[EVENTS];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	int n;

	queue = epoll_create1(EPOLL_CLOEXEC);
	if (queue < 0 || epoll_ctl(queue, EPOLL_CTL_ADD, listener, &event) < 0)
		die("epoll");
	while ((n = epoll_wait(queue, events, EVENTS, -1)) >= 0 || errno == EINTR)
		for (int i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;

			if (c == NULL)
				welcome(listener);
			else if ((c->pending != NULL ? drain(c) : serve(c)) < 0)
				end(c);
		}
}

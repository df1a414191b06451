/* The echo server that a programmer writes who has OpenSSL, system calls and time. */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "bench.h"
#include "tls.h"

enum { EVENTS = 256 };

/* Octets that are kept until they can be used. */
struct kept {
	char *octets; /* NULL: none */
	size_t size;
};

struct client {
	int fd;
	uint32_t events; /* what it is watched for */
	SSL *ssl;
	struct kept line;    /* a part of one that has come */
	struct kept pending; /* lines that the kernel did not take */
};

static int queue;

static void
end(struct client *c)
{
	SSL_free(c->ssl);
	close(c->fd); /* the queue forgets it */
	free(c->line.octets);
	free(c->pending.octets);
	free(c);
}

static void
keep(struct kept *kept, const char *octets, size_t n)
{
	char *memory = n == 0 ? NULL : malloc(n);

	if (memory != NULL)
		memcpy(memory, octets, n);
	else if (n > 0)
		die("malloc");
	free(kept->octets);
	kept->octets = memory;
	kept->size = n;
}

static void
watch(struct client *c, uint32_t events, int operation)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	if (c->events == events)
		return;
	if (epoll_ctl(queue, operation, c->fd, &event) < 0)
		die("epoll_ctl");
	c->events = events;
}

static void
welcome(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct client *c = calloc(1, sizeof *c);

		if (c == NULL || (c->ssl = SSL_new(raw_server)) == NULL ||
		    SSL_set_fd(c->ssl, fd) != 1)
			die("client");
		SSL_set_accept_state(c->ssl);
		c->fd = fd;
		watch(c, EPOLLIN, EPOLL_CTL_ADD);
	}
}

/* After a call has returned r, waits for what it wants. Returns 0, or -1 if that is nothing. */
static int
wait_for_wish(struct client *c, int r)
{
	int error = SSL_get_error(c->ssl, r);

	if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
		return -1;
	watch(c, error == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT, EPOLL_CTL_MOD);
	return 0;
}

/* Sends what the kernel takes, and keeps the rest. Returns 0, or -1 if the client is no more. */
static int
put(struct client *c, const char *p, size_t n)
{
	size_t sent;

	while (n > 0) {
		int r;

		ERR_clear_error();
		r = SSL_write_ex(c->ssl, p, n, &sent);
		if (r != 1) {
			keep(&c->pending, p, n);
			return wait_for_wish(c, r);
		}
		p += sent;
		n -= sent;
	}
	return 0;
}

/* Answers the whole lines among n octets. */
static int
answer(struct client *c, char *octets, size_t n)
{
	static char out[RECORD + LONGEST_LINE];
	char *line = octets, *end_of_line;
	size_t fill = 0, left = n;

	while ((end_of_line = memchr(line, '\n', left)) != NULL) {
		size_t length = (size_t)(end_of_line - line) + 1;

		memcpy(out + fill, line, length);
		fill += length;
		line += length;
		left -= length;
	}
	if (left >= LONGEST_LINE)
		return -1;
	if (left > 0 || c->line.octets != NULL)
		keep(&c->line, line, left);
	return put(c, out, fill);
}

/* Reads record by record, as long as OpenSSL has any. */
static int
serve(struct client *c)
{
	static char in[RECORD + LONGEST_LINE];

	do {
		size_t fill = c->line.size;
		int r;

		if (fill > 0)
			memcpy(in, c->line.octets, fill);
		ERR_clear_error();
		r = SSL_read(c->ssl, in + fill, RECORD);
		if (r <= 0)
			return wait_for_wish(c, r);
		if (answer(c, in, fill + (size_t)r) < 0)
			return -1;
	} while (c->pending.octets == NULL && SSL_has_pending(c->ssl));
	return 0;
}

static int
drain(struct client *c)
{
	struct kept pending = c->pending;
	int r;

	c->pending = (struct kept){ NULL, 0 };
	r = put(c, pending.octets, pending.size);
	free(pending.octets);
	if (r < 0 || c->pending.octets != NULL)
		return r;
	watch(c, EPOLLIN, EPOLL_CTL_MOD);
	return serve(c); /* OpenSSL may have taken what the queue does not know of */
}

void
echo_tls_epoll(int listener)
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
			else if ((c->pending.octets != NULL ? drain(c) : serve(c)) < 0)
				end(c);
		}
}

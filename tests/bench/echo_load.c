/* The clients of the echo servers: one thread, and no more lines on their way than said. */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "echo.h"

enum { ACTIVE = 100, WINDOW = 16, BATCH = 256, ADDRESSES = 8 };

struct load {
	const struct wire *wire;
	int n, queue;
	int active;
	int offset[ACTIVE]; /* octets of a line that came back, of those in use */
	struct {
		int fd;
		void *end;
	} ends[];
};

static char lines[WINDOW * LINE];

static void
make_lines(void)
{
	for (int i = 0; i < WINDOW * LINE; i++)
		lines[i] = (char)((i + 1) % LINE == 0 ? '\n' : 'a' + i % LINE % 26);
}

/* Each address of the machine has ports of its own: those of one might run out. */
static int
connect_from(int address, int port)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (in_addr_t)address) };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((in_port_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct linger reset = { .l_onoff = 1, .l_linger = 0 }; /* leaves no TIME_WAIT behind */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("connect");
	return fd;
}

static void *
plain_open(int fd)
{
	return (void *)(intptr_t)fd;
}

static void
plain_send(void *end, const void *octets, int n)
{
	if (send((int)(intptr_t)end, octets, (size_t)n, MSG_NOSIGNAL) != n)
		die("send");
}

static int
plain_receive(void *end, void *octets, int n)
{
	return (int)recv((int)(intptr_t)end, octets, (size_t)n, 0);
}

const struct wire wire_plain = { plain_open, plain_send, plain_receive };

static void
put(const struct load *load, void *end, int n)
{
	load->wire->send(end, lines, n * LINE);
}

/* Takes what has come, which must be what was sent. Returns how many lines are whole now. */
static int
get(const struct load *load, void *end, int *offset)
{
	char buf[WINDOW * LINE];
	int r = load->wire->receive(end, buf, sizeof buf - LINE), fill;

	if (r <= 0)
		die("recv");
	if (memcmp(buf, lines + *offset, (size_t)r) != 0)
		die("not what was sent");
	fill = *offset + r;
	*offset = fill % LINE;
	return fill / LINE;
}

static void
ping(const struct load *load, void *end)
{
	int offset = 0;

	put(load, end, 1);
	while (get(load, end, &offset) == 0)
		;
}

/* Which of all is the i-th of those in use. */
static long
place_of(const struct load *load, int i)
{
	return (long)i * load->n / load->active;
}

static void
use(struct load *load, int i)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)i };
	int fd = load->ends[place_of(load, i)].fd;

	if (epoll_ctl(load->queue, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
}

struct load *
load_new(int port, const struct wire *wire, int n)
{
	struct load *load = calloc(1, sizeof *load + (size_t)n * sizeof *load->ends);

	if (load == NULL)
		die("calloc");
	make_lines();
	load->wire = wire;
	load->n = n;
	load->queue = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0, served = 0; i < n; i++) {
		load->ends[i].fd = connect_from(i % ADDRESSES, port);
		load->ends[i].end = wire->open(load->ends[i].fd);
		while ((i + 1 == n || i + 1 - served == BATCH) && served <= i)
			ping(load,
			    load->ends[served++].end); /* what waits to be accepted stays few */
	}
	load->active = n < ACTIVE ? n : ACTIVE;
	for (int i = 0; i < load->active; i++)
		use(load, i);
	return load;
}

/* The connections to begin with send all they may; later each sends as many as come back. */
double
load_run(struct load *load, int total, int window)
{
	struct epoll_event events[ACTIVE];
	int to_send = total, to_come = total;
	double start = now();

	for (int i = 0; i < load->active && to_send > 0; i++) {
		int n = to_send < window ? to_send : window;

		put(load, load->ends[place_of(load, i)].end, n);
		to_send -= n;
	}
	while (to_come > 0) {
		int found = epoll_wait(load->queue, events, ACTIVE, -1);

		for (int k = 0; k < found; k++) {
			int i = (int)events[k].data.u32;
			void *end = load->ends[place_of(load, i)].end;
			int n = get(load, end, &load->offset[i]);

			to_come -= n;
			n = n < to_send ? n : to_send;
			to_send -= n;
			if (n > 0)
				put(load, end, n);
		}
	}
	return now() - start;
}

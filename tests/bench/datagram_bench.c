/*
 * What datagrams cost against raw system calls on the same sockets: each pair is measured in turn,
 * many times in one run, and the medians are compared. One thread sends to itself over loopback, so
 * that no scheduler has a say. Targets are printed with the figures.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include <fsock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { ROUNDS = 401, DATAGRAMS = 512, BATCH = 32, LARGEST = 1400 };

static char out[LARGEST], in[BATCH][LARGEST];

/* The two sockets, their descriptors and the address of the one that receives. */
struct link {
	fsock *from, *to;
	int from_fd, to_fd;
	struct fsock_addr addr;
};

/* Ways to move DATAGRAMS datagrams; each returns how many octets arrived. */

static size_t
raw_connected(const struct link *l, size_t size)
{
	size_t total = 0;

	for (int i = 0; i < DATAGRAMS; i++) {
		send(l->from_fd, out, size, MSG_NOSIGNAL);
		total += (size_t)recv(l->to_fd, in[0], sizeof in[0], MSG_TRUNC);
	}
	return total;
}

static size_t
our_connected(const struct link *l, size_t size)
{
	size_t total = 0;

	for (int i = 0; i < DATAGRAMS; i++) {
		fsock_send(l->from, out, size, NULL);
		total += (size_t)fsock_receive(l->to, in[0], sizeof in[0], NULL);
	}
	return total;
}

static size_t
raw_addressed(const struct link *l, size_t size)
{
	struct sockaddr_storage from;
	size_t total = 0;

	for (int i = 0; i < DATAGRAMS; i++) {
		socklen_t length = sizeof from;

		sendto(l->from_fd, out, size, MSG_NOSIGNAL, &l->addr.as.any, l->addr.length);
		total += (size_t)recvfrom(
		    l->to_fd, in[0], sizeof in[0], MSG_TRUNC, (struct sockaddr *)&from, &length);
	}
	return total;
}

static size_t
our_addressed(const struct link *l, size_t size)
{
	struct fsock_addr from;
	size_t total = 0;

	for (int i = 0; i < DATAGRAMS; i++) {
		fsock_send(l->from, out, size, &l->addr);
		total += (size_t)fsock_receive(l->to, in[0], sizeof in[0], &from);
	}
	return total;
}

#if defined(__linux__)

static size_t
raw_batches(const struct link *l, size_t size)
{
	struct mmsghdr sent[BATCH] = { 0 }, got[BATCH] = { 0 };
	struct iovec sent_data[BATCH], got_data[BATCH];
	struct sockaddr_storage from[BATCH];
	size_t total = 0;

	for (int i = 0; i < BATCH; i++) {
		sent_data[i] = (struct iovec){ out, size };
		got_data[i] = (struct iovec){ in[i], sizeof in[i] };
		sent[i].msg_hdr.msg_iov = &sent_data[i];
		got[i].msg_hdr.msg_iov = &got_data[i];
		sent[i].msg_hdr.msg_iovlen = got[i].msg_hdr.msg_iovlen = 1;
		got[i].msg_hdr.msg_name = &from[i];
	}
	for (int done = 0; done < DATAGRAMS; done += BATCH) {
		int n;

		sendmmsg(l->from_fd, sent, BATCH, MSG_NOSIGNAL);
		for (int i = 0; i < BATCH; i++)
			got[i].msg_hdr.msg_namelen = sizeof from[i];
		n = recvmmsg(l->to_fd, got, BATCH, MSG_TRUNC | MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++)
			total += got[i].msg_len;
	}
	return total;
}

#else

/* There is nothing to compare with but a call for each. */
static size_t
raw_batches(const struct link *l, size_t size)
{
	return raw_connected(l, size);
}

#endif

static size_t
our_batches(const struct link *l, size_t size)
{
	struct fsock_message sent[BATCH] = { 0 }, got[BATCH];
	size_t total = 0;

	for (int i = 0; i < BATCH; i++) {
		sent[i].data = out;
		sent[i].size = size;
		got[i].data = in[i];
		got[i].size = sizeof in[i];
	}
	for (int done = 0; done < DATAGRAMS; done += BATCH) {
		ssize_t n;

		fsock_send_many(l->from, sent, BATCH);
		n = fsock_receive_many(l->to, got, BATCH);
		for (ssize_t i = 0; i < n; i++)
			total += got[i].length;
	}
	return total;
}

typedef size_t move_fn(const struct link *, size_t size);

static const struct row {
	const char *job, *host;
	size_t size;
	move_fn *ours, *theirs;
	double target; /* ours must be this many times theirs; 0: told only */
} rows[] = {
	{ "64 octets, send+recv", "127.0.0.1", 64, our_connected, raw_connected, 0.95 },
	{ "64 octets, sendto+recvfrom", "127.0.0.1", 64, our_addressed, raw_addressed, 0.95 },
	{ "1400 octets, sendto+recvfrom", "127.0.0.1", 1400, our_addressed, raw_addressed, 0.95 },
	{ "64 octets, sendto+recvfrom, IPv6", "::1", 64, our_addressed, raw_addressed, 0.95 },
	{ "64 octets, batches of 32 / sendmmsg+recvmmsg", "127.0.0.1", 64, our_batches, raw_batches,
	    0.95 },
	{ "1400 octets, batches of 32 / sendmmsg+recvmmsg", "127.0.0.1", 1400, our_batches,
	    raw_batches, 0.95 },
	{ "64 octets, batches of 32 / send+recv", "127.0.0.1", 64, our_batches, raw_connected, 0 },
};

/* Datagrams a second. */
static double
measure(move_fn *move, const struct link *l, size_t size)
{
	double start = now();

	if (move(l, size) != size * DATAGRAMS)
		die("datagrams were lost");
	return DATAGRAMS / (now() - start);
}

static void
open_link(struct link *l, const char *host)
{
	struct fsock_options options = { .local_host = host };

	l->to = fsock_datagram(NULL, 0, &options);
	if (l->to == NULL || fsock_local_name(l->to, &l->addr) < 0)
		die("receiver");
	l->from = fsock_datagram(host, fsock_addr_port(&l->addr), &options);
	if (l->from == NULL)
		die("sender");
	l->from_fd = fsock_socket(l->from);
	l->to_fd = fsock_socket(l->to);
}

static void
run_row(const struct row *row)
{
	double ours[ROUNDS], theirs[ROUNDS], ratios[ROUNDS], ratio;
	struct link l;

	open_link(&l, row->host);
	measure(row->ours, &l, row->size);
	for (int i = 0; i < ROUNDS; i++) {
		theirs[i] = measure(row->theirs, &l, row->size);
		ours[i] = measure(row->ours, &l, row->size);
		ratios[i] = ours[i] / theirs[i];
	}
	ratio = median(ratios, ROUNDS);
	printf("%-48s %8.0f %8.0f %7.3f", row->job, median(ours, ROUNDS) / 1e3,
	    median(theirs, ROUNDS) / 1e3, ratio);
	if (row->target > 0)
		printf(" %8.2f  %s", row->target, ratio >= row->target ? "reached" : "MISSED");
	putchar('\n');
	fsock_close(l.from);
	fsock_close(l.to);
}

int
main(void)
{
	pin(0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%-48s %8s %8s %7s %8s\n", "thousand datagrams/s over loopback, medians", "ours",
	    "theirs", "ratio", "target");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		run_row(&rows[i]);
	return 0;
}

/*
 * Datagrams: three sockets, one of which the others are connected to, send and receive by any
 * calls, one by one and in batches, with room for all or for less. Each datagram comes once, in
 * order, with its length and its sender, and a socket is ready when, and only when, there is one.
 *
 * Input: the choices, from the end.
 */
#include "../../src/base/compat.h"
#include "fuzz.h"

#include <errno.h>
#include <unistd.h>

#include <fsock.h>

enum { SOCKETS = 3, MOST = 6, ROOM = 1000000, BATCH = 3 };

static uint8_t octets[ROOM];

/* What is under way to a socket. */
struct queue {
	struct {
		size_t n;
		int from, seed;
	} list[MOST];
	int count;
};

static struct end {
	fsock *s;
	struct fsock_addr name;
	struct queue queue;
	int is_shut;
} ends[SOCKETS];

static int seeds;

static uint8_t
octet_at(int seed, size_t i)
{
	return (uint8_t)((size_t)seed * 31 + i * 7 + i / 256);
}

/* The first end is connected to nobody, the others to it. */
static void
open_all(int is_unix)
{
	char name[64];

	for (int i = 0; i < SOCKETS; i++) {
		struct fsock_options options = { .local_host = is_unix ? name : "127.0.0.1",
			.nonblocking = FSOCK_ON };
		char host[FSOCK_ADDR_TEXT_SIZE];

		snprintf(name, sizeof name, "@datagrams-%ld-%d", (long)getpid(), i);
		memset(&ends[i], 0, sizeof ends[i]);
		fsock_addr_host(&ends[0].name, host, sizeof host);
		ends[i].s = fsock_datagram(
		    i > 0 ? host : NULL, i > 0 ? fsock_addr_port(&ends[0].name) : 0, &options);
		FUZZ_ASSERT(ends[i].s != NULL && fsock_local_name(ends[i].s, &ends[i].name) == 0);
	}
}

/* ---- Sending. */

/* Those who send to the first end need not say so; it must. */
static int
target_of(int from, unsigned choice)
{
	return from == 0 ? 1 + (int)(choice % (SOCKETS - 1)) : 0;
}

static size_t
take_size(struct fuzz_input *in)
{
	static const size_t sizes[] = { 0, 1, 2, 80, 1500, 9000 };

	return sizes[fuzz_take(in, 6)] + fuzz_take(in, 3);
}

static void
fill(size_t n, uint8_t *to, int seed)
{
	for (size_t i = 0; i < n; i++)
		to[i] = octet_at(seed, i);
}

static void
note(int from, int to, size_t n, int seed)
{
	struct queue *q = &ends[to].queue;

	if (ends[to].is_shut)
		return;
	q->list[q->count].n = n;
	q->list[q->count].from = from;
	q->list[q->count++].seed = seed;
}

static int
has_room(int to)
{
	return ends[to].queue.count < MOST && !ends[to].is_shut;
}

static void
send_one(int from, struct fuzz_input *in)
{
	int to = target_of(from, fuzz_take(in, 2)), seed = ++seeds % 200;
	size_t n = take_size(in);
	ssize_t r;

	if (!has_room(to))
		return;
	fill(n, octets, seed);
	errno = EDOM;
	r = fsock_send(ends[from].s, octets, n, from == 0 ? &ends[to].name : NULL);
	FUZZ_ASSERT(r == (ssize_t)n && errno == EDOM);
	note(from, to, n, seed);
}

static void
send_many(int from, struct fuzz_input *in)
{
	struct fsock_message messages[BATCH];
	int to = target_of(from, fuzz_take(in, 2)), count = (int)fuzz_take(in, BATCH + 1);
	size_t at = 0;

	if (ends[to].queue.count + count > MOST || ends[to].is_shut)
		return;
	memset(messages, 0, sizeof messages);
	for (int i = 0; i < count; i++) {
		size_t n = take_size(in);
		int seed = ++seeds % 200;

		fill(n, octets + at, seed);
		messages[i].data = octets + at;
		messages[i].size = n;
		if (from == 0)
			messages[i].peer = ends[to].name;
		note(from, to, n, seed);
		at += n;
	}
	FUZZ_ASSERT(fsock_send_many(ends[from].s, messages, (size_t)count) == count);
}

/* ---- Receiving. */

static void
check_datagram(
    int i, const uint8_t *data, size_t room, size_t length, const struct fsock_addr *peer)
{
	struct queue *q = &ends[i].queue;

	FUZZ_ASSERT(q->count > 0 && length == q->list[0].n);
	FUZZ_ASSERT(fsock_addr_equal(peer, &ends[q->list[0].from].name));
	for (size_t at = 0; at < length && at < room; at++)
		FUZZ_ASSERT(data[at] == octet_at(q->list[0].seed, at));
	memmove(q->list, q->list + 1, (size_t)--q->count * sizeof q->list[0]);
}

static void
check_nothing_came(ssize_t r, int i)
{
	int error = errno;

	FUZZ_ASSERT(r == -1 && ends[i].queue.count == 0);
	FUZZ_ASSERT(error == (ends[i].is_shut ? ESHUTDOWN : EAGAIN));
	FUZZ_ASSERT(fsock_last_error()->errnum == error);
}

static void
receive_one(int i, struct fuzz_input *in)
{
	size_t room = take_size(in);
	uint8_t *data = malloc(room > 0 ? room : 1);
	struct fsock_addr peer;
	ssize_t r;

	FUZZ_ASSERT(data != NULL);
	r = fsock_receive(ends[i].s, data, room, &peer);
	if (r >= 0)
		check_datagram(i, data, room, (size_t)r, &peer);
	else
		check_nothing_came(r, i);
	free(data);
}

static void
receive_many(int i, struct fuzz_input *in)
{
	struct fsock_message messages[BATCH];
	uint8_t data[BATCH][200];
	int count = 1 + (int)fuzz_take(in, BATCH), were = ends[i].queue.count;
	ssize_t r;

	memset(messages, 0, sizeof messages);
	for (int k = 0; k < count; k++) {
		messages[k].data = data[k];
		messages[k].size = fuzz_take(in, sizeof data[k]);
	}
	r = fsock_receive_many(ends[i].s, messages, (size_t)count);
	if (r < 0) {
		check_nothing_came(r, i);
		return;
	}
	FUZZ_ASSERT(r == (were < count ? were : count));
	for (int k = 0; k < r; k++)
		check_datagram(i, data[k], messages[k].size, messages[k].length, &messages[k].peer);
}

/* ---- Others. */

static void
check_ready(int i)
{
	fsock *s = ends[i].s;
	int ready = fsock_wait_for_input(&s, 1, 0, NULL);
	double available;

	FUZZ_ASSERT(ready == (ends[i].queue.count > 0 || ends[i].is_shut));
	FUZZ_ASSERT(fsock_get_option(s, FSOCK_OPTION_AVAILABLE, &available) == 0);
	FUZZ_ASSERT(ends[i].queue.count == 0 || available == (double)ends[i].queue.list[0].n);
}

/* What cannot be done is told, and does nothing. */
static void
fail(int i, struct fuzz_input *in)
{
	struct fsock_message message = { .data = octets, .size = ROOM, .peer = ends[0].name };
	ssize_t r = -1;

	switch (fuzz_take(in, 4)) {
	case 0:
		r = fsock_send(ends[i].s, octets, ROOM, &ends[0].name);
		break;
	case 1:
		r = fsock_send_many(ends[i].s, &message, 1);
		break;
	case 2:
		r = fsock_send(ends[0].s, octets, 1, NULL);
		break;
	default:
		r = fsock_stream(ends[i].s) == NULL ? -1 : 0;
	}
	FUZZ_ASSERT(r == -1 && errno == fsock_last_error()->errnum);
	FUZZ_ASSERT(
	    errno == EMSGSIZE || errno == EDESTADDRREQ || errno == ENOTCONN || errno == EINVAL);
}

static void
shut(int i)
{
	if (ends[i].queue.count > 0)
		return;
	FUZZ_ASSERT(fsock_shutdown(ends[i].s, FSOCK_INPUT) == 0);
	ends[i].is_shut = 1;
}

static void
operate(struct fuzz_input *in)
{
	unsigned what = fuzz_take(in, 16);
	int i = (int)fuzz_take(in, SOCKETS);

	if (what < 4)
		send_one(i, in);
	else if (what < 6)
		send_many(i, in);
	else if (what < 9)
		receive_one(i, in);
	else if (what < 11)
		receive_many(i, in);
	else if (what < 13)
		check_ready(i);
	else if (what < 15)
		fail(i, in);
	else
		shut(i);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	if (size > 400)
		return 0;
	open_all((int)fuzz_take(&in, 2));
	while (in.size > 0)
		operate(&in);
	for (int i = 0; i < SOCKETS; i++) {
		check_ready(i);
		FUZZ_ASSERT(fsock_close(ends[i].s) == 0);
	}
	return 0;
}

#include "../../src/base/compat.h"
#include "layered.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "stdio_link.h"

struct mangle {
	const struct mangle_plan *plan;
	unsigned reads, writes;
	int steps, end_steps;
	long total;
	unsigned char in[4096], out[4096], owed[20000];
	size_t in_from, in_to, out_from, out_to;
	size_t taken; /* of what is owed, how much is in `out` already */
	size_t owed_length;
};

static atomic_int alive, ended;

int
mangle_count(void)
{
	return alive;
}

int
mangle_ended(void)
{
	return ended;
}

void
mangle_reset(void)
{
	alive = ended = 0;
}

/* Whether it is time for something that happens in every so many calls. */
static int
is_turn(unsigned calls, int period)
{
	return period != 0 && calls % (unsigned)period == 0;
}

/* Most calls are odd ones, but for those of a bulk that would take for ever. */
static int
is_odd(unsigned calls)
{
	return calls < 5000 || calls % 64 == 0;
}

static void
mangle(unsigned char *to, const unsigned char *from, size_t n, unsigned char key)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[i] ^ key;
}

static int
mangle_start(fsock_layer *layer)
{
	struct mangle *m = fsock_layer_state(layer);

	return m->steps++ < m->plan->handshake ? FSOCK_LAYER_WANTS_OUTPUT : 1;
}

/* Takes some input from below. */
static ssize_t
fill(fsock_layer *layer, struct mangle *m)
{
	size_t most = m->reads % 3 == 0 && is_odd(m->reads) ? 1 + m->reads % 11 : sizeof m->in;
	ssize_t r = fsock_layer_receive(layer, m->in, most);

	if (r <= 0)
		return r;
	mangle(m->in, m->in, (size_t)r, m->plan->key);
	m->in_from = 0;
	m->in_to = (size_t)r;
	return r;
}

static ssize_t
mangle_read(fsock_layer *layer, void *octets, size_t n)
{
	struct mangle *m = fsock_layer_state(layer);
	const struct mangle_plan *plan = m->plan;
	size_t count;
	ssize_t r;

	m->reads++;
	if (is_turn(m->reads, plan->read_wants_output))
		return FSOCK_LAYER_WANTS_OUTPUT;
	if (plan->fails_after != 0 && m->total >= plan->fails_after)
		return fsock_layer_fail(layer, FSOCK_TLS_ERROR, EPROTO, "mangled too much");
	if (plan->ends_after != 0 && m->total >= plan->ends_after)
		return FSOCK_LAYER_END;
	if (m->in_from == m->in_to) {
		if (m->reads % 5 == 0 &&
		    is_odd(m->reads)) /* nobody has asked yet whether there is any */
			return FSOCK_LAYER_WANTS_INPUT;
		r = fill(layer, m);
		if (r <= 0)
			return r;
	}
	count = m->in_to - m->in_from;
	if (m->reads % 2 == 0 && is_odd(m->reads) && count > 3)
		count = 3;
	if (count > n)
		count = n;
	memcpy(octets, m->in + m->in_from, count);
	m->in_from += count;
	m->total += (long)count;
	return (ssize_t)count;
}

/* Sends what it has taken. Returns 1, FAILED or WANTS_. */
static int
mangle_flush(fsock_layer *layer)
{
	struct mangle *m = fsock_layer_state(layer);

	while (m->out_from < m->out_to) {
		ssize_t r = fsock_layer_send(layer, m->out + m->out_from, m->out_to - m->out_from);

		if (r < 0)
			return (int)r;
		m->out_from += (size_t)r;
	}
	m->out_from = m->out_to = 0;
	return 1;
}

/* The same octets are to come again. */
static int
owe(struct mangle *m, const void *octets, size_t n, int wish)
{
	expect(n <= sizeof m->owed);
	memcpy(m->owed, octets, n);
	m->owed_length = n;
	return wish;
}

static ssize_t
mangle_write(fsock_layer *layer, const void *octets, size_t n)
{
	struct mangle *m = fsock_layer_state(layer);
	ssize_t r;

	m->writes++;
	if (m->owed_length > 0) {
		ck_assert_uint_eq(n, m->owed_length);
		ck_assert_mem_eq(octets, m->owed, n);
	}
	m->owed_length = 0;
	if (is_turn(m->writes, m->plan->write_wants_input))
		return owe(m, octets, n, FSOCK_LAYER_WANTS_INPUT);
	if (m->writes % 7 == 0 && is_odd(m->writes))
		return owe(m, octets, n, FSOCK_LAYER_WANTS_OUTPUT);
	if (m->taken == 0 && (!m->plan->keeps || m->out_to + n > sizeof m->out)) {
		r = mangle_flush(layer);
		if (r != 1)
			return owe(m, octets, n, (int)r);
	}
	if (m->taken == 0) {
		size_t room = sizeof m->out - m->out_to;

		m->taken = n < room ? n : room;
		mangle(m->out + m->out_to, octets, m->taken, m->plan->key);
		m->out_to += m->taken;
	}
	if (!m->plan->keeps || m->out_to > 64) {
		r = mangle_flush(layer);
		if (r != 1)
			return owe(m, octets, n, (int)r);
	}
	r = (ssize_t)m->taken;
	m->taken = 0;
	return r;
}

static int
mangle_end(fsock_layer *layer)
{
	struct mangle *m = fsock_layer_state(layer);
	int r = mangle_flush(layer);

	if (r == 1 && m->end_steps++ == 0)
		return FSOCK_LAYER_WANTS_OUTPUT;
	ended += r == 1;
	return r;
}

static int
mangle_pending(const fsock_layer *layer)
{
	const struct mangle *m = fsock_layer_state(layer);

	return m->in_from < m->in_to;
}

static void
mangle_free(fsock_layer *layer)
{
	free(fsock_layer_state(layer));
	alive--;
}

const struct fsock_layer_ops mangle_ops = {
	.size = sizeof mangle_ops,
	.name = "mangle",
	.start = mangle_start,
	.read = mangle_read,
	.write = mangle_write,
	.flush = mangle_flush,
	.end = mangle_end,
	.pending = mangle_pending,
	.free = mangle_free,
};

int
mangle_push(fsock *s, const struct mangle_plan *plan, int flags)
{
	struct mangle *m = calloc(1, sizeof *m);

	expect(m != NULL);
	m->plan = plan;
	alive++;
	if (fsock_layer_push(s, &mangle_ops, m, flags) == 0)
		return 0;
	alive--;
	free(m);
	return -1;
}

int
layered_is_on(void)
{
	return getenv("FSOCK_LAYERED") != NULL;
}

int
layered_push(fsock *s)
{
	static const struct mangle_plan below = { .key = 0x5A, .handshake = 1 },
					above = { .key = 0x5A, .handshake = 2, .keeps = 1 };

	return mangle_push(s, &below, 0) < 0 ? -1 : mangle_push(s, &above, 0);
}

void
layered_make(fsock *s)
{
	if (layered_is_on() && s != NULL)
		ck_assert_msg(layered_push(s) == 0, "%s", fsock_last_error()->text);
}

/*
 * Every stdio operation after every other, on every kind of stream, over every transport, with
 * peers that behave in every way. What must come back is predicted by tests/support/stdio_model.h.
 */
#include "../../src/base/compat.h"

#include <sys/mman.h>

#include <stdbool.h>
#include <stdlib.h>

#include <check.h>

#include "../support/stdio_model.h"

#define TIMEOUT 0.001

/* How the far end behaves around the two operations. */
struct peer {
	const char *name;
	enum stdio_tail tail;
	int lines;   /* sent before the first operation */
	size_t more; /* and so many octets of the next line */
	int trickles, resets_before, resets_between;
};

static const struct peer peers[] = {
	{ "sends all at once", STDIO_NOT_REACHED, .lines = 20 },
	{ "sends an octet at a time", STDIO_NOT_REACHED, .lines = 20, .trickles = 1 },
	{ "stalls", STDIO_STALLS, .lines = 0 },
	{ "ends its output", STDIO_ENDS, .lines = 1, .more = 3 },
	{ "ends its output at once", STDIO_ENDS, .lines = 0 },
	{ "resets at once", STDIO_RESETS, .resets_before = 1 },
	{ "resets in between", STDIO_RESETS, .lines = 4, .resets_between = 1 },
};

/*
 * The pair that each check is at, for those that fail or crash: in memory shared with the process
 * that check makes for each, and told at the end.
 */
static char (*where)[256];

static void
start_peer(struct stdio_world *w, const struct peer *peer, struct stdio_feeder *feeder)
{
	size_t sent = stdio_world_lines(w, peer->lines) + peer->more;

	w->tail = peer->tail;
	if (peer->trickles) {
		stdio_feeder_start(feeder, &w->link, w->text, sent, 1, 0);
		w->sent = sent;
	} else {
		stdio_world_send(w, sent);
	}
	if (peer->tail == STDIO_ENDS)
		stdio_far_end(&w->link);
	if (peer->resets_before)
		stdio_far_reset(&w->link);
}

/* Before the near end is closed: the feeder looks at its descriptor. Twice is no error. */
static void
stop_peer(const struct peer *peer, struct stdio_feeder *feeder)
{
	if (peer->trickles && !feeder->stop)
		stdio_feeder_stop(feeder);
}

/* An operation, and when it timed out once more with the input that it waited for. */
static void
run(struct stdio_world *w, const struct stdio_operation *operation)
{
	if (!stdio_world_run(w, operation) || !w->stalled)
		return;
	stdio_world_send(w, stdio_world_lines(w, 2));
	stdio_world_run(w, operation);
}

static void
run_pair(char *place, const struct peer *peer, enum stdio_kind kind, enum stdio_transport transport,
    const struct stdio_operation *first, const struct stdio_operation *second)
{
	static struct stdio_world w;
	struct stdio_feeder feeder;

	snprintf(place, sizeof *where, "peer that %s, %s, %s: %s after %s", peer->name,
	    stdio_kind_names[kind], stdio_transport_names[transport], second->name, first->name);
	stdio_world_open(&w, kind, transport, peer->tail == STDIO_STALLS ? TIMEOUT : 0);
	start_peer(&w, peer, &feeder);
	if (kind <= STDIO_TWO_WAY_WHOLE && (first->traits & STDIO_CLOSES) &&
	    !(first->traits & STDIO_SECOND))
		stop_peer(peer, &feeder);
	run(&w, first);
	if (peer->resets_between) {
		stdio_world_drain(&w);
		stdio_far_reset(&w.link);
	}
	if (second->traits & STDIO_CLOSES)
		stop_peer(peer, &feeder);
	run(&w, second);
	stop_peer(peer, &feeder);
	if (!peer->trickles)
		stdio_world_drain(&w);
	stdio_world_close(&w);
	*place = '\0';
}

/* Whether a pair says anything here. */
static int
is_wanted(const struct peer *peer, enum stdio_kind kind, const struct stdio_operation *first,
    const struct stdio_operation *second)
{
	int either = first->traits | second->traits;

	if (kind <= STDIO_TWO_WAY_WHOLE && (either & STDIO_SECOND))
		return 0;
	/* A Unix-domain socket that has ended its output cannot be made to see a reset. */
	if (peer->resets_between && (first->traits & STDIO_CLOSES))
		return 0;
	if (peer->tail != STDIO_STALLS)
		return 1;
	/* Waiting takes time. */
	return (either & STDIO_READS) && kind != STDIO_TWO_WAY_BYTES && kind != STDIO_ONE_WAY_LINE;
}

/*
 * TCP is over IPv4 and over IPv6 in turn; where time passes, and in a sample, each pair is over one
 * transport.
 */
static int
is_turn(const struct peer *peer, enum stdio_transport transport, int pair)
{
	if (peer->tail == STDIO_STALLS || getenv("FSOCK_SAMPLE") != NULL)
		return pair % STDIO_TRANSPORTS == (int)transport;
	if (transport == STDIO_TCP4 || transport == STDIO_TCP6)
		return (pair % 2 == 0) == (transport == STDIO_TCP4);
	return 1;
}

START_TEST(every_pair)
{
	const struct peer *peer = &peers[_i / (STDIO_KINDS * STDIO_TRANSPORTS)];
	enum stdio_kind kind = (enum stdio_kind)(_i / STDIO_TRANSPORTS % STDIO_KINDS);
	enum stdio_transport transport = (enum stdio_transport)(_i % STDIO_TRANSPORTS);
	const struct stdio_operation *first, *second, *end;
	struct stdio_listener listener;

	stdio_listener_open(&listener, transport);
	stdio_link_listener = &listener;
	end = stdio_operations + stdio_operation_count;
	for (first = stdio_operations; first < end; first++)
		for (second = stdio_operations; second < end; second++)
			if (is_wanted(peer, kind, first, second) &&
			    is_turn(peer, transport,
				(int)(first - stdio_operations + (second - stdio_operations))))
				run_pair(where[_i], peer, kind, transport, first, second);
	stdio_listener_close(&listener);
	stdio_link_listener = NULL;
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("matrix");
	TCase *t = tcase_create("pairs");
	SRunner *sr = srunner_create(s);
	int failed, count = COUNT(peers) * STDIO_KINDS * STDIO_TRANSPORTS;

	where = mmap(NULL, (size_t)count * sizeof *where, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	tcase_add_loop_test(t, every_pair, 0, count);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	for (int i = 0; i < count; i++)
		if (where[i][0] != '\0')
			printf("%d: %s\n", i, where[i]);
	srunner_free(sr);
	return failed != 0;
}

/*
 * Happy Eyeballs: which addresses are tried when, and which one wins. The race takes its time from
 * who steps it, so that the test's clock goes on only when there is nothing to happen before: the
 * times below are exact.
 */
#include "../../src/base/compat.h"

#include <sys/resource.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/race.h"
#include "base/sys.h"
#include "../support/sock_support.h"

#define MS      INT64_C(1000000)
#define START   (1000000 * MS) /* when races start */
#define NOWHERE "255.255.255.255"

/* What there is at the addresses, on each of the loopback addresses. */
static struct place {
	int full[SOCK_FULL]; /* "h": hangs */
	int dead;            /* "r": refuses */
	fsock *alive;        /* "a": answers */
	int ports[3];
} places[2]; /* IPv4, IPv6 */

static void
make_place(struct place *place, enum sock_transport transport)
{
	memset(place->full, -1, sizeof place->full);
	place->dead = -1;
	place->alive = NULL;
	if (!sock_has(transport))
		return;
	place->ports[0] = sock_full(sock_host(transport), 0, place->full);
	place->ports[1] = sock_dead_port(transport, &place->dead);
	place->alive = fsock_listen(sock_host(transport), 0, NULL);
	ck_assert_ptr_nonnull(place->alive);
	place->ports[2] = fsock_local_port(place->alive);
}

static void
setup(void)
{
	make_place(&places[0], SOCK_TCP4);
	make_place(&places[1], SOCK_TCP6);
	sock_dir_make();
}

static void
teardown(void)
{
	for (int i = 0; i < 2; i++) {
		sock_full_free(places[i].full);
		if (places[i].dead >= 0)
			close(places[i].dead);
		fsock_close(places[i].alive);
	}
	sock_dir_remove();
}

/* The addresses of a text such as "6h 4r 4a"; "4u" cannot be reached. */
static struct fsock__addresses
addresses(const char *text)
{
	struct fsock__addresses a = { calloc(strlen(text), sizeof *a.items), 0 };

	ck_assert_ptr_nonnull(a.items);
	for (; *text != '\0'; text += strspn(text + 2, " ") + 2) {
		const struct place *place = &places[text[0] == '6'];
		const char *host = text[0] == '6' ? "::1" : text[1] == 'u' ? NOWHERE : "127.0.0.1";
		int port = text[1] == 'u' ? 9 : place->ports[strchr("hra", text[1]) - "hra"];

		ck_assert_int_eq(fsock_addr_from_text(&a.items[a.count++], host, port), 0);
	}
	return a;
}

static const struct fsock__addresses none = { NULL, 0 };

/* The attempts under way that never end. */
static size_t
count_hanging(const struct fsock__race *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->tried; i++) {
		int port = fsock_addr_port(&r->remote.items[i]);

		n += port == places[0].ports[0] || port == places[1].ports[0];
	}
	return n < FSOCK__RACE_MAX ? n : FSOCK__RACE_MAX;
}

/* One step; notes when addresses had their turn, as "0 250 ". */
static enum fsock__progress
step(struct fsock__race *r, int64_t now, char *trace, size_t size)
{
	size_t before = r->tried;
	enum fsock__progress p = fsock__race_step(r, now);

	for (size_t n = strlen(trace); before < r->tried; before++, n = strlen(trace))
		snprintf(trace + n, size - n, "%d ", (int)((now - START) / MS));
	return p;
}

/* Runs a race to its end. Returns when that was, in ms. */
static int
run(struct fsock__race *r, enum fsock__progress *end, char *trace, size_t size)
{
	int64_t now = START;

	trace[0] = '\0';
	while ((*end = step(r, now, trace, size)) == FSOCK__PENDING) {
		for (size_t i = 0; i < r->count; i++)
			ck_assert_int_ne(fcntl(r->fds[i].fd, F_GETFL) & O_NONBLOCK, 0);
		ck_assert(r->next > now);
		if (r->count > count_hanging(r))
			ck_assert_int_gt(fsock__sys_poll(r->fds, r->count, FSOCK__NEVER), 0);
		else if (r->next == FSOCK__NEVER)
			ck_abort_msg("it waits for nothing");
		else
			now = r->next;
	}
	return (int)((now - START) / MS);
}

static const struct row {
	const char *addresses;
	int limit;         /* in ms, 0 for none */
	const char *trace; /* when each address was tried */
	int end;           /* when it was over */
	int error;         /* and why, or 0: */
	const char *won;   /* the one that won */
} rows[] = {
	{ "4a", 0, "0 ", 0, 0, "4a" },
	{ "6a", 0, "0 ", 0, 0, "6a" },
	{ "6a 4a", 0, "0 ", 0, 0, "6a" },
	{ "4a 6a", 0, "0 ", 0, 0, "4a" },
	/* One family is black-holed. */
	{ "6h 4a", 0, "0 250 ", 250, 0, "4a" },
	{ "6h 6h 6h 4a", 0, "0 250 ", 250, 0, "4a" },
	{ "4h 4h 6a 6a", 0, "0 250 ", 250, 0, "6a" },
	{ "6h 4h 6h 4a", 0, "0 250 500 750 ", 750, 0, "4a" },
	{ "6h 6h 4h 4a", 0, "0 250 500 750 ", 750, 0, "4a" },
	{ "4h 4h 4a", 0, "0 250 500 ", 500, 0, "4a" },
	/* It refuses, or cannot be reached: the next one has its turn at once. */
	{ "6r 4a", 0, "0 0 ", 0, 0, "4a" },
	{ "6r 6r 4a", 0, "0 0 ", 0, 0, "4a" },
	{ "6r 6r 4r 4a", 0, "0 0 0 0 ", 0, 0, "4a" },
	{ "4u 6a", 0, "0 0 ", 0, 0, "6a" },
	{ "4u 4u 4a", 0, "0 0 0 ", 0, 0, "4a" },
	{ "6h 4r 6a", 0, "0 250 250 ", 250, 0, "6a" },
	{ "6h 4u 6h 4a", 0, "0 250 250 500 ", 500, 0, "4a" },
	{ "6r 4h 6a", 0, "0 0 250 ", 250, 0, "6a" },
	/* More than may be under way. */
	{ "4h 4h 4h 4h 4h 4h 4h 4a", 0, "0 250 500 750 1000 1250 1500 1750 ", 1750, 0, "4a" },
	{ "4h 4h 4h 4h 4h 4h 4h 4h 4h 4a", 0, "0 250 500 750 1000 1250 1500 1750 2000 2250 ", 2250,
	    0, "4a" },
	/* Nobody answers. What is told is what the first said that could be reached. */
	{ "4r", 0, "0 ", 0, ECONNREFUSED, NULL },
	{ "4u", 0, "0 ", 0, ENETUNREACH, NULL },
	{ "4u 6r", 0, "0 0 ", 0, ECONNREFUSED, NULL },
	{ "6r 4u", 0, "0 0 ", 0, ECONNREFUSED, NULL },
	{ "4r 6h", 400, "0 0 ", 400, ECONNREFUSED, NULL },
	{ "4u 6h", 400, "0 0 ", 400, ETIMEDOUT, NULL },
	{ "4h", 400, "0 ", 400, ETIMEDOUT, NULL },
	{ "4h 6h 4h 6h", 400, "0 100 200 300 ", 400, ETIMEDOUT, NULL },
	{ "4h 6h", 100, "0 50 ", 100, ETIMEDOUT, NULL },
	{ "4h 6r", 400, "0 200 ", 400, ECONNREFUSED, NULL },
	/* A limit that is too short for RFC 8305's delay is divided among the addresses. */
	{ "4h 4a", 500, "0 250 ", 250, 0, "4a" },
	{ "4h 4a", 499, "0 249 ", 249, 0, "4a" },
	{ "4h 4a", 200, "0 100 ", 100, 0, "4a" },
	{ "4h 4h 4a", 90, "0 30 60 ", 60, 0, "4a" },
	{ "4h 4h 4a", 700, "0 233 466 ", 466, 0, "4a" },
	{ "4h 4r 4h 4a", 200, "0 50 50 125 ", 125, 0, "4a" }, /* what one leaves, the others get */
	{ "4r 4r 4h 4a", 200, "0 0 0 100 ", 100, 0, "4a" },
	{ "4u 4h 4a", 100, "0 0 50 ", 50, 0, "4a" },
	{ "4h 4h 4h 4h 4h 4h 4h 4h 4h 4a", 1000, "0 100 200 300 400 500 600 700 800 900 ", 900, 0,
	    "4a" },
	{ "4h 4h 4h 4h 4h 4h 4h 4h 4h 4h 4h 4a", 120, "0 10 20 30 40 50 60 70 80 90 100 110 ", 110,
	    0, "4a" },
	/* But for the least delay that it allows. */
	{ "4h 4a", 20, "0 10 ", 10, 0, "4a" },
	{ "4h 4h 4a", 25, "0 10 20 ", 20, 0, "4a" },
	{ "4h 4h 4h 4a", 25, "0 10 20 ", 25, ETIMEDOUT, NULL },
};

/* Asserts who it was at the other end, of a descriptor as it should be. */
static void
check_winner(const struct fsock__race *r, const char *won)
{
	const struct place *place = &places[won[0] == '6'];
	struct fsock_addr peer = { .length = sizeof peer.as };

	ck_assert_int_ge(r->fd, 0);
	ck_assert_int_eq(getpeername(r->fd, &peer.as.any, &peer.length), 0);
	ck_assert_int_eq(fsock_addr_port(&peer), place->ports[strchr("hra", won[1]) - "hra"]);
	ck_assert_int_eq(peer.as.any.sa_family, won[0] == '6' ? AF_INET6 : AF_INET);
	ck_assert_int_eq(r->family, peer.as.any.sa_family);
	ck_assert_int_eq(fcntl(r->fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(r->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

START_TEST(times_and_winners)
{
	const struct row *row = &rows[_i];
	int64_t deadline = row->limit == 0 ? FSOCK__NEVER : START + row->limit * MS;
	struct fsock__race r;
	enum fsock__progress end;
	int fds = sock_open_fds();
	char trace[128];

	if (strchr(row->addresses, '6') != NULL && !sock_has(SOCK_TCP6))
		return;
	fsock__race_start(&r, addresses(row->addresses), none, deadline);
	errno = EDOM;
	ck_assert_int_eq(run(&r, &end, trace, sizeof trace), row->end);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_str_eq(trace, row->trace);
	ck_assert_int_eq(end, row->won == NULL ? FSOCK__FAILED : FSOCK__DONE);
	ck_assert_int_eq(r.count, 0);
	ck_assert_int_eq(sock_open_fds(), fds + (row->won != NULL));
	if (row->won == NULL) {
		ck_assert_int_eq(r.error, row->error);
	} else {
		check_winner(&r, row->won);
		close(r.fd);
	}
	fsock__race_end(&r);
}
END_TEST

/* One that is slow wins all the same, when the others are slower still: they go on meanwhile. */
START_TEST(slow_one_wins)
{
	struct fsock__race r;
	char trace[64] = "";
	int fd;

	fsock__race_start(&r, addresses("4h 4h"), none, FSOCK__NEVER);
	ck_assert_int_eq(step(&r, START, trace, sizeof trace), FSOCK__PENDING);
	ck_assert_int_eq(step(&r, START + 250 * MS, trace, sizeof trace), FSOCK__PENDING);
	ck_assert_int_eq(r.count, 2);
	ck_assert(r.next == FSOCK__NEVER);
	fsock__sys_set_nonblocking(places[0].full[0], 1);
	while (fsock__sys_poll(r.fds, r.count, fsock__clock_after(10 * MS)) == 0)
		if ((fd = accept(places[0].full[0], NULL, NULL)) >= 0)
			close(fd); /* what else waits there goes first */
	ck_assert_int_eq(step(&r, START + 260 * MS, trace, sizeof trace), FSOCK__DONE);
	ck_assert_str_eq(trace, "0 250 ");
	check_winner(&r, "4h");
	close(r.fd);
	fsock__race_end(&r);
}
END_TEST

/* A race that is given up leaves nothing open. */
START_TEST(given_up)
{
	struct fsock__race r;
	int fds = sock_open_fds();
	char trace[64] = "";

	fsock__race_start(&r, addresses("4h 4h 4h"), addresses("4u"), FSOCK__NEVER);
	for (int i = 0; i < _i; i++)
		step(&r, START + i * 250 * MS, trace, sizeof trace);
	fsock__race_end(&r);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* Nothing happens before its time, whoever steps. */
START_TEST(steps_too_many)
{
	struct fsock__race r;
	char trace[64] = "";

	fsock__race_start(&r, addresses("4h 4h"), none, START + 600 * MS);
	for (int ms = 0; ms < 250; ms += 10)
		ck_assert_int_eq(step(&r, START + ms * MS, trace, sizeof trace), FSOCK__PENDING);
	ck_assert_str_eq(trace, "0 ");
	ck_assert(r.next == START + 250 * MS);
	ck_assert_int_eq(step(&r, START + 260 * MS, trace, sizeof trace), FSOCK__PENDING);
	ck_assert_str_eq(trace, "0 260 ");
	ck_assert(r.next == START + 600 * MS);
	fsock__race_end(&r);
}
END_TEST

/* Where to connect from, and that several attempts may share one local port. */
START_TEST(local_addresses)
{
	struct fsock__addresses local = { calloc(2, sizeof *local.items), 2 };
	struct fsock_addr name = { .length = sizeof name.as };
	struct fsock__race r;
	enum fsock__progress end;
	int fd, port = sock_dead_port(SOCK_TCP4, &fd);
	char trace[64];

	close(fd);
	fsock_addr_from_text(&local.items[0], "::1", port);
	fsock_addr_from_text(&local.items[1], "127.0.0.1", port);
	fsock__race_start(&r, addresses("4h 4u 4a"), local, FSOCK__NEVER);
	ck_assert_int_eq(run(&r, &end, trace, sizeof trace), 250);
	ck_assert_int_eq(end, FSOCK__DONE);
	ck_assert_int_eq(getsockname(r.fd, &name.as.any, &name.length), 0);
	ck_assert_int_eq(fsock_addr_port(&name), port);
	close(r.fd);
	fsock__race_end(&r);
}
END_TEST

START_TEST(no_local_address_of_the_family)
{
	struct fsock__addresses local = { calloc(1, sizeof *local.items), 1 };
	struct fsock__race r;

	fsock_addr_from_text(&local.items[0], "::1", 0);
	fsock__race_start(&r, addresses("4a"), local, FSOCK__NEVER);
	ck_assert_int_eq(fsock__race_step(&r, START), FSOCK__FAILED);
	ck_assert_int_eq(r.error, EADDRNOTAVAIL);
	fsock__race_end(&r);
}
END_TEST

/* A Unix-domain socket whose backlog is full is asked again, soon and then every 10 ms. */
START_TEST(full_backlog_of_unix)
{
	static const int pauses[] = { 1, 2, 4, 8, 10, 10, 10 };
	struct fsock__addresses a = { calloc(1, sizeof *a.items), 1 };
	struct fsock__race r;
	int full[SOCK_FULL], fds;
	int64_t now = START;

	sock_full(sock_path("full"), 0, full);
	fsock_addr_from_text(a.items, sock_path("full"), 0);
	fds = sock_open_fds();
	fsock__race_start(&r, a, none, START + 60 * MS);
	for (int i = 0; i < COUNT(pauses); i++) {
		ck_assert_int_eq(fsock__race_step(&r, now), FSOCK__PENDING);
		ck_assert_int_eq(r.count, 0);
		ck_assert_int_eq(sock_open_fds(), fds);
		ck_assert_int_eq((r.next - now) / MS, pauses[i]);
		now = r.next;
	}
	if (_i == 0) {
		close(accept(full[0], NULL, NULL));
		ck_assert_int_eq(fsock__race_step(&r, now), FSOCK__DONE);
		ck_assert_int_eq(r.family, AF_UNIX);
		close(r.fd);
	} else {
		ck_assert_int_eq(fsock__race_step(&r, now), FSOCK__PENDING);
		ck_assert_int_eq(fsock__race_step(&r, now + 5 * MS), FSOCK__PENDING);
		ck_assert(r.next == START + 55 * MS);
		ck_assert_int_eq(fsock__race_step(&r, START + 60 * MS), FSOCK__FAILED);
		ck_assert_int_eq(r.error, ETIMEDOUT);
	}
	fsock__race_end(&r);
	sock_full_free(full);
}
END_TEST

/* Descriptors run out while others are under way: the address keeps its turn for later. */
static int
run_out_of_descriptors(void *arg)
{
	struct fsock__race r;
	struct rlimit limit = { 64, 64 };
	int fd, last = -1;

	(void)arg;
	SOCK_EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	fsock__race_start(&r, addresses("4h 4a"), none, FSOCK__NEVER);
	SOCK_EXPECT(fsock__race_step(&r, START) == FSOCK__PENDING);
	while ((fd = dup(2)) >= 0)
		last = fd;
	SOCK_EXPECT(fsock__race_step(&r, START + 250 * MS) == FSOCK__PENDING);
	SOCK_EXPECT(r.count == 1 && r.tried == 1 && r.next == START + 500 * MS);
	close(last);
	SOCK_EXPECT(fsock__race_step(&r, START + 500 * MS) != FSOCK__FAILED);
	SOCK_EXPECT(r.tried == 2);
	close(r.fd);
	fsock__race_end(&r);
	while (dup(2) >= 0)
		;
	fsock__race_start(&r, addresses("4a 4a"), none, FSOCK__NEVER);
	SOCK_EXPECT(fsock__race_step(&r, START) == FSOCK__FAILED);
	SOCK_EXPECT(r.error == EMFILE);
	fsock__race_end(&r);
	return 0;
}

START_TEST(no_descriptor_free)
{
	if (!sock_is_watched())
		ck_assert_int_eq(sock_child(run_out_of_descriptors, NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("race");
	TCase *tcase = tcase_create("race");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, times_and_winners, 0, COUNT(rows));
	tcase_add_test(tcase, slow_one_wins);
	tcase_add_loop_test(tcase, given_up, 0, 3);
	tcase_add_test(tcase, steps_too_many);
	tcase_add_test(tcase, local_addresses);
	tcase_add_test(tcase, no_local_address_of_the_family);
	tcase_add_loop_test(tcase, full_backlog_of_unix, 0, 2);
	tcase_add_test(tcase, no_descriptor_free);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

/*
 * Looking up alone: what is reported when, and the answers. The resolver is this file's own: a
 * getaddrinfo() in front of libc's that answers when the test lets it.
 */
#include "../../src/base/compat.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/service.h"
#include "../support/sock_support.h"
#include "../support/wait_support.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int gate_open, asking;

struct answer {
	struct addrinfo info;
	struct fsock_addr addr;
};

/* Adds an address to the front of the results. */
static void
answer(struct addrinfo **results, const char *host, int port)
{
	struct answer *a = calloc(1, sizeof *a);

	if (a == NULL || fsock_addr_from_text(&a->addr, host, port) < 0)
		abort();
	a->info.ai_family = a->addr.as.any.sa_family;
	a->info.ai_addr = &a->addr.as.any;
	a->info.ai_addrlen = a->addr.length;
	a->info.ai_next = *results;
	*results = &a->info;
}

/* "slow" is answered when the gate is open; "tcp" is a service of streams, "udp" of datagrams. */
int
getaddrinfo(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **results)
{
	int port = 0;

	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	pthread_mutex_lock(&lock);
	asking++;
	pthread_cond_broadcast(&changed);
	while (host != NULL && strcmp(host, "slow") == 0 && !gate_open)
		pthread_cond_wait(&changed, &lock);
	asking--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	if (host != NULL && strcmp(host, "nowhere") == 0)
		return EAI_NONAME;
	if (service != NULL) {
		port = strcmp(service, "tcp") == 0 && hints->ai_socktype == SOCK_STREAM  ? 7
		       : strcmp(service, "udp") == 0 && hints->ai_socktype == SOCK_DGRAM ? 8
											 : 0;
		if (port == 0)
			return EAI_SERVICE;
	}
	*results = NULL;
	if (hints->ai_family != AF_INET)
		answer(results, "2001:db8::1", port);
	if (hints->ai_family != AF_INET6)
		answer(results, "192.0.2.1", port);
	return 0;
}

void
freeaddrinfo(struct addrinfo *results)
{
	while (results != NULL) {
		struct addrinfo *next = results->ai_next;

		free(results);
		results = next;
	}
}

static void
setup(void)
{
	gate_open = asking = 0;
}

static void
await_asking(int n)
{
	pthread_mutex_lock(&lock);
	while (asking != n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void
open_gate(void)
{
	pthread_mutex_lock(&lock);
	gate_open = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static fsock *
look_up(const char *host, const char *service, int type, enum fsock_family family)
{
	fsock *l;

	errno = EDOM;
	l = fsock_lookup(host, service, type, family);
	ck_assert_msg(l != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
	return l;
}

/* ---- Answers */

static const struct row {
	const char *host, *service;
	int type;
	enum fsock_family family;
	const char *answers; /* addresses as text */
} rows[] = {
	{ "a.name", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, "192.0.2.1:0 [2001:db8::1]:0" },
	{ "a.name", "", SOCK_STREAM, FSOCK_ANY_FAMILY, "192.0.2.1:0 [2001:db8::1]:0" },
	{ "a.name", "80", SOCK_STREAM, FSOCK_ANY_FAMILY, "192.0.2.1:80 [2001:db8::1]:80" },
	{ "a.name", "tcp", SOCK_STREAM, FSOCK_ANY_FAMILY, "192.0.2.1:7 [2001:db8::1]:7" },
	{ "a.name", "udp", SOCK_DGRAM, FSOCK_ANY_FAMILY, "192.0.2.1:8 [2001:db8::1]:8" },
	{ "a.name", "tcp", SOCK_STREAM, FSOCK_IPV6_FIRST, "[2001:db8::1]:7 192.0.2.1:7" },
	{ "a.name", "tcp", SOCK_STREAM, FSOCK_IPV4_ONLY, "192.0.2.1:7" },
	{ "a.name", "tcp", SOCK_STREAM, FSOCK_IPV6_ONLY, "[2001:db8::1]:7" },
	{ "127.0.0.1", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, "127.0.0.1:0" },
	{ "127.0.0.1", "00080", SOCK_STREAM, FSOCK_ANY_FAMILY, "127.0.0.1:80" },
	{ "127.0.0.1", "tcp", SOCK_STREAM, FSOCK_ANY_FAMILY, "127.0.0.1:7" },
	{ "::1", "udp", SOCK_DGRAM, FSOCK_IPV6_ONLY, "[::1]:8" },
	{ NULL, "65535", SOCK_STREAM, FSOCK_ANY_FAMILY, "[::]:65535 0.0.0.0:65535" },
	{ NULL, "udp", SOCK_DGRAM, FSOCK_ANY_FAMILY, "[::]:8 0.0.0.0:8" },
	{ NULL, "udp", SOCK_DGRAM, FSOCK_IPV4_ONLY, "0.0.0.0:8" },
	{ "a.name:80", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, "192.0.2.1:80 [2001:db8::1]:80" },
	{ "a.name:tcp", NULL, SOCK_STREAM, FSOCK_IPV4_ONLY, "192.0.2.1:7" },
	{ "udp://[::1]:udp", NULL, SOCK_DGRAM, FSOCK_ANY_FAMILY, "[::1]:8" },
	{ "unix:s", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, "./s" },
	{ "/a/path", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, "/a/path" },
	{ "/a/path", "tcp", SOCK_STREAM, FSOCK_ANY_FAMILY, "/a/path" },
	{ "/a/path", "none", SOCK_STREAM, FSOCK_ANY_FAMILY, "/a/path" },
};

static void
check_answers(fsock *l, const char *answers)
{
	struct fsock_addr list[8];
	char all[256] = "", text[FSOCK_ADDR_TEXT_SIZE];
	ssize_t n;

	errno = EDOM;
	n = fsock_lookup_addresses(l, list, 8);
	ck_assert_msg(n > 0, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
	for (ssize_t i = 0; i < n; i++)
		snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? " " : "",
		    fsock_addr_to_text(&list[i], text, sizeof text));
	ck_assert_str_eq(all, answers);
	ck_assert_int_eq(fsock_lookup_addresses(l, NULL, 0), (int)n); /* again and again */
	list[0].length = 0;
	ck_assert_int_eq(fsock_lookup_addresses(l, list, 1), (int)n);
	ck_assert_str_eq(fsock_addr_to_text(&list[0], text, sizeof text), strtok(all, " "));
}

START_TEST(found)
{
	const struct row *row = &rows[_i % COUNT(rows)];
	int way = _i / COUNT(rows), fds = sock_open_fds();
	fsock *l = look_up(row->host, row->service, row->type, row->family);

	ck_assert_int_eq(wait_state(way, l, 25), FSOCK_INPUT);
	ck_assert_int_eq(wait_state(way, l, 25), FSOCK_INPUT); /* as often as it is asked */
	check_answers(l, row->answers);
	ck_assert_int_eq(fsock_close(l), 0);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* ---- Failures: some are known at once, the others are answers */

static const struct bad {
	const char *host, *service;
	int type;
	enum fsock_family family;
	int at_once;
	enum fsock_error_kind kind;
	int errnum;
} bads[] = {
	{ NULL, NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, 1, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ "x", NULL, SOCK_RAW, FSOCK_ANY_FAMILY, 1, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ "x", NULL, SOCK_STREAM, (enum fsock_family)99, 1, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ "x", "65536", SOCK_STREAM, FSOCK_ANY_FAMILY, 1, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ "x", "99999999999999999999", SOCK_STREAM, FSOCK_ANY_FAMILY, 1,
	    FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ "127.1", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, 1, FSOCK_NS_HOST_NOT_FOUND_ERROR,
	    EHOSTUNREACH },
	{ "", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, 1, FSOCK_NS_HOST_NOT_FOUND_ERROR, EHOSTUNREACH },
	{ "::1", NULL, SOCK_STREAM, FSOCK_IPV4_ONLY, 1, FSOCK_NS_NO_DATA_ERROR, EHOSTUNREACH },
	{ "nowhere", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, 0, FSOCK_NS_HOST_NOT_FOUND_ERROR,
	    EHOSTUNREACH },
	{ "nowhere", "tcp", SOCK_STREAM, FSOCK_ANY_FAMILY, 0, FSOCK_NS_HOST_NOT_FOUND_ERROR,
	    EHOSTUNREACH },
	{ "a.name", "none", SOCK_STREAM, FSOCK_ANY_FAMILY, 0, FSOCK_INVALID_ARGUMENT_ERROR,
	    EINVAL },
	{ "a.name", "80x", SOCK_STREAM, FSOCK_ANY_FAMILY, 0, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	/* Systems read these as numbers. */
	{ "a.name", "-1", SOCK_STREAM, FSOCK_ANY_FAMILY, 1, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ "a.name", "+80", SOCK_STREAM, FSOCK_ANY_FAMILY, 1, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ NULL, " 80", SOCK_STREAM, FSOCK_ANY_FAMILY, 1, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ "a.name:tcpx", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, 0, FSOCK_INVALID_ARGUMENT_ERROR,
	    EINVAL },
	{ "a.name:80", "80", SOCK_STREAM, FSOCK_ANY_FAMILY, 1, FSOCK_NS_HOST_NOT_FOUND_ERROR,
	    EHOSTUNREACH },
	{ "a.name:", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, 1, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ "udp://a.name:8", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, 1, FSOCK_INVALID_ARGUMENT_ERROR,
	    EINVAL },
	{ "a.name:8:9", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY, 1, FSOCK_NS_HOST_NOT_FOUND_ERROR,
	    EHOSTUNREACH },
	{ "127.0.0.1", "none", SOCK_STREAM, FSOCK_ANY_FAMILY, 0, FSOCK_INVALID_ARGUMENT_ERROR,
	    EINVAL },
	{ NULL, "tcp", SOCK_DGRAM, FSOCK_ANY_FAMILY, 0, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
};

START_TEST(failed)
{
	const struct bad *row = &bads[_i];
	int fds = sock_open_fds();
	fsock *l = fsock_lookup(row->host, row->service, row->type, row->family);

	ck_assert_int_eq(l == NULL, row->at_once);
	for (int turn = 0; turn < 2 && l != NULL; turn++) {
		ck_assert_int_eq(wait_state(0, l, 25), FSOCK_INPUT);
		fsock_clear_error();
		errno = 0;
		ck_assert_int_eq(fsock_lookup_addresses(l, NULL, 0), -1);
	}
	sock_assert_error(row->kind, row->errnum);
	ck_assert_str_eq(fsock_last_error()->operation, "look up");
	fsock_close(l);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* ---- While there is no answer */

START_TEST(waited_for)
{
	fsock *l = look_up("slow", "tcp", SOCK_STREAM, FSOCK_ANY_FAMILY);
	struct pollfd p = { .fd = fsock_socket(l), .events = POLLIN };
	char octet;

	await_asking(1);
	ck_assert_int_eq(wait_state(_i, l, 0), 0);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	ck_assert_int_eq(fsock_lookup_addresses(l, NULL, 0), -1);
	sock_assert_error(FSOCK_WOULD_BLOCK, EAGAIN);
	ck_assert_int_eq(fsock_receive(l, &octet, 1, NULL), -1);
	sock_assert_error(FSOCK_OPERATION_NOT_SUPPORTED_ERROR, EOPNOTSUPP);
	open_gate();
	ck_assert_int_eq(wait_state(_i, l, 25), FSOCK_INPUT);
	ck_assert_int_eq(poll(&p, 1, 0), 1);
	check_answers(l, "192.0.2.1:7 [2001:db8::1]:7");
	ck_assert_int_eq(wait_state(_i, l, 25), FSOCK_INPUT);
	fsock_close(l);
}
END_TEST

/* Cancelled, in a list and out of it; the thread that still asks cleans up behind itself. */
START_TEST(cancelled)
{
	fsock_waitlist *list = fsock_waitlist_new();
	int fds = sock_open_fds();
	fsock *l = look_up("slow", _i % 2 ? "tcp" : NULL, SOCK_STREAM, FSOCK_ANY_FAMILY);

	await_asking(1);
	if (_i / 2) {
		ck_assert_int_eq(fsock_waitlist_add(list, l, FSOCK_INPUT, NULL), 0);
		ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
	}
	ck_assert_int_eq(fsock_close(l), 0);
	ck_assert_int_eq(sock_open_fds(), fds);
	ck_assert_uint_eq(fsock_waitlist_count(list), 0);
	open_gate();
	await_asking(0);
	fsock_waitlist_free(list);
}
END_TEST

/* Several at once in one list, each with its own answer. */
START_TEST(many)
{
	fsock_waitlist *list = fsock_waitlist_new();
	fsock *l[40];
	struct fsock_event event;
	int left = 40;

	for (int i = 0; i < 40; i++) {
		l[i] = look_up(
		    i % 2 ? "slow" : "a.name", i % 3 ? "tcp" : "80", SOCK_STREAM, FSOCK_IPV4_ONLY);
		ck_assert_int_eq(fsock_waitlist_add(list, l[i], FSOCK_INPUT, &l[i]), 0);
	}
	open_gate();
	while (left > 0) {
		ck_assert_int_ge(fsock_waitlist_wait(list, 25, NULL), 1);
		while (fsock_waitlist_next(list, &event) != NULL) {
			fsock **place = event.user;

			check_answers(*place, (place - l) % 3 ? "192.0.2.1:7" : "192.0.2.1:80");
			fsock_close(*place);
			left--;
		}
	}
	fsock_waitlist_free(list);
}
END_TEST

/* A child looks up again what its parent has under way, and its parent's goes on. */
static int
look_up_again(void *arg)
{
	struct fsock_addr list[4];
	fsock *l = arg;

	open_gate();
	while (fsock_lookup_addresses(l, list, 4) < 0) {
		SOCK_EXPECT(errno == EAGAIN);
		SOCK_EXPECT(fsock_wait_for_input(&l, 1, 25, NULL) == 1);
	}
	SOCK_EXPECT(fsock_lookup_addresses(l, list, 4) == 2);
	SOCK_EXPECT(fsock_close(l) == 0);
	return 0;
}

/* The same with a list of its own: readable before it is asked, and again when the answer comes. */
static int
look_up_in_list(void *arg)
{
	fsock_waitlist *own = fsock_waitlist_new();
	struct fsock_addr list[4];
	fsock *l = arg;

	changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER; /* the parent's threads wait on it */
	SOCK_EXPECT(fsock_waitlist_add(own, l, FSOCK_INPUT, NULL) == 0);
	SOCK_EXPECT(fsock_waitlist_wait(own, 25, NULL) == 1);
	SOCK_EXPECT(fsock_waitlist_next(own, NULL) == l);
	SOCK_EXPECT(fsock_lookup_addresses(l, list, 4) < 0 && errno == EAGAIN);
	SOCK_EXPECT(fsock_waitlist_wait(own, 0, NULL) == 0);
	open_gate();
	SOCK_EXPECT(fsock_waitlist_wait(own, 25, NULL) == 1);
	SOCK_EXPECT(fsock_waitlist_next(own, NULL) == l);
	SOCK_EXPECT(fsock_lookup_addresses(l, list, 4) == 2);
	SOCK_EXPECT(fsock_close(l) == 0);
	SOCK_EXPECT(fsock_waitlist_wait(own, 0, NULL) == 0);
	fsock_waitlist_free(own);
	return 0;
}

static int
only_close(void *arg)
{
	SOCK_EXPECT(fsock_close(arg) == 0);
	return 0;
}

static int (*const in_child[])(void *) = { only_close, look_up_again, look_up_in_list };

START_TEST(child)
{
	fsock *l = look_up("slow", "tcp", SOCK_STREAM, FSOCK_ANY_FAMILY);

	await_asking(1);
	if (in_child[_i] == only_close || SOCK_MAY_FORK_THREADS)
		ck_assert_int_eq(sock_child(in_child[_i], l), 0);
	open_gate();
	ck_assert_int_eq(wait_state(0, l, 25), FSOCK_INPUT);
	check_answers(l, "192.0.2.1:7 [2001:db8::1]:7");
	fsock_close(l);
}
END_TEST

/* ---- Calls that cannot be, and ports alone */

START_TEST(bad_calls)
{
	fsock *s = fsock_datagram(NULL, 0, NULL), *l;
	struct fsock_addr addr;

	ck_assert_int_eq(fsock_lookup_addresses(NULL, &addr, 1), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock_lookup_addresses(s, &addr, 1), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	fsock_close(s);
	s = fsock_timer();
	ck_assert_int_eq(fsock_lookup_addresses(s, &addr, 1), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	fsock_close(s);
	l = look_up("127.0.0.1", NULL, SOCK_STREAM, FSOCK_ANY_FAMILY);
	ck_assert_int_eq(fsock_lookup_addresses(l, NULL, 1), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	fsock_close(l);
}
END_TEST

static const struct port {
	const char *service;
	int type, port; /* -1: EINVAL */
} ports[] = {
	{ "tcp", SOCK_STREAM, 7 },
	{ "tcp", SOCK_DGRAM, -1 },
	{ "udp", SOCK_DGRAM, 8 },
	{ "80", SOCK_STREAM, 80 },
	{ "0", SOCK_STREAM, 0 },
	{ "65535", SOCK_DGRAM, 65535 },
	{ "65536", SOCK_STREAM, -1 },
	{ "-1", SOCK_STREAM, -1 },
	{ " 80", SOCK_STREAM, -1 },
	{ "none", SOCK_STREAM, -1 },
	{ "", SOCK_STREAM, -1 },
	{ NULL, SOCK_STREAM, -1 },
	{ "80", SOCK_RAW, -1 },
};

START_TEST(port_alone)
{
	const struct port *row = &ports[_i];

	errno = EDOM;
	ck_assert_int_eq(fsock_get_port_by_service(row->service, row->type), row->port);
	if (row->port >= 0)
		ck_assert_int_eq(errno, EDOM);
	else
		sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("name_lookup");
	TCase *tcase = tcase_create("name_lookup");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, found, 0, wait_ways() * COUNT(rows));
	tcase_add_loop_test(tcase, failed, 0, COUNT(bads));
	tcase_add_loop_test(tcase, waited_for, 0, wait_ways());
	tcase_add_loop_test(tcase, cancelled, 0, 4);
	tcase_add_test(tcase, many);
	tcase_add_loop_test(tcase, child, 0, COUNT(in_child));
	tcase_add_test(tcase, bad_calls);
	tcase_add_loop_test(tcase, port_alone, 0, COUNT(ports));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

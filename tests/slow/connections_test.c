/* A thousand connections at the same time, each with a thread that serves it, lines both ways. */
#include "../../src/base/compat.h"

#include <sys/resource.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <check.h>

#include <fsock.h>

#include "support/peer.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

#define CONNECTIONS 1000
#define ROUNDS      20

static const char *const hosts[] = { "127.0.0.1", "::1", "path" };

static const struct fsock_options patience = { .timeout = 60 };

/* What the threads report; the tests alone assert. */
static atomic_int lines_served, ends_seen, failures;

/* Answers every line with it, in brackets. */
static void *
serve(void *arg)
{
	fsock *s = arg;
	FILE *f = fsock_stream(s);
	char line[64];

	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (fprintf(f, "(%s)\n", line) < 0)
			failures++;
		lines_served++;
	}
	if (f != NULL && feof(f))
		ends_seen++;
	if (fsock_close(s) < 0)
		failures++;
	return NULL;
}

/* Takes all connections, each to a thread. Returns how many it took. */
static void *
accept_all(void *listener)
{
	static pthread_t threads[CONNECTIONS];
	pthread_attr_t attributes;
	intptr_t count = 0;
	fsock *s;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 128 << 10);
	while (count < CONNECTIONS && (s = fsock_accept(listener, NULL)) != NULL) {
		if (pthread_create(&threads[count], &attributes, serve, s) != 0)
			break;
		count++;
	}
	for (intptr_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attributes);
	return (void *)count;
}

/* Two descriptors for each connection. Returns 0 if the system allows no more than fewer. */
static int
raise_limit(void)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < 2 * CONNECTIONS + 100)
		limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur >= 2 * CONNECTIONS + 100)
		return 1;
	fprintf(stderr, "SKIPPED: only %lu files may be open\n", (unsigned long)limit.rlim_cur);
	return 0;
}

/* In one round every client says a line before any of them reads. */
static void
converse(FILE *const f[])
{
	char line[64], expected[64];

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < CONNECTIONS; i++) {
			ck_assert_int_gt(fprintf(f[i], "client %d, round %d\n", i, round), 0);
			ck_assert_int_eq(fflush(f[i]), 0);
		}
		for (int i = CONNECTIONS - 1; i >= 0; i--) {
			snprintf(expected, sizeof expected, "(client %d, round %d)\n", i, round);
			ck_assert_msg(fgets(line, sizeof line, f[i]) != NULL, "client %d: %s", i,
			    fsock_last_error()->text);
			ck_assert_str_eq(line, expected);
		}
	}
}

START_TEST(thousand)
{
	static fsock *clients[CONNECTIONS];
	static FILE *f[CONNECTIONS];
	const char *host = strcmp(hosts[_i], "path") == 0 ? peer_path("socket") : hosts[_i];
	pthread_t acceptor;
	fsock *listener;
	void *taken;

	if (!raise_limit() || peer_cannot_use(host))
		return;
	listener = fsock_listen(host, 0, &patience);
	ck_assert_ptr_nonnull(listener);
	ck_assert_int_eq(pthread_create(&acceptor, NULL, accept_all, listener), 0);
	for (int i = 0; i < CONNECTIONS; i++) {
		clients[i] = fsock_connect(host, fsock_local_port(listener), &patience);
		ck_assert_msg(clients[i] != NULL, "client %d: %s", i, fsock_last_error()->text);
		f[i] = fsock_stream(clients[i]);
		ck_assert_ptr_nonnull(f[i]);
	}
	converse(f);
	for (int i = 0; i < CONNECTIONS; i++)
		ck_assert_int_eq(fsock_shutdown(clients[i], FSOCK_OUTPUT), 0);
	ck_assert_int_eq(pthread_join(acceptor, &taken), 0);
	ck_assert_int_eq((intptr_t)taken, CONNECTIONS);
	ck_assert_int_eq(lines_served, CONNECTIONS * ROUNDS);
	ck_assert_int_eq(ends_seen, CONNECTIONS);
	ck_assert_int_eq(failures, 0);
	for (int i = 0; i < CONNECTIONS; i++) {
		ck_assert_int_eq(getc(f[i]), EOF);
		ck_assert(feof(f[i]) && !ferror(f[i]));
		ck_assert_int_eq(fsock_close(clients[i]), 0);
	}
	ck_assert_int_eq(fsock_close(listener), 0);
}
END_TEST

static Suite *
connections_suite(void)
{
	Suite *suite = suite_create("connections");
	TCase *tcase = tcase_create("connections");

	tcase_add_unchecked_fixture(tcase, peer_make_directory, peer_remove_directory);
	tcase_add_loop_test(tcase, thousand, 0, COUNT(hosts));
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(connections_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

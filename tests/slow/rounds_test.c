/*
 * A hundred thousand connections, one after the other: neither descriptors nor memory are left.
 *
 * Who closes a TCP connection first keeps its ports for a minute (TIME_WAIT). If that were always
 * the client, its free ports would run out; so the server closes first here, or the client aborts.
 */
#include "../../src/base/compat.h"

#include <dirent.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#include <fsock.h>

#include "support/peer.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

#define WARM_UP 2000

/* How a round ends, once a line went each way. The server's end is closed before the client's. */
enum ending {
	CLOSE,   /* fsock_close() of both */
	FCLOSE,  /* fclose() of every stream, the last of which ends the connection */
	ABORT,   /* fsock_abort() by the client, with output pending */
	RELEASE, /* the client gives the descriptor back */
	ENDINGS
};

static const struct row {
	const char *host;
	int rounds;
} rows[] = {
	{ "127.0.0.1", 100000 },
	{ "::1", 20000 },
	{ "path", 20000 },
};

static const struct fsock_options patience = { .timeout = 20 };

static int
count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* The memory of this process, in KiB. */
static long
resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long size, pages;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%ld %ld", &size, &pages), 2);
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A line from one end to the other. */
static void
pass(FILE *from, FILE *to, int i)
{
	int got = -1;

	ck_assert_int_gt(fprintf(from, "%d\n", i), 0);
	ck_assert_int_eq(fflush(from), 0);
	ck_assert_int_eq(fscanf(to, "%d", &got), 1);
	ck_assert_int_eq(got, i);
	ck_assert_int_eq(getc(to), '\n');
}

/* The server's end has two streams, the client's one. */
static void
end(enum ending ending, fsock *server, FILE *in, FILE *out, fsock *client, FILE *f)
{
	char rest[16];
	int fd;

	if (ending == FCLOSE) {
		fsock_disown(server);
		fsock_disown(client);
		ck_assert_int_eq(fclose(in), 0);
		ck_assert_int_eq(fclose(out), 0);
		ck_assert_int_eq(getc(f), EOF);
		ck_assert_int_eq(fclose(f), 0);
		return;
	}
	if (ending == ABORT) {
		ck_assert_int_ge(fputs("never sent", f), 0);
		ck_assert_int_eq(fsock_abort(client), 0);
		ck_assert_int_eq(fsock_close(server), 0);
		return;
	}
	ck_assert_int_eq(fsock_close(server), 0);
	ck_assert_int_eq(getc(f), EOF);
	if (ending == CLOSE) {
		ck_assert_int_eq(fsock_close(client), 0);
		return;
	}
	fd = fsock_release(client, rest, sizeof rest, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
}

static void
run_rounds(fsock *listener, const char *host, int count)
{
	int port = fsock_local_port(listener);

	for (int i = 0; i < count; i++) {
		fsock *client = fsock_connect(host, port, &patience), *server;
		FILE *f, *in, *out;

		ck_assert_msg(client != NULL, "round %d: %s", i, fsock_last_error()->text);
		server = fsock_accept(listener, NULL);
		ck_assert_msg(server != NULL, "round %d: %s", i, fsock_last_error()->text);
		f = fsock_stream(client);
		in = fsock_input(server);
		out = fsock_output(server);
		ck_assert(f != NULL && in != NULL && out != NULL);
		pass(f, in, i);
		pass(out, f, i);
		end(i % ENDINGS, server, in, out, client, f);
	}
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

START_TEST(flat)
{
	const struct row *row = &rows[_i];
	const char *host = strcmp(row->host, "path") == 0 ? peer_path("socket") : row->host;
	int descriptors;
	double begun;
	long memory;
	fsock *listener;

	if (peer_cannot_use(host))
		return;
	listener = fsock_listen(host, 0, &patience);
	ck_assert_ptr_nonnull(listener);
	run_rounds(listener, host, WARM_UP);
	descriptors = count_descriptors();
	memory = resident();
	begun = now();
	run_rounds(listener, host, row->rounds);
	printf("%s: %d rounds, %.0f a second, memory grew by %ld KiB to %ld KiB\n", row->host,
	    row->rounds, row->rounds / (now() - begun), resident() - memory, resident());
	ck_assert_int_eq(count_descriptors(), descriptors);
	ck_assert_int_le(resident() - memory, 128);
	ck_assert_int_eq(fsock_close(listener), 0);
}
END_TEST

static Suite *
rounds_suite(void)
{
	Suite *suite = suite_create("rounds");
	TCase *tcase = tcase_create("rounds");

	tcase_add_unchecked_fixture(tcase, peer_make_directory, peer_remove_directory);
	tcase_add_loop_test(tcase, flat, 0, COUNT(rows));
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(rounds_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

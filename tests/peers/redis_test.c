/* A Redis server spoken to with fprintf() and fgets(): typed lines, counted strings, pipelines. */
#include "../../src/base/compat.h"

#include <pthread.h>
#include <stdlib.h>

#include <check.h>

#include <fsock.h>

#include "support/peer.h"
#include "support/traffic.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

#define DEEP 100000 /* commands in a pipeline */

/* How to reach the server that every test starts. */
static const struct way {
	const char *host; /* "path" is a file in the directory */
} ways[] = { { "127.0.0.1" }, { "::1" }, { "path" } };

static struct peer redis;
static int port;

static const char *
host_of(const struct way *way)
{
	return strcmp(way->host, "path") == 0 ? peer_path("redis") : way->host;
}

/* A port that was free just now; somebody may yet be quicker than the server. */
static int
free_port(const char *host)
{
	fsock *probe = fsock_listen(host, 0, NULL);
	int number = fsock_local_port(probe);

	fsock_close(probe);
	return number;
}

/* Starts the server. Returns 0 if there is none. */
static int
start(const struct way *way)
{
	static const char tcp[] =
	    "exec redis-server --bind $HOST --port $PORT --save '' --dir $DIR";
	static const char local[] =
	    "exec redis-server --port 0 --unixsocket $HOST --save '' --dir $DIR";

	if (peer_is_missing("redis-server") || peer_cannot_use(host_of(way)))
		return 0;
	for (int tries = 0; tries < 5; tries++) {
		port = free_port(host_of(way));
		peer_start(
		    &redis, strcmp(way->host, "path") == 0 ? local : tcp, host_of(way), port);
		if (peer_says(redis.from, "eady to accept connections") != NULL)
			return 1;
		peer_end(&redis);
	}
	ck_abort_msg("redis-server does not start");
	return 0;
}

static fsock *
reach(const struct way *way, double read_timeout)
{
	struct fsock_options options = { .timeout = 20, .read_timeout = read_timeout };
	fsock *s = fsock_connect(host_of(way), port, &options);

	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	return s;
}

/* The next line of a reply. */
static void
expect(FILE *f, const char *line)
{
	char buf[256];

	ck_assert_msg(
	    fgets(buf, sizeof buf, f) != NULL, "instead of %s: %s", line, fsock_last_error()->text);
	ck_assert_str_eq(buf, line);
}

/* Typed commands, and the lines that answer them; "" ends the lines. */
static const struct {
	const char *command, *replies[6];
} exchanges[] = {
	{ "PING", { "+PONG\r\n" } },
	{ "PING hello", { "$5\r\n", "hello\r\n" } },
	{ "SET a 1", { "+OK\r\n" } },
	{ "INCR a", { ":2\r\n" } },
	{ "GET a", { "$1\r\n", "2\r\n" } },
	{ "GET nothing", { "$-1\r\n" } },
	{ "RPUSH l x yy", { ":2\r\n" } },
	{ "LRANGE l 0 -1", { "*2\r\n", "$1\r\n", "x\r\n", "$2\r\n", "yy\r\n" } },
	{ "SET \"k \\x41\" \"v \\\"q\\\"\"", { "+OK\r\n" } },
	{ "GET \"k A\"", { "$5\r\n", "v \"q\"\r\n" } },
	{ "INCR l", { "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" } },
	{ "QUIT", { "+OK\r\n" } },
};

START_TEST(typed)
{
	FILE *f;
	fsock *s;

	if (!start(&ways[_i]))
		return;
	s = reach(&ways[_i], 0);
	f = fsock_stream(s);
	for (int i = 0; i < COUNT(exchanges); i++) {
		fprintf(f, "%s\r\n", exchanges[i].command);
		for (int j = 0; j < 6 && exchanges[i].replies[j] != NULL; j++)
			expect(f, exchanges[i].replies[j]);
	}
	ck_assert_int_eq(fgetc(f), EOF);
	ck_assert(feof(f) && !ferror(f));
	ck_assert_int_eq(fsock_close(s), 0);
	peer_kill(&redis);
}
END_TEST

/* Commands sent while replies to earlier ones wait in the stream: every three, one line is read. */
START_TEST(interleaved)
{
	char expected[32];
	int lines = 0;
	FILE *f;
	fsock *s;

	if (!start(&ways[_i]))
		return;
	s = reach(&ways[_i], 0);
	f = fsock_stream(s);
	for (int i = 0; i < 300; i++) {
		ck_assert_int_eq(fprintf(f, "PING %03d\r\n", i), 10);
		if (i % 3 != 2)
			continue;
		snprintf(expected, sizeof expected, "%03d\r\n", lines / 2);
		expect(f, lines % 2 == 0 ? "$3\r\n" : expected);
		lines++;
	}
	for (; lines < 600; lines++) {
		snprintf(expected, sizeof expected, "%03d\r\n", lines / 2);
		expect(f, lines % 2 == 0 ? "$3\r\n" : expected);
	}
	ck_assert_int_eq(fsock_close(s), 0);
	peer_kill(&redis);
}
END_TEST

static const size_t lengths[] = { 0, 1, 2, 255, 4096, 8191, 8192, 8193, 70000, 5 << 20 };

/* Any octets, CR LF and NUL among them, counted by RESP. */
START_TEST(counted)
{
	uint64_t state = 7;
	FILE *f;
	fsock *s;

	if (!start(&ways[_i]))
		return;
	s = reach(&ways[_i], 0);
	f = fsock_stream(s);
	for (int i = 0; i < COUNT(lengths); i++) {
		size_t n = lengths[i], length;
		char *value = malloc(n + 2), *back = malloc(n + 2);

		traffic_fill(&state, value, n);
		memcpy(value + n, "\r\n", 2);
		memcpy(value + n / 2, "\r\n", 2);
		fprintf(f, "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$%zu\r\n", n);
		ck_assert_uint_eq(fwrite(value, 1, n, f), n);
		fputs("\r\n*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n", f);
		expect(f, "+OK\r\n");
		ck_assert_int_eq(fscanf(f, "$%zu", &length), 1);
		ck_assert_uint_eq(length, n);
		ck_assert_int_eq(getc(f), '\r');
		ck_assert_int_eq(getc(f), '\n');
		ck_assert_uint_eq(fread(back, 1, n + 2, f), n + 2);
		ck_assert_mem_eq(back, value, n);
		ck_assert_mem_eq(back + n, "\r\n", 2);
		free(value);
		free(back);
	}
	ck_assert_int_eq(fsock_close(s), 0);
	peer_kill(&redis);
}
END_TEST

/* A thread's part. Returns NULL if something could not be sent. */
static void *
write_commands(void *output)
{
	for (int i = 0; i < DEEP; i++)
		fprintf(output, "*2\r\n$4\r\nECHO\r\n$8\r\n%08d\r\n", i);
	return fflush(output) == 0 ? output : NULL;
}

/* More commands and replies under way than any buffer holds. */
START_TEST(pipeline)
{
	char expected[16];
	pthread_t writer;
	FILE *input;
	void *sent;
	fsock *s;

	if (!start(&ways[_i]))
		return;
	s = reach(&ways[_i], 0);
	input = fsock_input(s);
	ck_assert_int_eq(pthread_create(&writer, NULL, write_commands, fsock_output(s)), 0);
	for (int i = 0; i < DEEP; i++) {
		expect(input, "$8\r\n");
		snprintf(expected, sizeof expected, "%08d\r\n", i);
		expect(input, expected);
	}
	ck_assert_int_eq(pthread_join(writer, &sent), 0);
	ck_assert_ptr_nonnull(sent);
	ck_assert_int_eq(fsock_close(s), 0);
	peer_kill(&redis);
}
END_TEST

/* Waiting for an answer that comes only when another connection has done something. */
START_TEST(timeout_survived)
{
	fsock *s, *other;
	char line[64];
	FILE *f, *g;

	if (!start(&ways[_i]))
		return;
	s = reach(&ways[_i], 0.05);
	other = reach(&ways[_i], 0);
	f = fsock_stream(s);
	g = fsock_stream(other);
	fputs("BLPOP queue 0\r\n", f);
	for (int i = 0; i < 3; i++) {
		errno = 0;
		ck_assert_ptr_null(fgets(line, sizeof line, f));
		ck_assert_int_eq(errno, ETIMEDOUT);
		ck_assert(ferror(f) && !feof(f));
		ck_assert_int_eq(fsock_last_error()->kind, FSOCK_TIMEOUT_ERROR);
		clearerr(f);
	}
	ck_assert_int_eq(fsock_set_option(s, FSOCK_OPTION_RECEIVE_TIMEOUT, 20), 0);
	fputs("RPUSH queue job\r\n", g);
	expect(g, ":1\r\n");
	expect(f, "*2\r\n");
	expect(f, "$5\r\n");
	expect(f, "queue\r\n");
	expect(f, "$3\r\n");
	expect(f, "job\r\n");
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_int_eq(fsock_close(other), 0);
	peer_kill(&redis);
}
END_TEST

static Suite *
redis_suite(void)
{
	Suite *suite = suite_create("redis");
	TCase *tcase = tcase_create("redis");

	tcase_add_unchecked_fixture(tcase, peer_make_directory, peer_remove_directory);
	tcase_add_loop_test(tcase, typed, 0, COUNT(ways));
	tcase_add_loop_test(tcase, interleaved, 0, COUNT(ways));
	tcase_add_loop_test(tcase, counted, 0, COUNT(ways));
	tcase_add_loop_test(tcase, pipeline, 0, COUNT(ways));
	tcase_add_loop_test(tcase, timeout_survived, 0, COUNT(ways));
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(redis_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

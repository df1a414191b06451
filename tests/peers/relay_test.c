/*
 * netcat and socat, as client and as server: programs that pass on what they are given. What we say
 * comes out of their standard output, what goes into their standard input is what we hear.
 */
#include "../../src/base/compat.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <check.h>

#include <fsock.h>

#include "support/peer.h"
#include "support/traffic.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

#define BULK (16 << 20)

/* The program connects to $HOST $PORT, or listens there and says where. A path is in $DIR. */
static const struct relay {
	const char *program, *host;
	int is_server;
	const char *command;
} relays[] = {
	{ "nc", "127.0.0.1", 0, "nc -N $HOST $PORT" },
	{ "nc", "127.0.0.1", 1, "nc -lvN $HOST 0" },
	{ "nc", "::1", 0, "nc -N $HOST $PORT" },
	{ "nc", "::1", 1, "nc -lvN $HOST 0" },
	{ "nc", "path", 0, "nc -NU $HOST" },
	{ "nc", "path", 1, "nc -lvNU $HOST" },
	{ "socat", "127.0.0.1", 0, "socat -t60 - TCP4:$HOST:$PORT" },
	{ "socat", "127.0.0.1", 1, "socat -dd -t60 - TCP4-LISTEN:0,bind=$HOST" },
	{ "socat", "::1", 0, "socat -t60 - TCP6:[$HOST]:$PORT" },
	{ "socat", "::1", 1, "socat -dd -t60 - TCP6-LISTEN:0,bind=[$HOST]" },
	{ "socat", "path", 0, "socat -t60 - UNIX-CONNECT:$HOST" },
	{ "socat", "path", 1, "socat -dd -t60 - UNIX-LISTEN:$HOST" },
#if defined(__linux__)
	{ "socat", "@fsock-relay", 0, "socat -t60 - ABSTRACT-CONNECT:${HOST#@}" },
	{ "socat", "@fsock-relay", 1, "socat -dd -t60 - ABSTRACT-LISTEN:${HOST#@}" },
#endif
};

static const struct fsock_options patience = { .timeout = 20 };

/* What the threads report to the tests, which alone assert. */
static int copied;

/* The host of a row; paths and names are this process's own. */
static const char *
host_of(const struct relay *r)
{
	static char name[64];

	if (strcmp(r->host, "path") == 0)
		return peer_path("socket");
	if (r->host[0] != '@')
		return r->host;
	snprintf(name, sizeof name, "%s-%ld", r->host, (long)getpid());
	return name;
}

/* Connects with the program, its files redirected as `files` says; NULL if there is no program. */
static fsock *
meet(const struct relay *r, struct peer *p, const char *files)
{
	const char *host = host_of(r);
	fsock *listener, *s;
	char command[256];

	if (peer_is_missing(r->program) || peer_cannot_use(host))
		return NULL;
	snprintf(command, sizeof command, "exec %s %s", r->command, files);
	if (r->is_server) {
		const char *line;
		int port = 0;

		peer_start(p, command, host, 0);
		line = peer_await(p->log, r->program[0] == 'n' ? "Listening on" : "listening on");
		if (host == r->host) /* an IP address */
			port = peer_last_number(line);
		s = fsock_connect(host, port, &patience);
	} else {
		listener = fsock_listen(host, 0, &patience);
		ck_assert_ptr_nonnull(listener);
		peer_start(p, command, host, fsock_local_port(listener));
		s = fsock_accept(listener, &patience);
		ck_assert_int_eq(fsock_close(listener), 0);
	}
	ck_assert_msg(s != NULL, "%s: %s", r->command, fsock_last_error()->text);
	return s;
}

/* The next line from a FILE, be it theirs or ours. */
static void
expect(FILE *from, const char *line)
{
	char buf[256];

	ck_assert_msg(fgets(buf, sizeof buf, from) != NULL, "instead of \"%s\": %s", line,
	    fsock_last_error()->text);
	ck_assert_str_eq(buf, line);
}

static void
expect_end(FILE *from)
{
	ck_assert_int_eq(fgetc(from), EOF);
	ck_assert(feof(from) && !ferror(from));
}

/* Closes both ends: nothing is lost, nobody complains. */
static void
part(fsock *s, struct peer *p)
{
	ck_assert_int_eq(fsock_close(s), 0);
	expect_end(p->from);
	ck_assert_int_eq(peer_end(p), 0);
}

/* Lines to and fro, and several at once. */
static void
talk(FILE *f, struct peer *p)
{
	char line[64];

	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof line, "question %d\n", i);
		ck_assert_int_eq(fprintf(f, "question %d\n", i), (int)strlen(line));
		ck_assert_int_eq(fflush(f), 0);
		expect(p->from, line);
		snprintf(line, sizeof line, "answer %d\n", i);
		fputs(line, p->to);
		expect(f, line);
	}
	fputs("one\ntwo\nthree\n", p->to);
	expect(f, "one\n");
	ck_assert_int_eq(fprintf(f, "%s %d %c\n", "between", 12, '!'), 13); /* "two" waits in f */
	ck_assert_int_eq(fflush(f), 0);
	expect(p->from, "between 12 !\n");
	expect(f, "two\n");
	expect(f, "three\n");
}

START_TEST(they_end_first)
{
	struct peer p;
	fsock *s = meet(&relays[_i], &p, "");
	FILE *f = s == NULL ? NULL : fsock_stream(s);

	if (s == NULL)
		return;
	ck_assert_ptr_nonnull(f);
	talk(f, &p);
	fputs("no line end", p.to);
	fclose(p.to);
	p.to = NULL;
	expect(f, "no line end");
	expect_end(f);
	/* Their half is closed, ours goes on. */
	ck_assert_int_ge(fputs("still here\n", f), 0);
	ck_assert_int_eq(fflush(f), 0);
	expect(p.from, "still here\n");
	ck_assert_int_ge(fputs("bye\n", f), 0); /* flushed by closing */
	ck_assert_int_eq(fsock_close(s), 0);
	expect(p.from, "bye\n");
	expect_end(p.from);
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

START_TEST(we_end_first)
{
	struct peer p;
	fsock *s = meet(&relays[_i], &p, "");
	FILE *f = s == NULL ? NULL : fsock_stream(s);

	if (s == NULL)
		return;
	ck_assert_ptr_nonnull(f);
	talk(f, &p);
	ck_assert_int_ge(fputs("that was all\n", f), 0);
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
	expect(p.from, "that was all\n");
	if (strncmp(relays[_i].command, "nc -l", 5) != 0) { /* which ends when we do */
		fputs("still here\n", p.to);
		expect(f, "still here\n");
		fclose(p.to);
		p.to = NULL;
	}
	expect_end(f);
	part(s, &p);
}
END_TEST

/* Makes the file that the program is to send. Returns its checksum. */
static uint64_t
make_file(const char *path)
{
	struct traffic_sum sum = { 0 };
	FILE *file = fopen(path, "w");
	uint64_t state = 1;
	char buf[8192];

	for (int n = 0; n < BULK; n += (int)sizeof buf) {
		traffic_fill(&state, buf, sizeof buf);
		traffic_add(&sum, buf, sizeof buf);
		ck_assert_uint_eq(fwrite(buf, 1, sizeof buf, file), sizeof buf);
	}
	ck_assert_int_eq(fclose(file), 0);
	return traffic_total(&sum);
}

/* The checksum of all that comes. */
static uint64_t
read_all(FILE *from)
{
	struct traffic_sum sum = { 0 };
	char buf[5000];
	size_t n;

	while ((n = fread(buf, 1, sizeof buf, from)) > 0)
		traffic_add(&sum, buf, n);
	return traffic_total(&sum);
}

/* Sends what is in the file. Sets `copied` if all is well. */
static void *
write_all(void *to)
{
	FILE *file = fopen(peer_path("in"), "r");
	char buf[3000];
	size_t n;

	copied = 1;
	while ((n = fread(buf, 1, sizeof buf, file)) > 0)
		if (fwrite(buf, 1, n, to) < n)
			copied = 0;
	fclose(file);
	return NULL;
}

START_TEST(bulk_in_turn)
{
	uint64_t sum = make_file(peer_path("in"));
	struct peer p;
	fsock *s = meet(&relays[_i], &p, "<$DIR/in >$DIR/out");
	FILE *f = s == NULL ? NULL : fsock_stream(s), *out;

	if (s == NULL)
		return;
	ck_assert_uint_eq(read_all(f), sum);
	ck_assert(feof(f) && !ferror(f));
	write_all(f);
	ck_assert(copied);
	part(s, &p);
	out = fopen(peer_path("out"), "r");
	ck_assert_uint_eq(read_all(out), sum);
	fclose(out);
}
END_TEST

START_TEST(bulk_at_once)
{
	uint64_t sum = make_file(peer_path("in"));
	struct peer p;
	fsock *s = meet(&relays[_i], &p, "<$DIR/in >$DIR/out");
	FILE *input = s == NULL ? NULL : fsock_input(s), *out;
	pthread_t writer;

	if (s == NULL)
		return;
	ck_assert_int_eq(pthread_create(&writer, NULL, write_all, fsock_output(s)), 0);
	ck_assert_uint_eq(read_all(input), sum);
	ck_assert(feof(input) && !ferror(input));
	ck_assert_int_eq(pthread_join(writer, NULL), 0);
	ck_assert(copied);
	part(s, &p);
	out = fopen(peer_path("out"), "r");
	ck_assert_uint_eq(read_all(out), sum);
	fclose(out);
}
END_TEST

static Suite *
relay_suite(void)
{
	Suite *suite = suite_create("relay");
	TCase *tcase = tcase_create("relay");

	tcase_add_unchecked_fixture(tcase, peer_make_directory, peer_remove_directory);
	tcase_add_loop_test(tcase, they_end_first, 0, COUNT(relays));
	tcase_add_loop_test(tcase, we_end_first, 0, COUNT(relays));
	tcase_add_loop_test(tcase, bulk_in_turn, 0, COUNT(relays));
	tcase_add_loop_test(tcase, bulk_at_once, 0, COUNT(relays));
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(relay_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

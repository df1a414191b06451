/*
 * Layers on layers: the one of examples/deflate.c, which keeps octets until it is flushed and makes
 * many of few, alone, over TLS, and over one that is as unkind as a layer may be.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include <fsock/tls.h>

#include "../support/layered.h"
#include "../support/sock_support.h"

int deflate_main(int argc, char **argv);
#define main deflate_main
#include "../../examples/deflate.c"
#undef main

static char directory[] = "/tmp/fsock-deflate-XXXXXX";

/* What is below, bottom first: one that is odd, TLS. */
static const struct {
	const struct mangle_plan *odd;
	int has_tls;
} stacks[] = {
	{ NULL, 0 },
	{ NULL, 1 },
	{ &(const struct mangle_plan){ .key = 0x5A, .handshake = 2, .keeps = 1 }, 0 },
	{ &(const struct mangle_plan){ .key = 0x5A, .handshake = 1 }, 1 },
};

struct pair {
	fsock *ends[2];
	fsock_tls *tls[2]; /* the second end is the server */
};

static void *
accept_tls(void *arg)
{
	struct pair *p = arg;

	return fsock_tls_start(p->ends[1], p->tls[1], 1) == 0 ? p : NULL;
}

static void
start_tls(struct pair *p)
{
	char ca[64], certificate[64], key[64];
	pthread_t thread;
	void *r;

	snprintf(ca, sizeof ca, "%s/ca.pem", directory);
	snprintf(certificate, sizeof certificate, "%s/good.pem", directory);
	snprintf(key, sizeof key, "%s/good.key", directory);
	p->tls[0] =
	    fsock_tls_new(&(struct fsock_tls_options){ .name = "localhost", .ca_file = ca });
	p->tls[1] =
	    fsock_tls_new(&(struct fsock_tls_options){ .certificate = certificate, .key = key });
	ck_assert(p->tls[0] != NULL && p->tls[1] != NULL);
	ck_assert_int_eq(pthread_create(&thread, NULL, accept_tls, p), 0);
	ck_assert_msg(
	    fsock_tls_start(p->ends[0], p->tls[0], 0) == 0, "%s", fsock_last_error()->text);
	ck_assert_int_eq(pthread_join(thread, &r), 0);
	ck_assert_ptr_nonnull(r);
}

static void
open_pair(struct pair *p, int stack)
{
	memset(p, 0, sizeof *p);
	ck_assert_int_eq(fsock_pair(p->ends, &(struct fsock_options){ .timeout = 20 }), 0);
	for (int i = 0; i < 2 && stacks[stack].odd != NULL; i++)
		ck_assert_int_eq(mangle_push(p->ends[i], stacks[stack].odd, 0), 0);
	if (stacks[stack].has_tls)
		start_tls(p);
	for (int i = 0; i < 2; i++)
		ck_assert_msg(deflate_push(p->ends[i]) == 0, "%s", fsock_last_error()->text);
}

static void
close_pair(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		fsock_close(p->ends[i]);
		fsock_tls_free(p->tls[i]);
	}
	ck_assert_int_eq(mangle_count(), 0);
}

static void
say(fsock *from, fsock *to, const char *text)
{
	FILE *out = fsock_stream(from), *in = fsock_stream(to);
	char line[256];

	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fflush(out), 0);
	ck_assert_msg(fgets(line, sizeof line, in) != NULL, "%s", fsock_last_error()->text);
	ck_assert_str_eq(line, text);
}

/* A line is there when it was flushed; the end of output leaves the other direction. */
START_TEST(lines)
{
	struct pair p;
	FILE *in;

	open_pair(&p, _i);
	for (int i = 0; i < 100; i++) {
		say(p.ends[0], p.ends[1], "from here\n");
		say(p.ends[1], p.ends[0], "and back\n");
	}
	ck_assert_int_eq(fsock_shutdown(p.ends[0], FSOCK_OUTPUT), 0);
	in = fsock_stream(p.ends[1]);
	ck_assert_int_eq(fgetc(in), EOF);
	ck_assert(feof(in) && !ferror(in));
	say(p.ends[1], p.ends[0], "and an answer\n");
	ck_assert_int_eq(fsock_close(p.ends[1]), 0);
	p.ends[1] = NULL;
	in = fsock_stream(p.ends[0]);
	ck_assert_int_eq(fgetc(in), EOF);
	ck_assert(feof(in) && !ferror(in));
	close_pair(&p);
}
END_TEST

/* Much in both directions, with a reader and a writer on each end. */
enum { LINES = 20000 };

static void
print_line(char *line, size_t size, int number)
{
	/* In turn what cannot be made shorter, and what can by far. */
	unsigned mixed = (unsigned)number * 2654435761u;

	snprintf(line, size, "%d %*u\n", number, number / 1000 % 2 ? 200 : 1, mixed);
}

static void *
write_bulk(void *arg)
{
	FILE *out = fsock_output(arg);
	char line[256];

	for (int i = 0; i < LINES; i++) {
		print_line(line, sizeof line, i);
		fputs(line, out);
	}
	return fclose(out) == 0 ? arg : NULL;
}

static void *
read_bulk(void *arg)
{
	FILE *in = fsock_input(arg);
	char line[256], expected[256];
	int i;

	for (i = 0; fgets(line, sizeof line, in) != NULL; i++) {
		print_line(expected, sizeof expected, i);
		if (strcmp(line, expected) != 0)
			return NULL;
	}
	return i == LINES && !ferror(in) ? arg : NULL;
}

START_TEST(bulk)
{
	pthread_t threads[4];
	struct pair p;
	void *r;

	open_pair(&p, _i);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, i < 2 ? write_bulk : read_bulk,
				     p.ends[i % 2]),
		    0);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &r), 0);
		ck_assert_ptr_nonnull(r);
	}
	close_pair(&p);
}
END_TEST

/*
 * A few octets on the wire are many lines: each is reported, and nothing when there is none. They
 * fill every buffer to its end, so that the next one is in the layer alone.
 */
START_TEST(listed)
{
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;
	char line[32];
	struct pair p;
	FILE *out;

	open_pair(&p, _i);
	out = fsock_stream(p.ends[1]);
	ck_assert_int_eq(fsock_waitlist_add(list, p.ends[0], FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.02, NULL), 0);
	for (int i = 0; i < LINES; i++)
		ck_assert_int_gt(fprintf(out, "the same always\n"), 0);
	ck_assert_int_eq(fflush(out), 0);
	for (int i = 0; i < LINES; i++) {
		ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
		ck_assert_ptr_eq(fsock_waitlist_next(list, &event), p.ends[0]);
		ck_assert_int_eq(event.state, FSOCK_INPUT);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(p.ends[0])));
		ck_assert_str_eq(line, "the same always\n");
	}
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.02, NULL), 0);
	ck_assert_int_eq(fsock_close(p.ends[1]), 0);
	p.ends[1] = NULL;
	ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, &event), p.ends[0]);
	ck_assert_int_eq(event.state, FSOCK_INPUT | FSOCK_HANGUP);
	close_pair(&p);
	fsock_waitlist_free(list);
}
END_TEST

/* An end that only what is below has told of, and octets that are not compressed. */
START_TEST(truncated)
{
	struct pair p;
	FILE *in;

	open_pair(&p, _i);
	say(p.ends[1], p.ends[0], "before\n");
	ck_assert_int_eq(shutdown(fsock_socket(p.ends[1]), SHUT_WR), 0);
	in = fsock_stream(p.ends[0]);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(fgetc(in), EOF);
		ck_assert(ferror(in));
		sock_assert_error(FSOCK_TRUNCATED_ERROR, ECONNRESET);
		clearerr(in);
	}
	close_pair(&p);
}
END_TEST

int
main(void)
{
	char command[128];
	Suite *s = suite_create("deflate");
	TCase *t = tcase_create("deflate");
	int failed;

	if (mkdtemp(directory) == NULL)
		return EXIT_FAILURE;
	snprintf(command, sizeof command, "tests/tls/certificates %s", directory);
	if (system(command) != 0)
		return EXIT_FAILURE;
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, mangle_reset, NULL);
	tcase_add_loop_test(t, lines, 0, COUNT(stacks));
	tcase_add_loop_test(t, bulk, 0, COUNT(stacks));
	tcase_add_loop_test(t, listed, 0, COUNT(stacks));
	tcase_add_loop_test(t, truncated, 0, COUNT(stacks));
	suite_add_tcase(s, t);
	failed = sock_run(s);
	snprintf(command, sizeof command, "rm -rf %s", directory);
	return system(command) == 0 ? failed : EXIT_FAILURE;
}

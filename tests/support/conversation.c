#include "../../src/base/compat.h"
#include "conversation.h"

#include <sys/socket.h>

#include <pthread.h>

#include "sock_support.h"

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
static void
lines(fsock *ends[2])
{
	FILE *in;

	for (int i = 0; i < 100; i++) {
		say(ends[0], ends[1], "from here\n");
		say(ends[1], ends[0], "and back\n");
	}
	ck_assert_int_eq(fsock_shutdown(ends[0], FSOCK_OUTPUT), 0);
	in = fsock_stream(ends[1]);
	ck_assert_int_eq(fgetc(in), EOF);
	ck_assert(feof(in) && !ferror(in));
	say(ends[1], ends[0], "and an answer\n");
	ck_assert_int_eq(fsock_close(ends[1]), 0);
	ends[1] = NULL;
	in = fsock_stream(ends[0]);
	ck_assert_int_eq(fgetc(in), EOF);
	ck_assert(feof(in) && !ferror(in));
}

/* Much in both directions, with a reader and a writer on each end. */
enum { LINES = 20000, SAME_LINES = 4096 };

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

static void
bulk(fsock *ends[2])
{
	pthread_t threads[4];
	void *r;

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, i < 2 ? write_bulk : read_bulk, ends[i % 2]),
		    0);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &r), 0);
		ck_assert_ptr_nonnull(r);
	}
}

/*
 * Many lines come at once: each is reported, and nothing when there is none. They fill every buffer
 * to its end, so that the next one is in the layer alone.
 */
static void
listed(fsock *ends[2])
{
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;
	char line[32];
	FILE *out = fsock_stream(ends[1]);

	ck_assert_int_eq(fsock_waitlist_add(list, ends[0], FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.02, NULL), 0);
	for (int i = 0; i < SAME_LINES; i++)
		ck_assert_int_gt(fprintf(out, "the same always\n"), 0);
	ck_assert_int_eq(fflush(out), 0);
	for (int i = 0; i < SAME_LINES; i++) {
		ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
		ck_assert_ptr_eq(fsock_waitlist_next(list, &event), ends[0]);
		ck_assert_int_eq(event.state, FSOCK_INPUT);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(ends[0])));
		ck_assert_str_eq(line, "the same always\n");
	}
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.02, NULL), 0);
	ck_assert_int_eq(fsock_close(ends[1]), 0);
	ends[1] = NULL;
	ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, &event), ends[0]);
	ck_assert_int_eq(event.state, FSOCK_INPUT | FSOCK_HANGUP);
	fsock_waitlist_free(list);
}

/* An end that the layer has not told of. */
static void
truncated(fsock *ends[2])
{
	FILE *in;

	say(ends[1], ends[0], "before\n");
	ck_assert_int_eq(shutdown(fsock_socket(ends[1]), SHUT_WR), 0);
	in = fsock_stream(ends[0]);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(fgetc(in), EOF);
		ck_assert(ferror(in));
		sock_assert_error(FSOCK_TRUNCATED_ERROR, ECONNRESET);
		clearerr(in);
	}
}

void (*const conversations[CONVERSATIONS])(fsock *ends[2]) = { lines, bulk, listed, truncated };

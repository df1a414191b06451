/*
 * The functions of fsock/stream.h, and stdio's on the FILEs, in every combination: see
 * tests/support/combination.h.
 */
#include "../../src/base/compat.h"

#include "../support/combination.h"
#include "../support/tsan_files.h"

/* ---- Opening, and what a FILE belongs to. A blocked thread in a FILE hinders none of these. */

static int
row_stream(struct world *w)
{
	FILE *f = fsock_stream(w->s);

	EXPECT(w, f != NULL && errno == 0);
	EXPECT(w, !combination_is_two_way(&w->at) || f == w->writes);
	return 0;
}

static int
row_input(struct world *w)
{
	FILE *f = fsock_input(w->s);

	EXPECT(w, f != NULL && errno == 0);
	EXPECT(w, w->reads == NULL || combination_is_two_way(&w->at) || f == w->reads);
	return 0;
}

static int
row_output(struct world *w)
{
	FILE *f = fsock_output(w->s);

	EXPECT(w, f != NULL && errno == 0);
	EXPECT(w, w->writes == NULL || combination_is_two_way(&w->at) || f == w->writes);
	return 0;
}

static int
row_of(struct world *w)
{
	EXPECT(w, fsock_of(w->writes) == w->s && errno == 0);
	EXPECT(w, w->reads == NULL || (fsock_of(w->reads) == w->s && errno == 0));
	return 0;
}

static int
row_fileno(struct world *w)
{
	EXPECT(w, fsock_fileno(w->writes) == fsock_socket(w->s) && errno == 0);
	return 0;
}

static const char *
no_file(const struct combination *c)
{
	return c->files == NO_FILE ? "there is no FILE" : NULL;
}

/* ---- Queued output. */

/* Beside a queue that a thread may be sending of: some; beside a writer that is blocked: open. */
static int
row_pending_output(struct world *w)
{
	ssize_t n = fsock_pending_output(w->s);

	EXPECT(w, WORKED(n));
	EXPECT(w, w->at.beside == IN_WRITE || n == 0);
	EXPECT(w, !w->at.nonblocking || w->at.beside != IN_WRITE || n > 0);
	EXPECT(w, (size_t)n <= w->block);
	return 0;
}

static int
row_send_pending(struct world *w)
{
	ssize_t n = fsock_send_pending(w->s);

	if (combination_is_writing(&w->at) && n < 0) {
		EXPECT(w, FAILED(n, EBUSY) || FAILED(n, EAGAIN));
		return 0;
	}
	EXPECT(w, WORKED(n));
	EXPECT(w, !w->at.nonblocking || w->at.beside != IN_WRITE || n > 0);
	EXPECT(w, (size_t)n <= w->block);
	return 0;
}

static int
row_is_congested(struct world *w)
{
	EXPECT(w, fsock_is_congested(w->s) == 0 && errno == 0); /* 64 KiB are no more than half */
	return 0;
}

/* ---- Reading. Who waits in fsock_receive() is the reader: all others are told so. */

static int
row_fgets(struct world *w)
{
	const char *next;
	char line[64], *r;

	combination_feed(w);
	next = combination_next(w);
	r = fgets(line, sizeof line, w->reads);
	EXPECT(w, r != NULL && errno == 0);
	EXPECT(w, combination_took(w, line, strlen(line)));
	EXPECT(w, strlen(line) == strcspn(next, "\n") + 1);
	return 0;
}

static int
row_getc(struct world *w)
{
	char c;
	int r;

	combination_feed(w);
	r = getc(w->reads);
	EXPECT(w, r == *combination_next(w) && errno == 0);
	EXPECT(w, ungetc(r, w->reads) == r);
	EXPECT(w, getc(w->reads) == r);
	c = (char)r;
	EXPECT(w, combination_took(w, &c, 1));
	return 0;
}

static int
row_fread(struct world *w)
{
	char text[4];
	size_t n;

	combination_feed(w);
	n = fread(text, 1, sizeof text, w->reads);
	EXPECT(w, n == sizeof text && errno == 0);
	EXPECT(w, combination_took(w, text, n));
	return 0;
}

/* Moving nowhere and asking where it is lose nothing, whatever stdio holds. */
static int
row_fseek(struct world *w)
{
	EXPECT(w, WORKED(fseek(w->reads, 0, SEEK_CUR)));
	return 0;
}

static int
row_ftell(struct world *w)
{
	size_t written = combination_is_two_way(&w->at) ? w->block : 0;

	EXPECT(w, ftell(w->reads) == (long)(w->taken + written) && errno == 0);
	return 0;
}

static int
row_fflush_input(struct world *w)
{
	EXPECT(w, WORKED(fflush(w->reads)));
	return 0;
}

/* ---- Writing. */

static int
row_fputs(struct world *w)
{
	combination_turn(w);
	EXPECT(w, fputs("text\n", w->writes) >= 0);
	EXPECT(w, WORKED(fflush(w->writes)));
	combination_gave(w, "text\n");
	return 0;
}

static int
row_fprintf(struct world *w)
{
	combination_turn(w);
	EXPECT(w, fprintf(w->writes, "%d and %s\n", 1, "2") == 8 && errno == 0);
	combination_gave(w, "1 and 2\n");
	return 0;
}

static int
row_fflush(struct world *w)
{
	EXPECT(w, WORKED(fflush(w->writes)));
	return 0;
}

static int
row_flush_all(struct world *w)
{
	EXPECT(w, WORKED(fflush(NULL)));
	return 0;
}

static const char *
no_flush_all(const struct combination *c)
{
	if (c->beside == IN_FGETS)
		return "it waits for the reader's FILE: fsock/stream.h";
	return NULL;
}

/* ---- Closing a FILE. */

/* The handle is left, for fsock_close() alone. */
static int
ends_connection(struct world *w)
{
	w->closed = 1;
	EXPECT(w, FAILED(fsock_socket(w->s), EBADF));
	EXPECT(w, FAILED(fsock_send(w->s, "x", 1, NULL), EBADF));
	return 0;
}

static int
row_fclose_output(struct world *w)
{
	FILE *f = w->writes;

	combination_turn(w);
	EXPECT(w, fputs("the last\n", f) >= 0);
	combination_gave(w, "the last\n");
	EXPECT(w, WORKED(fclose(f)));
	w->writes = NULL;
	w->output_shut = 1;
	if (w->reads != NULL && w->reads != f)
		return 0;
	w->reads = NULL;
	return ends_connection(w);
}

/* What the FILE holds goes with it, so that is read first; the rest of the input stays. */
static int
row_fclose_input(struct world *w)
{
	char line[64];

	while (combination_is_mid_line(&w->at) && *combination_next(w) != '\0') {
		EXPECT(w, fgets(line, sizeof line, w->reads) != NULL);
		EXPECT(w, combination_took(w, line, strlen(line)));
	}
	EXPECT(w, WORKED(fclose(w->reads)));
	w->reads = NULL;
	return 0;
}

static const char *
no_fclose_output(const struct combination *c)
{
	if (c->files == NO_FILE)
		return "there is no FILE";
	if (c->files == ONE_WAY || c->files == ONE_WAY_MID_LINE)
		return combination_is_writing(c) ? "a thread is in a call on it"
		       : c->beside == REOPENING  ? "a two-way FILE may write as well, or not"
						 : NULL;
	return combination_no_end(c);
}

static const char *
no_fclose_input(const struct combination *c)
{
	if (c->files != ONE_WAY && c->files != ONE_WAY_MID_LINE)
		return "there is no FILE that reads only";
	return c->beside == IN_FGETS ? "a thread is in a call on it" : NULL;
}

static const struct combination_row rows[] = {
	{ "fsock_stream", row_stream, NULL, 0 },
	{ "fsock_input", row_input, NULL, 0 },
	{ "fsock_output", row_output, NULL, 0 },
	{ "fsock_of", row_of, no_file, 0 },
	{ "fsock_fileno", row_fileno, no_file, 0 },
	{ "fsock_pending_output", row_pending_output, NULL, 0 },
	{ "fsock_send_pending", row_send_pending, NULL, 0 },
	{ "fsock_is_congested", row_is_congested, NULL, 0 },
	{ "fgets", row_fgets, combination_no_reading, 0 },
	{ "getc, ungetc", row_getc, combination_no_reading, 0 },
	{ "fread", row_fread, combination_no_reading, 0 },
	{ "fseek, nowhere", row_fseek, combination_no_reading, 0 },
	{ "ftell", row_ftell, combination_no_reading, 0 },
	{ "fflush of the FILE that reads", row_fflush_input, combination_no_reading, 0 },
	{ "fputs", row_fputs, combination_no_writing, 1 },
	{ "fprintf", row_fprintf, combination_no_writing, 1 },
	{ "fflush of the FILE that writes", row_fflush, combination_no_writing, 1 },
	{ "fflush(NULL)", row_flush_all, no_flush_all, 1 },
	{ "fclose of the FILE that writes", row_fclose_output, no_fclose_output, 1 },
	{ "fclose of the FILE that reads", row_fclose_input, no_fclose_input, 0 },
};

START_TEST(stream_function)
{
	combination_sweep(&rows[_i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("combination");
	TCase *tcase = tcase_create("stream");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, stream_function, 0, COUNT(rows));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

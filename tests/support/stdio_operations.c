#include "../../src/base/compat.h"
#include "stdio_model.h"

#include <stdlib.h>

/*
 * The limits of the libcs, as fsock/stream.h has them, are told apart by nothing but these:
 *
 *  - Elsewhere than on glibc a bare switch from reading to writing drops what stdio holds; so the
 *    program has to say fflush() first, and so does prepare_to_write().
 *  - ungetc() is defined after a read; so op_ungetc() reads what it pushes back.
 *  - glibc's fflush() forgets a character pushed back that was not the one read, and goes on after
 *    the one read; elsewhere, and after fseek(), that is read again: see stdio_world_flushed().
 *  - glibc's fseek() on a two-way stream may fail when it has to give back input, to write and to
 *    seek all at once; nothing is lost, see op_fseek().
 *  - setvbuf() is for new streams: see may_rebuffer() in stdio_model.c.
 */

/* ---- Operations that read. */

static void
op_getc(struct stdio_world *w)
{
	int expected = stdio_world_take(w);

	expect_int(getc(w->in), expected);
}

static void
op_fgets(struct stdio_world *w)
{
	char expected[STDIO_TEXT_MAX], got[STDIO_TEXT_MAX];
	size_t n = 0, size = w->amount + 11;
	int c = 0;

	while (c != '\n' && n < size - 1 && (c = stdio_world_take(w)) != EOF)
		expected[n++] = (char)c;
	expected[n] = '\0';
	if (n == 0) {
		expect(fgets(got, (int)size, w->in) == NULL);
	} else {
		expect(fgets(got, (int)size, w->in) == got);
		ck_assert_str_eq(got, expected);
	}
}

static void
op_getline(struct stdio_world *w)
{
	char expected[STDIO_TEXT_MAX], *got = NULL;
	size_t n = 0, size = 0;
	int c = 0;
	ssize_t r;

	while (c != '\n' && (c = stdio_world_take(w)) != EOF)
		expected[n++] = (char)c;
	expected[n] = '\0';
	r = getline(&got, &size, w->in);
	expect_int(r, n == 0 ? -1 : (ssize_t)n);
	if (n > 0)
		ck_assert_str_eq(got, expected);
	free(got);
}

static void
op_fread(struct stdio_world *w)
{
	char expected[STDIO_TEXT_MAX], got[STDIO_TEXT_MAX];
	size_t n = 0;
	int c;

	while (n < w->amount && (c = stdio_world_take(w)) != EOF)
		expected[n++] = (char)c;
	expect_int(fread(got, 1, w->amount, w->in), n);
	ck_assert_mem_eq(got, expected, n);
}

/* "%d" on text of numbers: blanks are passed over, and the octet after the number is put back. */
static void
op_fscanf(struct stdio_world *w)
{
	int c, expected = 0, digits = 0, got = -1;

	while ((c = stdio_world_take(w)) == ' ' || c == '\n')
		;
	for (; c >= '0' && c <= '9'; c = stdio_world_take(w)) {
		expected = expected * 10 + (c - '0');
		digits++;
	}
	if (c != EOF)
		w->consumed--;
	if (digits == 0) {
		expect_int(fscanf(w->in, "%d", &got), c == EOF ? EOF : 0);
	} else {
		expect_int(fscanf(w->in, "%d", &got), 1);
		expect_int(got, expected);
	}
}

/* Reads one and puts back it, or another; then nothing is there but an end of file forgotten. */
static void
push_back(struct stdio_world *w, int another)
{
	int c = stdio_world_take(w);

	expect_int(getc(w->in), c);
	if (c == EOF)
		return;
	w->pushed = another ? '7' : c;
	w->pushed_another |= w->pushed != c;
	expect_int(ungetc(w->pushed, w->in), w->pushed);
	w->eof = 0;
}

static void
op_ungetc(struct stdio_world *w)
{
	push_back(w, 0);
}

static void
op_ungetc_another(struct stdio_world *w)
{
	push_back(w, 1);
}

/* ---- Operations that write. */

/* Whether stdio may hold input that it has not given to the program. */
static int
holds_input(const struct stdio_world *w)
{
	if (w->pushed >= 0 || w->kind == STDIO_TWO_WAY_BYTES || w->record != NULL)
		return 1;
	return w->consumed > 0 && w->text[w->consumed - 1] != '\n';
}

static void
prepare_to_write(struct stdio_world *w)
{
	if (!stdio_world_is_two_way(w))
		return;
	if (!STDIO_IS_GLIBC && holds_input(w))
		fflush(w->out);
	w->switched |= holds_input(w);
	stdio_world_give_back(w);
}

/* Output that was not sent for want of a peer may be told at once or later. */
static void
note_write(struct stdio_world *w, int worked)
{
	if (w->tail == STDIO_RESETS && !worked) {
		expect(errno == EPIPE || errno == ECONNRESET);
		w->write_errno = w->write_errno ? w->write_errno : errno;
		expect_int(errno, w->write_errno);
		return;
	}
	expect(worked);
}

static void
op_fprintf(struct stdio_world *w)
{
	char text[64];
	int n = sprintf(text, "%d and %s\n", (int)w->count, "some");

	prepare_to_write(w);
	stdio_world_put(w, text, (size_t)n);
	note_write(w, fprintf(w->out, "%d and %s\n", (int)w->count - n, "some") == n);
}

static void
op_fputs(struct stdio_world *w)
{
	prepare_to_write(w);
	stdio_world_put(w, "line\nmore", 9);
	note_write(w, fputs("line\nmore", w->out) >= 0);
}

static void
op_fwrite(struct stdio_world *w)
{
	const char *octets = w->text + w->count % 1000;

	prepare_to_write(w);
	stdio_world_put(w, octets, w->amount);
	note_write(w, fwrite(octets, 1, w->amount, w->out) == w->amount);
}

/* ---- Operations on the stream itself. */

void
stdio_world_flushed(struct stdio_world *w)
{
	if (STDIO_IS_GLIBC && w->pushed >= 0 && w->pushed != w->text[w->consumed - 1])
		w->pushed = -1;
	stdio_world_give_back(w);
}

/* What a flush of the output gives: it must fail if something is unsent and cannot be sent. */
static void
check_flush(struct stdio_world *w, int failed)
{
	if (w->tail == STDIO_RESETS) {
		note_write(w, !failed);
		if (w->count > w->arrived)
			expect(failed || w->write_errno != 0);
		w->arrived = w->count;
		return;
	}
	expect(!failed);
	w->switched = 0;
	stdio_world_check_arrival(w);
}

static void
op_fflush(struct stdio_world *w)
{
	int r = fflush(w->out);

	check_flush(w, r != 0);
	if (stdio_world_is_two_way(w))
		stdio_world_flushed(w);
}

static void
op_fflush_input(struct stdio_world *w)
{
	expect_int(fflush(w->in), 0);
	stdio_world_flushed(w);
}

/* libbsd's funopen() makes a FILE of glibc's, whose fseek() may fail after a switch to writing. */
#if STDIO_IS_GLIBC && defined(FSOCK_FILE_FUNOPEN)
#define STDIO_MAY_NOT_SEEK 1
#else
#define STDIO_MAY_NOT_SEEK 0
#endif

static void
op_fseek(struct stdio_world *w)
{
	int r = fseek(w->out, 0, SEEK_CUR);

	if (STDIO_MAY_NOT_SEEK && w->tail != STDIO_RESETS && w->switched && r != 0) {
		expect_int(errno, ESPIPE);
		stdio_world_check_arrival(w);
		w->switched = 0;
		return;
	}
	check_flush(w, r != 0);
	if (!stdio_world_is_two_way(w))
		return;
	stdio_world_give_back(w);
	w->eof = 0;
}

static void
op_fseek_input(struct stdio_world *w)
{
	expect_int(fseek(w->in, 0, SEEK_CUR), 0);
	stdio_world_give_back(w);
	w->eof = 0;
}

/* How much was read for the program to see. */
static size_t
input_position(const struct stdio_world *w)
{
	return w->consumed - (w->pushed >= 0);
}

static void
op_ftell(struct stdio_world *w)
{
	size_t position = w->count + (stdio_world_is_two_way(w) ? input_position(w) : 0);

	if (w->tail != STDIO_RESETS)
		expect_int(ftell(w->out), (long)position);
	else
		expect(ftell(w->out) >= 0);
}

static void
op_ftell_input(struct stdio_world *w)
{
	expect_int(ftell(w->in), (long)input_position(w));
}

static void
rebuffer(struct stdio_world *w, FILE *f, int mode)
{
	char *memory = mode == _IONBF ? NULL : w->memory[w->memory_used++];
	int r;

	r = setvbuf(f, memory, mode, memory == NULL ? 0 : sizeof w->memory[0]);
	if (w->tail != STDIO_RESETS)
		expect_int(r, 0);
}

static void
op_setvbuf_full(struct stdio_world *w)
{
	rebuffer(w, w->out, _IOFBF);
}

static void
op_setvbuf_full_input(struct stdio_world *w)
{
	rebuffer(w, w->in, _IOFBF);
}

static void
op_setvbuf_line(struct stdio_world *w)
{
	rebuffer(w, w->out, _IOLBF);
}

static void
op_setvbuf_line_input(struct stdio_world *w)
{
	rebuffer(w, w->in, _IOLBF);
}

static void
op_setvbuf_none(struct stdio_world *w)
{
	rebuffer(w, w->out, _IONBF);
}

static void
op_setvbuf_none_input(struct stdio_world *w)
{
	rebuffer(w, w->in, _IONBF);
}

static void
op_clearerr(struct stdio_world *w)
{
	clearerr(w->out);
	if (stdio_world_is_two_way(w))
		w->eof = 0;
}

static void
op_clearerr_input(struct stdio_world *w)
{
	clearerr(w->in);
	w->eof = 0;
}

/* The last stream closed closes the connection; the one that writes ends the output. */
static void
op_fclose(struct stdio_world *w)
{
	int r;

	if (stdio_world_is_two_way(w))
		stdio_far_says_all(&w->link);
	r = fclose(w->out);
	check_flush(w, r != 0);
	if (w->write_errno != 0)
		expect_int(r, EOF);
	if (stdio_world_is_two_way(w))
		w->in = NULL;
	w->out = NULL;
	stdio_world_check_end(w);
}

static void
op_fclose_input(struct stdio_world *w)
{
	int r = fclose(w->in);

	expect_int(r, 0);
	w->in = NULL;
}

const struct stdio_operation stdio_operations[] = {
	{ "getc", op_getc, STDIO_READS },
	{ "fgets", op_fgets, STDIO_READS },
	{ "getline", op_getline, STDIO_READS },
	{ "fread", op_fread, STDIO_READS },
	{ "fscanf", op_fscanf, STDIO_READS },
	{ "ungetc", op_ungetc, STDIO_READS },
	{ "ungetc another", op_ungetc_another, STDIO_READS },
	{ "fprintf", op_fprintf, STDIO_WRITES },
	{ "fputs", op_fputs, STDIO_WRITES },
	{ "fwrite", op_fwrite, STDIO_WRITES },
	{ "fflush", op_fflush, 0 },
	{ "fflush input", op_fflush_input, STDIO_SECOND },
	{ "fseek", op_fseek, 0 },
	{ "fseek input", op_fseek_input, STDIO_SECOND },
	{ "ftell", op_ftell, 0 },
	{ "ftell input", op_ftell_input, STDIO_SECOND },
	{ "setvbuf full", op_setvbuf_full, STDIO_REBUFFERS },
	{ "setvbuf full input", op_setvbuf_full_input, STDIO_REBUFFERS | STDIO_SECOND },
	{ "setvbuf line", op_setvbuf_line, STDIO_REBUFFERS },
	{ "setvbuf line input", op_setvbuf_line_input, STDIO_REBUFFERS | STDIO_SECOND },
	{ "setvbuf none", op_setvbuf_none, STDIO_REBUFFERS },
	{ "setvbuf none input", op_setvbuf_none_input, STDIO_REBUFFERS | STDIO_SECOND },
	{ "clearerr", op_clearerr, 0 },
	{ "clearerr input", op_clearerr_input, STDIO_SECOND },
	{ "fclose", op_fclose, STDIO_CLOSES },
	{ "fclose input", op_fclose_input, STDIO_CLOSES | STDIO_SECOND },
};

const int stdio_operation_count = COUNT(stdio_operations);

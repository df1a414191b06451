/*
 * What a policy puts in an error's place is written by the next call if there was no room for it,
 * whether that call has a policy, another one or none.
 */
#include "codec_support.h"

#define R "\xEF\xBF\xBD"

enum { DECODE, ENCODE, EOL_IN, EOL_OUT };

/* `least`: the first call has room up to the error, and one octet. */
static const struct row {
	int way;
	const char *charset;
	enum fsock_on_error on_error;
	size_t least;
	const char *in, *out;
} rows[] = {
	{ DECODE, "utf-8", FSOCK_ON_ERROR_REPLACE, 1,
	    "\xFF"
	    "cdef",
	    R "cdef" },
	{ DECODE, "utf-8", FSOCK_ON_ERROR_ESCAPE, 1,
	    "\xE4\xB8"
	    "cd",
	    "\\xE4\\xB8cd" },
	{ DECODE, "utf-8", FSOCK_ON_ERROR_ASK, 1,
	    "\xE4\xB8"
	    "cd",
	    "\xE4\xB8\x80"
	    "cd" },
	{ DECODE, "utf-16le", FSOCK_ON_ERROR_REPLACE, 1,
	    "\x11\xDC"
	    "c\1d\1",
	    R "\xC5\xA3\xC5\xA4" },
	{ DECODE, "shift_jis", FSOCK_ON_ERROR_HTML, 1,
	    "\xFF"
	    "cd",
	    "\\xFFcd" },
	{ ENCODE, "shift_jis", FSOCK_ON_ERROR_HTML, 1,
	    "\xC3\xA4"
	    "cd",
	    "&#228;cd" },
	{ ENCODE, "latin-1", FSOCK_ON_ERROR_ESCAPE, 1,
	    "\xE2\x82\xAC"
	    "c",
	    "\\u{20AC}c" },
	{ ENCODE, "latin-1", FSOCK_ON_ERROR_ESCAPE, 1,
	    "\xE2\x82"
	    "c",
	    "\\xE2\\x82c" },
	{ ENCODE, "utf-8", FSOCK_ON_ERROR_REPLACE, 1,
	    "\xFF"
	    "c",
	    R "c" },
	{ ENCODE, "gb18030", FSOCK_ON_ERROR_REPLACE, 1,
	    "\xFF"
	    "c",
	    "\x84\x31\xA4\x37"
	    "c" },
	{ ENCODE, "utf-16be", FSOCK_ON_ERROR_ASK, 1, "\xFF\xC4\x81", "\x4E\x10\x01\x01" },
	/* Back to ASCII for the substitute, and there again for what follows. */
	{ ENCODE, "iso-2022-jp", FSOCK_ON_ERROR_HTML, 6, "\xE3\x81\x82\xF0\x9F\x98\x80\xE3\x81\x82",
	    "\x1B$B$\"\x1B(B&#128512;\x1B$B$\"\x1B(B" },
	{ ENCODE, "iso-2022-jp", FSOCK_ON_ERROR_HTML, 6, "\xE3\x81\x82\xF0\x9F\x98\x80",
	    "\x1B$B$\"\x1B(B&#128512;" },
	{ EOL_IN, NULL, FSOCK_ON_ERROR_REPLACE, 1, "\nab", R "ab" },
	{ EOL_IN, NULL, FSOCK_ON_ERROR_ESCAPE, 1, "\rab\r\n", "\\x0Dab\n" },
	{ EOL_OUT, NULL, FSOCK_ON_ERROR_REPLACE, 1, "\rab\n", R "ab\r\n" },
	{ EOL_OUT, NULL, FSOCK_ON_ERROR_ESCAPE, 1, "\rab\n", "\\x0Dab\r\n" },
};

static int32_t
answer(void *arg, const struct fsock_codec_error *error)
{
	(void)error;
	return *(const int32_t *)arg;
}

/* The state of one of the ways, and the calls that there are for it. */
struct subject {
	int way;
	struct fsock_decoder decoder;
	struct fsock_encoder encoder;
	struct fsock_eol eol;
};

static void
subject_init(struct subject *s, const struct row *r)
{
	s->way = r->way;
	if (r->charset == NULL)
		ck_assert_int_eq(fsock_eol_init(&s->eol, FSOCK_EOL_CRLF_STRICT, 0), 0);
	else if (r->way == DECODE)
		fsock_decoder_init(&s->decoder, fsock_charset_find(r->charset));
	else
		fsock_encoder_init(&s->encoder, fsock_charset_find(r->charset));
}

static enum fsock_codec_status
run_with(struct subject *s, const struct fsock_policy *policy, struct fsock_codec_io *io)
{
	switch (s->way) {
	case DECODE:
		return fsock_decode_with(&s->decoder, policy, io, 1);
	case ENCODE:
		return fsock_encode_with(&s->encoder, policy, io, 1);
	case EOL_IN:
		return fsock_eol_decode_with(&s->eol, policy, io, 1);
	default:
		return fsock_eol_encode_with(&s->eol, policy, io, 1);
	}
}

static enum fsock_codec_status
run_without(struct subject *s, struct fsock_codec_io *io)
{
	switch (s->way) {
	case DECODE:
		return fsock_decode(&s->decoder, io, 1);
	case ENCODE:
		return fsock_encode(&s->encoder, io, 1);
	case EOL_IN:
		return fsock_eol_decode(&s->eol, io, 1);
	default:
		return fsock_eol_encode(&s->eol, io, 1);
	}
}

/* The text's end, which writes what is owed, too. Without a text to end: as the others. */
static enum fsock_codec_status
finish(struct subject *s, struct fsock_codec_io *io)
{
	return s->way == ENCODE ? fsock_encode_finish(&s->encoder, io) : run_without(s, io);
}

/* Calls with rooms of `step` octets until all is written. Returns how much that was. */
static size_t
run_to_end(struct subject *s, struct fsock_codec_io *io, size_t step)
{
	enum fsock_codec_status status;
	uint8_t *start = io->out;

	do {
		io->out_length = step;
		status = io->in_length > 0 ? run_without(s, io) : finish(s, io);
		ck_assert_int_ne(status, FSOCK_CODEC_MALFORMED);
		ck_assert_int_ne(status, FSOCK_CODEC_UNMAPPABLE);
	} while (status != FSOCK_CODEC_INPUT_EMPTY);
	do {
		io->out_length = step;
		status = finish(s, io);
	} while (status == FSOCK_CODEC_OUTPUT_FULL);
	ck_assert_int_eq(status, FSOCK_CODEC_INPUT_EMPTY);
	return (size_t)(io->out - start);
}

static size_t
in_length(const struct row *r)
{
	return r->charset != NULL && strcmp(r->charset, "utf-16le") == 0 ? 6 : strlen(r->in);
}

/* One call with the policy, which meets the error, and then none. */
START_TEST(written_by_any_call)
{
	const struct row *r = &rows[_i];
	size_t n = strlen(r->out), room, step;
	int32_t code_point = r->way == ENCODE ? 0x4E10 : 0x4E00;
	const struct fsock_policy policy = {
		.on_error = r->on_error, .ask = answer, .arg = &code_point
	};

	for (room = r->least; room <= n; room++)
		for (step = 8; step <= FSOCK_CODEC_ROOM; step++) {
			uint8_t out[256];
			struct subject s;
			struct fsock_codec_io io = { (const uint8_t *)r->in, in_length(r), out,
				room };
			size_t length;

			subject_init(&s, r);
			run_with(&s, &policy, &io);
			length = (size_t)(io.out - out);
			length += run_to_end(&s, &io, step);
			ck_assert_uint_eq(length, n);
			ck_assert_mem_eq(out, r->out, n);
		}
}
END_TEST

/* Without room nothing else is written before it, and no input is used. */
START_TEST(comes_first)
{
	const struct row *r = &rows[_i];
	int32_t code_point = r->way == ENCODE ? 0x4E10 : 0x4E00;
	const struct fsock_policy policy = {
		.on_error = r->on_error, .ask = answer, .arg = &code_point
	};
	uint8_t out[256];
	struct subject s;
	struct fsock_codec_io io = { (const uint8_t *)r->in, in_length(r), out, r->least };
	size_t left;

	subject_init(&s, r);
	ck_assert_int_eq(run_with(&s, &policy, &io), FSOCK_CODEC_OUTPUT_FULL);
	left = io.in_length;
	io.out_length = 0;
	ck_assert_int_eq(run_without(&s, &io), FSOCK_CODEC_OUTPUT_FULL);
	ck_assert_int_eq(finish(&s, &io), FSOCK_CODEC_OUTPUT_FULL);
	ck_assert_uint_eq(io.in_length, left);
}
END_TEST

/*
 * With no input and no room: held octets wait for more of their character, or, where they are
 * characters behind a bad octet, for room.
 */
static const struct held_row {
	const char *charset, *in;
	enum fsock_codec_status first, then;
	const char *out;
} held_rows[] = {
	{ "utf-8", "\xE4\xB8", FSOCK_CODEC_INPUT_EMPTY, FSOCK_CODEC_INPUT_EMPTY, "" },
	{ "gb18030", "\x81\x30\x81", FSOCK_CODEC_INPUT_EMPTY, FSOCK_CODEC_INPUT_EMPTY, "" },
	{ "gb18030", "\x81\x30\x81!", FSOCK_CODEC_MALFORMED, FSOCK_CODEC_OUTPUT_FULL, "0" },
};

START_TEST(held_without_room)
{
	const struct held_row *r = &held_rows[_i];
	struct fsock_decoder d;
	uint8_t out[16];
	struct fsock_codec_io io = { NULL, 0, out, sizeof out };
	enum fsock_codec_status status = FSOCK_CODEC_INPUT_EMPTY;

	fsock_decoder_init(&d, fsock_charset_find(r->charset));
	for (const char *p = r->in; *p != '\0'; p++) {
		io.in = (const uint8_t *)p;
		io.in_length = 1;
		status = fsock_decode(&d, &io, 0);
	}
	ck_assert_int_eq(status, r->first);
	io = (struct fsock_codec_io){ NULL, 0, out, 0 };
	ck_assert_int_eq(fsock_decode(&d, &io, 0), r->then);
	io.out_length = 1;
	fsock_decode(&d, &io, 0);
	ck_assert_uint_eq((size_t)(io.out - out), strlen(r->out));
	ck_assert_mem_eq(out, r->out, strlen(r->out));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec owed");
	TCase *tcase = tcase_create("owed");

	tcase_add_loop_test(tcase, written_by_any_call, 0, (int)(sizeof rows / sizeof rows[0]));
	tcase_add_loop_test(tcase, comes_first, 0, (int)(sizeof rows / sizeof rows[0]));
	tcase_add_loop_test(
	    tcase, held_without_room, 0, (int)(sizeof held_rows / sizeof held_rows[0]));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

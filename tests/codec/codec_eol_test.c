/* Line ends: every style, both ways, cut at every place and into every small room. */
#include <errno.h>

#include "codec_support.h"

#define R "\xEF\xBF\xBD"

enum { IN, OUT };

/* open: what has come out while more may follow; offset of the first error if there is one. */
static const struct row {
	int way;
	enum fsock_eol_style style;
	unsigned flags;
	const char *in;
	const char *out;
	const char *open;
	int errors;
	unsigned offset;
} rows[] = {
	{ IN, FSOCK_EOL_LF, 0, "a\r\nb\rc\n", "a\r\nb\rc\n", NULL, 0, 0 },
	{ IN, FSOCK_EOL_LF, FSOCK_EOL_REJECT_CR, "a\nb\rc\r\n", "a\nb" R "c" R "\n", NULL, 2, 3 },
	{ IN, FSOCK_EOL_CR, 0, "a\rb\nc\r\n", "a\nb\nc\n\n", NULL, 0, 0 },
	{ IN, FSOCK_EOL_CR, FSOCK_EOL_REJECT_LF, "a\rb\nc\r", "a\nb" R "c\n", NULL, 1, 3 },
	{ IN, FSOCK_EOL_CRLF, 0, "a\r\nb\nc\rd", "a\nb\nc\rd", NULL, 0, 0 },
	{ IN, FSOCK_EOL_CRLF, 0, "\r\r\n", "\r\n", NULL, 0, 0 },
	{ IN, FSOCK_EOL_CRLF, 0, "a\r", "a\r", "a", 0, 0 },
	{ IN, FSOCK_EOL_CRLF, 0, "\r", "\r", "", 0, 0 },
	{ IN, FSOCK_EOL_CRLF, 0, "\r\r", "\r\r", "\r", 0, 0 },
	{ IN, FSOCK_EOL_CRLF, 0, "\r\n\r\n", "\n\n", NULL, 0, 0 },
	{ IN, FSOCK_EOL_CRLF, 0, "\xC3\xA4\r\xE4\xB8\x80\r\n\xF0\x9F\x98\x80",
	    "\xC3\xA4\r\xE4\xB8\x80\n\xF0\x9F\x98\x80", NULL, 0, 0 },
	{ IN, FSOCK_EOL_CRLF, FSOCK_EOL_REJECT_LF, "a\r\nb\nc\rd", "a\nb" R "c\rd", NULL, 1, 4 },
	{ IN, FSOCK_EOL_CRLF, FSOCK_EOL_REJECT_CR, "a\r\nb\nc\rd", "a\nb\nc" R "d", NULL, 1, 6 },
	{ IN, FSOCK_EOL_CRLF_STRICT, 0, "a\r\nb\nc\rd\r\n", "a\nb" R "c" R "d\n", NULL, 2, 4 },
	{ IN, FSOCK_EOL_CRLF_STRICT, 0, "\r\r\n", R "\n", NULL, 1, 0 },
	{ IN, FSOCK_EOL_CRLF_STRICT, 0, "a\n", "a" R, NULL, 1, 1 },
	{ IN, FSOCK_EOL_CRLF_STRICT, 0, "a\r", "a" R, "a", 1, 1 },
	{ IN, FSOCK_EOL_AUTO, 0, "a\r\nb\nc\rd\r", "a\nb\nc\nd\n", NULL, 0, 0 },
	{ IN, FSOCK_EOL_AUTO, 0, "\r\r\n\n", "\n\n\n", NULL, 0, 0 },
	{ IN, FSOCK_EOL_AUTO, 0, "\n\r\n\r", "\n\n\n", NULL, 0, 0 },
	{ IN, FSOCK_EOL_AUTO, 0, "\xC3\xA4\r\n\xE4\xB8\x80", "\xC3\xA4\n\xE4\xB8\x80", NULL, 0, 0 },

	{ OUT, FSOCK_EOL_LF, 0, "a\r\nb\n", "a\r\nb\n", NULL, 0, 0 },
	{ OUT, FSOCK_EOL_LF, FSOCK_EOL_REJECT_CR, "a\r\nb\n", "a" R "\nb\n", NULL, 1, 1 },
	{ OUT, FSOCK_EOL_CR, 0, "a\nb\r\n", "a\rb\r\r", NULL, 0, 0 },
	{ OUT, FSOCK_EOL_CR, FSOCK_EOL_REJECT_CR, "a\nb\r\n", "a\rb" R "\r", NULL, 1, 3 },
	{ OUT, FSOCK_EOL_CRLF, 0, "a\nb\n\n", "a\r\nb\r\n\r\n", NULL, 0, 0 },
	{ OUT, FSOCK_EOL_CRLF, 0, "a\r\nb\r", "a\r\r\nb\r", NULL, 0, 0 },
	{ OUT, FSOCK_EOL_CRLF, FSOCK_EOL_IDEMPOTENT, "a\r\nb\nc\rd\r\r\n\r",
	    "a\r\nb\r\nc\rd\r\r\n\r", NULL, 0, 0 },
	{ OUT, FSOCK_EOL_CRLF, FSOCK_EOL_IDEMPOTENT | FSOCK_EOL_REJECT_CR, "a\r\nb\nc\rd\r\r\n",
	    "a\r\nb\r\nc" R "d" R "\r\n", NULL, 2, 6 },
	{ OUT, FSOCK_EOL_CRLF, FSOCK_EOL_IDEMPOTENT | FSOCK_EOL_REJECT_CR, "a\r", "a" R, "a", 1,
	    1 },
	{ OUT, FSOCK_EOL_CRLF, FSOCK_EOL_REJECT_CR, "a\r\nb\n", "a" R "\r\nb\r\n", NULL, 1, 1 },
	{ OUT, FSOCK_EOL_CRLF_STRICT, 0, "a\nb\r\nc", "a\r\nb" R "\r\nc", NULL, 1, 3 },
	{ OUT, FSOCK_EOL_CRLF_STRICT, FSOCK_EOL_IDEMPOTENT, "a\nb\r\nc", "a\r\nb\r\nc", NULL, 0,
	    0 },
	{ OUT, FSOCK_EOL_AUTO, 0, "a\nb", "a\r\nb", NULL, 0, 0 },
	{ OUT, FSOCK_EOL_CRLF, 0, "\xC3\xA4\n\xF0\x9F\x98\x80", "\xC3\xA4\r\n\xF0\x9F\x98\x80",
	    NULL, 0, 0 },
	/* A program's text need not be UTF-8: the encoder says so, this stage gets on. */
	{ OUT, FSOCK_EOL_CRLF, 0, "\x80\x80\x80\x80\x80\x80\x80\n",
	    "\x80\x80\x80\x80\x80\x80\x80\r\n", NULL, 0, 0 },
	{ IN, FSOCK_EOL_CRLF, 0, "a\r\n\xB9\xB9\xB9z\r\n\xB9\xB9\xB9\xB9",
	    "a\n\xB9\xB9\xB9z\n\xB9\xB9\xB9\xB9", NULL, 0, 0 },
	{ OUT, FSOCK_EOL_CR, 0, "\x80\x80\x80\x80\x80\x80\x80\n", "\x80\x80\x80\x80\x80\x80\x80\r",
	    NULL, 0, 0 },
};

static struct outcome
run_row(const struct row *r, const struct fsock_policy *policy, size_t cut, size_t piece,
    size_t room, int final)
{
	struct fsock_eol eol;
	struct machine m = { r->way == IN ? run_eol_in : run_eol_out, error_of_eol, &eol, policy,
		room };
	struct outcome o;

	memset(&o, 0, sizeof o);
	ck_assert_int_eq(fsock_eol_init(&eol, r->style, r->flags), 0);
	machine_feed_cut(&m, &o, r->in, strlen(r->in), cut, piece, final);
	o.position = eol.position;
	o.errors = eol.errors;
	o.held = eol.held_length;
	return o;
}

START_TEST(replaced)
{
	const struct row *r = &rows[_i];
	const struct fsock_policy replace = { .on_error = FSOCK_ON_ERROR_REPLACE };
	size_t cut, piece, room, n = strlen(r->in);
	int final;

	for (final = 0; final < 2; final++)
		for (room = 4; room < 20; room++)
			for (piece = 0; piece < 4; piece++)
				for (cut = 0; cut <= n; cut++) {
					const char *want = !final && r->open ? r->open : r->out;
					struct outcome o =
					    run_row(r, &replace, cut, piece, room, final);

					ck_assert_int_eq(o.status, FSOCK_CODEC_INPUT_EMPTY);
					ck_assert_uint_eq(o.out.length, strlen(want));
					ck_assert_mem_eq(o.out.data, want, strlen(want));
					ck_assert_uint_eq(o.position + o.held, n);
					if (final || !r->open)
						ck_assert_int_eq((int)o.errors, r->errors);
					octets_free(&o.out);
				}
}
END_TEST

START_TEST(strict)
{
	const struct row *r = &rows[_i];
	size_t cut, room, n = strlen(r->in);

	for (room = 4; room < 20; room++)
		for (cut = 0; cut <= n; cut++) {
			struct outcome o = run_row(r, NULL, cut, 0, room, 1);

			if (r->errors) {
				ck_assert_int_eq(o.status, FSOCK_CODEC_MALFORMED);
				ck_assert_uint_eq(o.error.offset, r->offset);
				ck_assert_uint_eq(o.error.length, 1);
				ck_assert_int_eq(o.error.octets[0], r->in[r->offset]);
			} else {
				ck_assert_int_eq(o.status, FSOCK_CODEC_INPUT_EMPTY);
			}
			octets_free(&o.out);
		}
}
END_TEST

/* Rooms of one octet and up never make it stand still or cut a character. */
START_TEST(whole_characters)
{
	const struct row *r = &rows[_i];
	const struct fsock_policy ignore = { .on_error = FSOCK_ON_ERROR_IGNORE };
	struct fsock_eol eol;
	uint8_t out[4];
	struct fsock_codec_io io = { (const uint8_t *)r->in, strlen(r->in), out, 0 };
	enum fsock_codec_status status;

	if (strstr(r->in, "\x80\x80\x80") || strstr(r->in, "\xB9\xB9\xB9"))
		return;
	fsock_eol_init(&eol, r->style, r->flags);
	do {
		size_t room;

		for (room = 0; room <= 4; room++) {
			io.out = out;
			io.out_length = room;
			status = r->way == IN ? fsock_eol_decode_with(&eol, &ignore, &io, 1)
					      : fsock_eol_encode_with(&eol, &ignore, &io, 1);
			if (io.out != out)
				ck_assert_int_ne(out[0] & 0xC0, 0x80);
			if (io.in_length && io.in != (const uint8_t *)r->in)
				ck_assert_int_ne(*io.in & 0xC0, 0x80);
			if (status == FSOCK_CODEC_INPUT_EMPTY || io.out != out)
				break;
		}
		ck_assert_uint_le(room, 4);
	} while (status != FSOCK_CODEC_INPUT_EMPTY);
}
END_TEST

START_TEST(auto_does_not_wait)
{
	struct fsock_eol eol;
	uint8_t out[16];
	struct fsock_codec_io io = { (const uint8_t *)"a\r", 2, out, sizeof out };

	fsock_eol_init(&eol, FSOCK_EOL_AUTO, 0);
	ck_assert_int_eq(fsock_eol_decode(&eol, &io, 0), FSOCK_CODEC_INPUT_EMPTY);
	ck_assert_mem_eq(out, "a\n", 2);
	ck_assert_int_eq(eol.owes_lf, 1);
	ck_assert_uint_eq(eol.position, 2);
	io = (struct fsock_codec_io){ (const uint8_t *)"\nb", 2, out, sizeof out };
	ck_assert_int_eq(fsock_eol_decode(&eol, &io, 0), FSOCK_CODEC_INPUT_EMPTY);
	ck_assert_int_eq(out[0], 'b');
	ck_assert_uint_eq((size_t)(io.out - out), 1);
	ck_assert_int_eq(eol.owes_lf, 0);
}
END_TEST

START_TEST(bad_arguments)
{
	struct fsock_eol eol;

	errno = 0;
	ck_assert_int_eq(fsock_eol_init(&eol, (enum fsock_eol_style)9, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fsock_eol_init(&eol, FSOCK_EOL_CRLF, 8), -1);
	ck_assert_int_eq(fsock_eol_init(&eol, FSOCK_EOL_AUTO, FSOCK_EOL_REJECT_CR), -1);
	ck_assert_int_eq(fsock_eol_init(&eol, FSOCK_EOL_AUTO, FSOCK_EOL_IDEMPOTENT), 0);
}
END_TEST

/* Long lines and many of them, so that the bulk loops run: against a loop of octets. */
START_TEST(bulk)
{
	enum { N = 20000 };
	static uint8_t in[N], want[2 * N];
	static const char alphabet[] = "abc\r\n\n\xC3\xA4";
	const struct fsock_policy fail = { .on_error = FSOCK_ON_ERROR_FAIL };
	struct fsock_eol eol;
	struct machine m = { run_eol_out, error_of_eol, &eol, &fail, 1000 };
	struct outcome o;
	unsigned seed = 7, i, w = 0;

	for (i = 0; i < N; i++) {
		seed = seed * 1103515245 + 12345;
		in[i] = (uint8_t)((seed >> 16) % 40 ? 'x' : alphabet[(seed >> 24) % 6]);
		if (in[i] == '\n')
			want[w++] = '\r';
		want[w++] = in[i];
	}
	memset(&o, 0, sizeof o);
	fsock_eol_init(&eol, FSOCK_EOL_CRLF, 0);
	machine_feed_cut(&m, &o, in, N, 3, 777, 1);
	ck_assert_uint_eq(o.out.length, w);
	ck_assert_mem_eq(o.out.data, want, w);
	octets_free(&o.out);

	/* And back: CR LF and LF are both LF then. */
	memset(&o, 0, sizeof o);
	fsock_eol_init(&eol, FSOCK_EOL_CRLF, 0);
	m.run = run_eol_in;
	machine_feed_cut(&m, &o, want, w, 5, 501, 1);
	ck_assert_uint_eq(o.out.length, N);
	ck_assert_mem_eq(o.out.data, in, N);
	octets_free(&o.out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec eol");
	TCase *tcase = tcase_create("line ends");
	int n = (int)(sizeof rows / sizeof rows[0]);

	tcase_add_loop_test(tcase, replaced, 0, n);
	tcase_add_loop_test(tcase, strict, 0, n);
	tcase_add_loop_test(tcase, whole_characters, 0, n);
	tcase_add_test(tcase, auto_does_not_wait);
	tcase_add_test(tcase, bad_arguments);
	tcase_add_test(tcase, bulk);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

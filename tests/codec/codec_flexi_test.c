/*
 * flexi-streams' own test files: every text converted from each of its forms (charset and line
 * ends) to each other one, with the input arriving in pieces of 1, 2, 3 and 7 octets and whole;
 * the results must be those files, octet for octet. FSOCK_FLEXI names their directory; the default
 * is where Debian's cl-flexi-streams puts them.
 */
#include "codec_support.h"

#define DEFAULT_DIRECTORY "/usr/share/common-lisp/source/cl-flexi-streams/test"

static const struct {
	const char *tag;     /* in the file's name */
	const char *charset; /* here */
} tags[] = {
	{ "utf8", "utf-8" },
	{ "latin1", "latin-1" },
	{ "cp1252", "windows-1252" },
	{ "ascii", "us-ascii" },
	{ "mac", "mac-roman" },
	{ "latin8", "hebrew" },
	{ "koi8r", "koi8-r" },
	{ "gbk", "gbk" },
	{ "ucs2le", "utf-16le" },
	{ "ucs2be", "utf-16be" },
	{ "ucs4le", "utf-32le" },
	{ "ucs4be", "utf-32be" },
};

static const struct {
	const char *tag;
	enum fsock_eol_style style;
} eols[] = {
	{ "lf", FSOCK_EOL_LF },
	{ "cr", FSOCK_EOL_CR },
	{ "crlf", FSOCK_EOL_CRLF },
};

static const struct text {
	const char *name;
	const char *tags[6];
} texts[] = {
	{ "kafka", { "utf8", "latin1", "cp1252" } },
	{ "tilton", { "utf8", "ascii" } },
	{ "mac_chars", { "utf8", "mac" } },
	{ "hebrew", { "utf8", "latin8" } },
	{ "russian", { "utf8", "koi8r" } },
	{ "xjt", { "gbk" } },
	{ "unicode_demo", { "utf8", "ucs2le", "ucs2be", "ucs4le", "ucs4be" } },
};

enum { TEXTS = sizeof texts / sizeof texts[0], TAGS = sizeof tags / sizeof tags[0] };

static const char *directory;

/* A form of a text: a file. */
struct form {
	const struct fsock_charset *charset;
	enum fsock_eol_style style;
	uint8_t *data;
	size_t length;
};

static struct form
form_read(const char *text, const char *tag, size_t eol)
{
	struct form f = { NULL, eols[eol].style, NULL, 0 };
	size_t i, n = strlen(tag);
	char name[64];

	for (i = 0; i < TAGS; i++)
		if (!strcmp(tags[i].tag, tag))
			f.charset = fsock_charset_find(tags[i].charset);
	ck_assert_ptr_nonnull(f.charset);
	if (!strncmp(tag, "ucs", 3))
		snprintf(name, sizeof name, "%s_%.*s_%s_%s.txt", text, (int)n - 2, tag,
		    eols[eol].tag, tag + n - 2);
	else
		snprintf(name, sizeof name, "%s_%s_%s.txt", text, tag, eols[eol].tag);
	f.data = read_file(directory, name, &f.length);
	ck_assert_msg(f.data != NULL, "%s/%s: cannot be read", directory, name);
	return f;
}

/* All forms of a text; returns how many. */
static size_t
forms_read(const struct text *t, struct form forms[18])
{
	size_t n = 0, i, k;

	for (i = 0; i < 6 && t->tags[i]; i++)
		for (k = 0; k < 3; k++)
			forms[n++] = form_read(t->name, t->tags[i], k);
	return n;
}

/* Four stages in a row, all fed piece by piece, none ever seeing the whole. */
struct pipe {
	struct fsock_decoder decoder;
	struct fsock_eol in;
	struct fsock_eol out;
	struct fsock_encoder encoder;
};

static struct octets
convert(const struct form *from, const struct form *to, size_t piece)
{
	struct pipe p;
	struct machine m[4] = {
		{ run_decoder, error_of_decoder, &p.decoder, NULL, 40 },
		{ run_eol_in, error_of_eol, &p.in, NULL, 30 },
		{ run_eol_out, error_of_eol, &p.out, NULL, 50 },
		{ run_encoder, error_of_encoder, &p.encoder, NULL, 20 },
	};
	struct octets result = { .data = NULL };
	size_t at = 0, i;

	fsock_decoder_init(&p.decoder, from->charset);
	fsock_encoder_init(&p.encoder, to->charset);
	fsock_eol_init(&p.in, from->style, 0);
	fsock_eol_init(&p.out, to->style, 0);
	do {
		size_t left = from->length - at, now = piece && piece < left ? piece : left;
		struct octets text = { .data = NULL };

		octets_add(&text, from->data + at, now);
		at += now;
		for (i = 0; i < 4; i++) {
			struct outcome o;

			memset(&o, 0, sizeof o);
			if (machine_feed(&m[i], &o, text.data, text.length, at == from->length) !=
			    FSOCK_CODEC_INPUT_EMPTY)
				ck_abort_msg(
				    "stage %zu stops at offset %zu", i, (size_t)o.error.offset);
			octets_free(&text);
			text = o.out;
			octets_add(&text, "", 0);
		}
		octets_add(&result, text.data, text.length);
		octets_free(&text);
	} while (at < from->length);
	return result;
}

static const size_t pieces[] = { 1, 2, 3, 7, 0 };

enum { PIECES = sizeof pieces / sizeof pieces[0] };

/* Of a sample each two forms come in pieces of one length only, others in others. */
static void
check_text(const struct text *t, size_t length)
{
	struct form forms[18];
	size_t n = forms_read(t, forms), i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++) {
			struct octets got;

			if (is_sample() && (i + k) % PIECES != length)
				continue;
			got = convert(&forms[i], &forms[k], pieces[length]);
			if (got.length != forms[k].length ||
			    memcmp(got.data, forms[k].data, got.length) != 0)
				ck_abort_msg("%s: form %zu to form %zu differs", t->name, i, k);
			octets_free(&got);
		}
	for (i = 0; i < n; i++)
		free(forms[i].data);
}

START_TEST(every_way)
{
	check_text(&texts[_i % TEXTS], (size_t)_i / TEXTS);
}
END_TEST

/* The whole-buffer functions on the same files; auto line ends read all three styles. */
START_TEST(whole_buffers)
{
	struct form forms[18];
	size_t n = forms_read(&texts[_i], forms), i, length;
	char *first = NULL;

	for (i = 0; i < n; i++) {
		struct fsock_conversion how = { .charset = forms[i].charset,
			.eol = forms[i].style };
		char *text =
		    fsock_octets_to_string(&how, forms[i].data, forms[i].length, &length, NULL);
		uint8_t *back = fsock_string_to_octets(&how, text, length, &length, NULL);

		ck_assert_uint_eq(length, forms[i].length);
		ck_assert_mem_eq(back, forms[i].data, length);
		free(back);
		free(text);
		how.eol = FSOCK_EOL_AUTO;
		text = fsock_octets_to_string(&how, forms[i].data, forms[i].length, NULL, NULL);
		if (first == NULL)
			first = text;
		else
			ck_assert_str_eq(text, first);
		if (text != first)
			free(text);
		free(forms[i].data);
	}
	free(first);
}
END_TEST

/* Their names are ours: what can be seen without the files. */
START_TEST(known_tags)
{
	size_t i;

	for (i = 0; i < TAGS; i++)
		ck_assert_msg(fsock_charset_find(tags[i].charset) != NULL, "%s", tags[i].charset);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec flexi-streams files");
	TCase *tcase = tcase_create("files");
	char path[1024];
	FILE *probe;

	directory = getenv("FSOCK_FLEXI") ? getenv("FSOCK_FLEXI") : DEFAULT_DIRECTORY;
	snprintf(path, sizeof path, "%s/kafka_utf8_lf.txt", directory);
	probe = fopen(path, "rb");
	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, known_tags);
	if (probe) {
		fclose(probe);
		tcase_add_loop_test(tcase, every_way, 0, TEXTS * PIECES);
		tcase_add_loop_test(tcase, whole_buffers, 0, TEXTS);
	} else {
		fprintf(stderr,
		    "SKIPPED: no flexi-streams files in %s (package "
		    "cl-flexi-streams, or set FSOCK_FLEXI)\n",
		    directory);
	}
	return run_suite(suite);
}

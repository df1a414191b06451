/* Formats as text. */
#include "../base/compat.h"

#include <stdio.h>

#include <fsock/format.h>

#include "../base/error.h"

/* What the words so far have said, and what is wrong with the last one. */
struct parse {
	struct fsock_format *format;
	int binary, eol_given, policy_given, bom_given;
	char why[FSOCK__WORDS_MAX];
};

/* What a parser says of a word. */
enum verdict { UNKNOWN = -2, TWICE, ANOTHERS, TAKEN };

/* Letters match in either case: charset names do, so the other words do as well. */
static int
is_word(const char *text, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (word[i] == '\0' || c != word[i])
			return 0;
	}
	return word[n] == '\0';
}

struct row {
	const char *word;
	int value;
};

/* The value of `word` among n rows, or -1. */
static int
look_up(const char *word, size_t length, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_word(word, length, rows[i].word))
			return rows[i].value;
	return -1;
}

/* One UTF-8 character of n octets: its code point, or 0. */
static uint32_t
one_character(const char *text, size_t n)
{
	const struct fsock_charset *charset = fsock_charset_find("utf-32le");
	struct fsock_encoder encoder;
	uint8_t out[8];
	struct fsock_codec_io io = { (const uint8_t *)text, n, out, sizeof out };

	fsock_encoder_init(&encoder, charset);
	if (fsock_encode(&encoder, &io, 1) != FSOCK_CODEC_INPUT_EMPTY || io.out_length != 4)
		return 0;
	return out[0] | (uint32_t)out[1] << 8 | (uint32_t)out[2] << 16;
}

static enum verdict
parse_eol(struct parse *p, const char *word, size_t n)
{
	static const struct row styles[] = {
		{ "lf", FSOCK_EOL_LF },
		{ "cr", FSOCK_EOL_CR },
		{ "crlf", FSOCK_EOL_CRLF },
		{ "crlf-strict", FSOCK_EOL_CRLF_STRICT },
		{ "auto", FSOCK_EOL_AUTO },
	};
	static const struct row flags[] = {
		{ "idempotent", FSOCK_EOL_IDEMPOTENT },
		{ "reject-cr", FSOCK_EOL_REJECT_CR },
		{ "reject-lf", FSOCK_EOL_REJECT_LF },
	};
	int style = look_up(word, n, styles, sizeof styles / sizeof styles[0]);
	int flag = look_up(word, n, flags, sizeof flags / sizeof flags[0]);

	if (flag >= 0) {
		p->format->eol_flags |= (unsigned)flag;
		return TAKEN;
	}
	if (style < 0)
		return ANOTHERS;
	if (p->eol_given++)
		return TWICE;
	p->format->eol = (enum fsock_eol_style)style;
	return TAKEN;
}

static enum verdict
parse_policy(struct parse *p, const char *word, size_t n)
{
	static const struct row policies[] = {
		{ "strict", FSOCK_ON_ERROR_FAIL },
		{ "replace", FSOCK_ON_ERROR_REPLACE },
		{ "ignore", FSOCK_ON_ERROR_IGNORE },
		{ "escape", FSOCK_ON_ERROR_ESCAPE },
		{ "html", FSOCK_ON_ERROR_HTML },
	};
	static const char prefix[] = "replace=";
	struct fsock_policy *policy = &p->format->policy;
	int value = look_up(word, n, policies, sizeof policies / sizeof policies[0]);

	if (n >= sizeof prefix && is_word(word, sizeof prefix - 1, prefix)) {
		value = FSOCK_ON_ERROR_REPLACE;
		policy->substitute = one_character(word + sizeof prefix - 1, n - sizeof prefix + 1);
		if (policy->substitute == 0)
			return UNKNOWN;
	}
	if (value < 0)
		return ANOTHERS;
	if (p->policy_given++)
		return TWICE;
	policy->on_error = (enum fsock_on_error)value;
	return TAKEN;
}

static enum verdict
parse_bom(struct parse *p, const char *word, size_t n)
{
	static const struct row boms[] = {
		{ "=strip", FSOCK_BOM_STRIP },
		{ "=sniff", FSOCK_BOM_SNIFF },
		{ "=write", FSOCK_BOM_WRITE },
	};
	int value = look_up(word, n, boms, sizeof boms / sizeof boms[0]);

	if (value < 0)
		return ANOTHERS;
	if (p->bom_given++)
		return TWICE;
	p->format->bom = (enum fsock_bom)value;
	return TAKEN;
}

static enum verdict
parse_charset(struct parse *p, const char *word, size_t n)
{
	char name[64];

	if (n == 0 || n >= sizeof name)
		return UNKNOWN;
	if (p->format->charset != NULL)
		return TWICE;
	memcpy(name, word, n);
	name[n] = '\0';
	p->format->charset = fsock_charset_find_or_iconv(name);
	return p->format->charset != NULL ? TAKEN : UNKNOWN;
}

/* The kinds of words. A charset may have any name: it comes last. */
static const struct kind {
	const char *prefix; /* says which kind is meant, for who wants to say it */
	const char *name;
	enum verdict (*parse)(struct parse *, const char *word, size_t n);
} kinds[] = {
	{ "eol=", "line end", parse_eol },
	{ "errors=", "policy for errors", parse_policy },
	{ "bom", "rule for byte order marks", parse_bom },
	{ "ccs=", "charset", parse_charset },
};

/* Notes what is wrong with a word of a kind, if anything is. Returns 0 or -1. */
static int
judge(struct parse *p, enum verdict verdict, const struct kind *kind, const char *word, size_t n)
{
	if (verdict == TAKEN)
		return 0;
	if (n == 0)
		snprintf(p->why, sizeof p->why, "a word is missing");
	else
		snprintf(p->why, sizeof p->why, "%s %s %.*s",
		    verdict == TWICE ? "a second" : "unknown", kind->name, n > 80 ? 80 : (int)n,
		    word);
	return -1;
}

static int
parse_word(struct parse *p, const char *word, size_t n)
{
	size_t count = sizeof kinds / sizeof kinds[0], i;
	enum verdict verdict = ANOTHERS;

	if (is_word(word, n, "binary"))
		return judge(p, p->binary++ ? TWICE : TAKEN, &kinds[count - 1], word, n);
	for (i = 0; i < count; i++) {
		size_t length = strlen(kinds[i].prefix);

		if (n > length && is_word(word, length, kinds[i].prefix))
			return judge(p, kinds[i].parse(p, word + length, n - length), &kinds[i],
			    word + length, n - length);
	}
	for (i = 0; verdict == ANOTHERS; i++)
		verdict = kinds[i].parse(p, word, n);
	return judge(p, verdict, &kinds[i - 1], word, n);
}

/* Why the words do not go together, or NULL. */
static const char *
clash(const struct parse *p)
{
	const struct fsock_format *f = p->format;
	struct fsock_eol eol;
	int others = f->charset != NULL || p->eol_given || p->policy_given || p->bom_given ||
		     f->eol_flags != 0;

	if (p->binary && others)
		return "no other word goes with binary";
	if (f->bom != FSOCK_BOM_NONE && f->charset == NULL)
		return "a byte order mark needs a charset";
	if (fsock_eol_init(&eol, f->eol, f->eol_flags) < 0)
		return "with auto no line end is rejected";
	return NULL;
}

/* Records what is wrong. Returns -1. */
static int
fail(const char *text, const char *why)
{
	if (errno == ENOMEM)
		return fsock__error_set("format", text, FSOCK__NO_PORT, ENOMEM);
	return fsock__error_set_words(
	    "format", text, FSOCK__NO_PORT, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "%s", why);
}

/* see fsock/format.h */
int
fsock_format_parse(struct fsock_format *format, const char *text)
{
	struct fsock_format parsed;
	struct parse p = { .format = &parsed };
	const char *word = text, *why;
	int r = 0, saved = errno;

	if (format == NULL || text == NULL)
		return fsock__error_set(
		    "format", text == NULL ? "(no format)" : text, FSOCK__NO_PORT, EINVAL);
	memset(&parsed, 0, sizeof parsed);
	errno = EINVAL;
	while (r == 0) {
		size_t n = strcspn(word, ",");

		r = parse_word(&p, word, n);
		if (word[n] == '\0')
			break;
		word += n + 1;
	}
	why = r < 0 ? p.why : clash(&p);
	if (why != NULL)
		return fail(text, why);
	*format = parsed;
	errno = saved;
	return 0;
}

/* Formats as text. */
#include "../base/compat.h"

#include <fsock/format.h>

#include "../base/error.h"

/* What the words so far have said. */
struct parse {
	struct fsock_format *format;
	int binary, eol_given, policy_given, bom_given;
};

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

static int
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
		return 1;
	}
	if (style < 0)
		return 0;
	if (p->eol_given++)
		return -1;
	p->format->eol = (enum fsock_eol_style)style;
	return 1;
}

static int
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
			return -1;
	}
	if (value < 0)
		return 0;
	if (p->policy_given++)
		return -1;
	policy->on_error = (enum fsock_on_error)value;
	return 1;
}

static int
parse_bom(struct parse *p, const char *word, size_t n)
{
	static const struct row boms[] = {
		{ "=strip", FSOCK_BOM_STRIP },
		{ "=sniff", FSOCK_BOM_SNIFF },
		{ "=write", FSOCK_BOM_WRITE },
	};
	int value = look_up(word, n, boms, sizeof boms / sizeof boms[0]);

	if (value < 0)
		return 0;
	if (p->bom_given++)
		return -1;
	p->format->bom = (enum fsock_bom)value;
	return 1;
}

static int
parse_charset(struct parse *p, const char *word, size_t n)
{
	char name[64];

	if (n == 0 || n >= sizeof name || p->format->charset != NULL)
		return -1;
	memcpy(name, word, n);
	name[n] = '\0';
	p->format->charset = fsock_charset_find_or_iconv(name);
	return p->format->charset != NULL ? 1 : -1;
}

/* The kinds of words. Each parser says 1 for its own words, 0 for another's, -1 for a mistake. */
static const struct kind {
	const char *prefix; /* says which kind is meant, for who wants to say it */
	int (*parse)(struct parse *, const char *word, size_t n);
} kinds[] = {
	{ "eol=", parse_eol },
	{ "errors=", parse_policy },
	{ "bom", parse_bom },
	{ "ccs=", parse_charset },
};

static int
parse_word(struct parse *p, const char *word, size_t n)
{
	size_t count = sizeof kinds / sizeof kinds[0];
	int r = 0;

	if (is_word(word, n, "binary"))
		return p->binary++ ? -1 : 0;
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(kinds[i].prefix);

		if (n > length && is_word(word, length, kinds[i].prefix))
			return kinds[i].parse(p, word + length, n - length) > 0 ? 0 : -1;
	}
	for (size_t i = 0; i < count && r == 0; i++)
		r = kinds[i].parse(p, word, n);
	return r < 0 ? -1 : 0;
}

/* Whether the words go together. */
static int
is_sensible(const struct parse *p)
{
	const struct fsock_format *f = p->format;
	struct fsock_eol eol;
	int others = f->charset != NULL || p->eol_given || p->policy_given || p->bom_given ||
		     f->eol_flags != 0;

	if (p->binary && others)
		return 0;
	if (f->bom != FSOCK_BOM_NONE && f->charset == NULL)
		return 0;
	return fsock_eol_init(&eol, f->eol, f->eol_flags) == 0;
}

/* see fsock/format.h */
int
fsock_format_parse(struct fsock_format *format, const char *text)
{
	struct fsock_format parsed;
	struct parse p = { .format = &parsed };
	const char *word = text;
	int r = format == NULL || text == NULL ? -1 : 0;
	int saved = errno;

	memset(&parsed, 0, sizeof parsed);
	errno = EINVAL;
	while (r == 0) {
		size_t n = strcspn(word, ",");

		r = parse_word(&p, word, n);
		if (word[n] == '\0')
			break;
		word += n + 1;
	}
	if (r < 0 || !is_sensible(&p))
		return fsock__error_set("format", text == NULL ? "(no format)" : text,
		    FSOCK__NO_PORT, errno == ENOMEM ? ENOMEM : EINVAL);
	*format = parsed;
	errno = saved;
	return 0;
}

/*
 * Formats as text. What is refused is told and changes nothing. What is taken can be written down
 * in words, from the first to the last or from the last to the first, and means the same again;
 * and capital letters mean what small ones do.
 *
 * Input: the text.
 */
#include "../../src/base/compat.h"
#include "fuzz.h"

#include <ctype.h>
#include <errno.h>

#include <fsock.h>

enum { WORDS = 7, ROOM = 512, WORD = 70 };

static void
check_equal(const struct fsock_format *a, const struct fsock_format *b)
{
	FUZZ_ASSERT(a->charset == b->charset && a->bom == b->bom);
	FUZZ_ASSERT(a->eol == b->eol && a->eol_flags == b->eol_flags);
	FUZZ_ASSERT(a->policy.on_error == b->policy.on_error);
	FUZZ_ASSERT(a->policy.substitute == b->policy.substitute);
}

/* "errors=" and the policy's name, and the substitute's character if it has one. */
static void
print_policy(const struct fsock_policy *policy, char word[WORD])
{
	static const char *const names[] = { "strict", "replace", "ignore", "escape", "html" };
	static const enum fsock_on_error policies[] = { FSOCK_ON_ERROR_FAIL, FSOCK_ON_ERROR_REPLACE,
		FSOCK_ON_ERROR_IGNORE, FSOCK_ON_ERROR_ESCAPE, FSOCK_ON_ERROR_HTML };
	const struct fsock_conversion how = { .charset = fsock_charset_find("utf-32le") };
	uint32_t c = policy->substitute;
	uint8_t octets[4] = { (uint8_t)c, (uint8_t)(c >> 8), (uint8_t)(c >> 16), 0 };
	char *text = c == 0 ? NULL : fsock_octets_to_string(&how, octets, 4, NULL, NULL);
	size_t i = 0;

	while (policies[i] != policy->on_error)
		FUZZ_ASSERT(++i < sizeof policies / sizeof policies[0]);
	FUZZ_ASSERT(c == 0 || (text != NULL && policy->on_error == FSOCK_ON_ERROR_REPLACE));
	snprintf(word, WORD, "errors=%s%s%s", names[i], c != 0 ? "=" : "", c != 0 ? text : "");
	free(text);
}

/* The words of a format. Returns how many. */
static size_t
print_words(const struct fsock_format *format, char words[WORDS][WORD])
{
	static const char *const eols[] = { "lf", "cr", "crlf", "crlf-strict", "auto" };
	static const char *const flags[] = { "idempotent", "reject-cr", "reject-lf" };
	static const char *const boms[] = { "", "strip", "sniff", "write" };
	size_t n = 0;

	FUZZ_ASSERT((unsigned)format->eol <= FSOCK_EOL_AUTO && format->eol_flags < 8);
	FUZZ_ASSERT((unsigned)format->bom <= FSOCK_BOM_WRITE);
	if (format->charset != NULL)
		snprintf(words[n++], WORD, "ccs=%s", fsock_charset_name(format->charset));
	snprintf(words[n++], WORD, "eol=%s", eols[format->eol]);
	for (unsigned i = 0; i < 3; i++)
		if (format->eol_flags & 1u << i)
			snprintf(words[n++], WORD, "eol=%s", flags[i]);
	print_policy(&format->policy, words[n++]);
	if (format->bom != FSOCK_BOM_NONE)
		snprintf(words[n++], WORD, "bom=%s", boms[format->bom]);
	return n;
}

/* Reads what was printed, in either order. */
static void
check_printed(const struct fsock_format *format)
{
	char words[WORDS][WORD], forth[ROOM] = "", back[ROOM] = "";
	size_t n = print_words(format, words);
	struct fsock_format again;

	for (size_t i = 0; i < n; i++) {
		snprintf(forth + strlen(forth), ROOM - strlen(forth), "%s%s", i > 0 ? "," : "",
		    words[i]);
		snprintf(back + strlen(back), ROOM - strlen(back), "%s%s", i > 0 ? "," : "",
		    words[n - 1 - i]);
	}
	FUZZ_ASSERT(fsock_format_parse(&again, forth) == 0);
	check_equal(format, &again);
	FUZZ_ASSERT(fsock_format_parse(&again, back) == 0);
	check_equal(format, &again);
}

static void
check_capitals(const struct fsock_format *format, const char *text)
{
	char capitals[ROOM];
	struct fsock_format again;
	size_t i;

	if (format->policy.substitute != 0)
		return; /* a letter, perhaps */
	for (i = 0; text[i] != '\0'; i++)
		capitals[i] = (char)toupper((unsigned char)text[i]);
	capitals[i] = '\0';
	FUZZ_ASSERT(fsock_format_parse(&again, capitals) == 0);
	again.charset = format->charset; /* iconv's may be two of the same name */
	check_equal(format, &again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fsock_format before = { .bom = FSOCK_BOM_STRIP, .eol_flags = 7 };
	struct fsock_format format = before;
	char text[ROOM];

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	fsock_clear_error();
	errno = EDOM;
	if (fsock_format_parse(&format, text) == 0) {
		FUZZ_ASSERT(errno == EDOM && fsock_last_error()->kind == FSOCK_NO_ERROR);
		check_printed(&format);
		check_capitals(&format, text);
		return 0;
	}
	FUZZ_ASSERT(errno == EINVAL && fsock_last_error()->errnum == EINVAL);
	FUZZ_ASSERT(fsock_last_error()->kind == FSOCK_INVALID_ARGUMENT_ERROR);
	check_equal(&format, &before);
	return 0;
}

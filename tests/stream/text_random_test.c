/*
 * Random text in random charsets, with errors here and there, read by random operations with random
 * switches of the format: compared with what the codec alone makes of it, by the fuzz target's
 * model. FSOCK_SEED starts elsewhere; what fails says its seed.
 */
#include "../../src/base/compat.h"

#include <stdlib.h>
#include <string.h>

#include "../fuzz/fuzz.h"
#include "../support/sock_support.h"

enum { CASES = 8, ROUNDS = 1000 };

static uint64_t state;

static unsigned
pick(unsigned limit)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % limit;
}

/* A text of letters from everywhere and line ends of all kinds. */
static size_t
make_text(char *text, size_t size)
{
	static const char *const words[] = { "a", "z", " ", "\n", "\n", "\r\n", "\r", "\xC3\xA4",
		"\xD0\x96", "\xE6\xBC\xA2", "\xE5\xAD\x97", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
		"\xEF\xBB\xBF", "line", "\xEA\xB0\x80", "\xE3\x81\x82" };
	size_t n = 0;

	while (n + 8 < size) {
		const char *word = words[pick(COUNT(words))];

		memcpy(text + n, word, strlen(word));
		n += strlen(word);
	}
	return n;
}

/* A wire in one charset or two, spoiled here and there, with choices behind it. */
static size_t
make_input(uint8_t *input, size_t size)
{
	size_t n = 0, charsets = 0;

	while (fsock_charset_at(charsets) != NULL)
		charsets++;
	for (int part = 0; part < 2; part++) {
		struct fsock_conversion how = { fsock_charset_at(pick((unsigned)charsets)),
			(enum fsock_eol_style)pick(4), 0, { .on_error = FSOCK_ON_ERROR_IGNORE } };
		char text[120];
		size_t length;
		uint8_t *octets = fsock_string_to_octets(
		    &how, text, make_text(text, 20 + pick(100)), &length, NULL);

		ck_assert_ptr_nonnull(octets);
		if (length > 240)
			length = 240;
		memcpy(input + n, octets, length);
		n += length;
		free(octets);
	}
	for (unsigned errors = pick(3); errors > 0 && n > 0; errors--)
		input[pick((unsigned)n)] = (uint8_t)pick(256);
	while (n < size && n < 480)
		input[n++] = (uint8_t)pick(256);
	for (size_t choices = 100; choices > 0 && n < size; choices--)
		input[n++] = (uint8_t)pick(256);
	return n;
}

START_TEST(rounds)
{
	const char *seed = getenv("FSOCK_SEED");
	uint64_t first = seed != NULL ? strtoull(seed, NULL, 0) : (uint64_t)(_i * ROUNDS);
	uint8_t input[600];

	for (uint64_t i = first; i < first + ROUNDS; i++) {
		uint8_t *exact;
		size_t n;

		state = i * 0x9E3779B97F4A7C15u;
		n = make_input(input, sizeof input);
		exact = malloc(n);
		ck_assert_ptr_nonnull(exact);
		memcpy(exact, input, n);
		fprintf(stderr, "\rFSOCK_SEED=%llu ", (unsigned long long)i);
		LLVMFuzzerTestOneInput(exact, n);
		free(exact);
	}
	fprintf(stderr, "\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("text random");
	TCase *tcase = tcase_create("rounds");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, rounds, 0, CASES);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

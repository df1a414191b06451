/*
 * codec_texts.h - the texts of codec_bench.c: about 4 MiB of UTF-8 each, the same in every run,
 * long and without repeats, since a processor learns a short text by heart. Words are drawn from
 * a vocabulary in which the r-th word comes up about once in r, as in languages; its letters come
 * from alphabets in the order of their frequency, or from the signs of a national standard.
 */
#ifndef FSOCK_TESTS_BENCH_CODEC_TEXTS_H
#define FSOCK_TESTS_BENCH_CODEC_TEXTS_H

#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 4 << 20, VOCABULARY = 1 << 14, WORD_MAX = 48, LETTERS_MAX = 4096 };

struct text {
	uint8_t *bytes;
	size_t n;
};

/* One language: letters in UTF-8, and how they make words and lines. */
struct language {
	char letters[LETTERS_MAX][4];
	size_t nletters;
	unsigned shortest, longest; /* letters in a word */
	unsigned foreign;           /* of 1000 letters so many come from `extra` */
	char extra[64][4];
	size_t nextra;
	const char *space, *comma, *stop;
	char words[VOCABULARY][WORD_MAX];
};

static uint64_t text_seed = 88172645463325252u;

static unsigned
draw(unsigned below)
{
	text_seed ^= text_seed << 13;
	text_seed ^= text_seed >> 7;
	text_seed ^= text_seed << 17;
	return (unsigned)(text_seed >> 32) % below;
}

/* A rank below n: each power of two is as likely as the next, so rank r about as 1/r. */
static unsigned
draw_rank(unsigned n)
{
	unsigned powers = 0, rank;

	while (2u << powers < n)
		powers++;
	do {
		rank = draw(powers + 1);
		rank = (1u << rank) - 1 + draw(1u << rank);
	} while (rank >= n);
	return rank;
}

/* Splits UTF-8 into its characters; returns how many there are. */
static size_t
split_letters(char letters[][4], size_t most, const char *text)
{
	size_t n = 0, i = 0;

	for (; *text != '\0' && n < most; n++) {
		memset(letters[n], 0, 4);
		i = 0;
		do
			letters[n][i++] = *text++;
		while (((unsigned char)*text & 0xC0) == 0x80);
	}
	return n;
}

/*
 * The two-byte characters of a charset with leads from..to, as the libc's iconv reads them, in an
 * order of chance. Returns false where it does not know the charset.
 */
static bool
standard_letters(struct language *l, const char *charset, int from, int to)
{
	iconv_t cd = iconv_open("UTF-8", charset);

	l->nletters = 0;
	if (cd == (iconv_t)-1)
		return false;
	for (int lead = from; lead <= to; lead++)
		for (int trail = 0xA1; trail <= 0xFC && l->nletters < LETTERS_MAX; trail++) {
			char two[2] = { (char)lead, (char)trail }, out[8] = "", *in = two, *p = out;
			size_t n = 2, room = sizeof(out) - 1;

			iconv(cd, NULL, NULL, NULL, NULL);
			if (iconv(cd, &in, &n, &p, &room) == 0 && n == 0 && p - out == 3)
				memcpy(l->letters[l->nletters++], out, 4);
		}
	iconv_close(cd);
	for (size_t i = l->nletters; i > 1; i--) {
		char swap[4];
		size_t j = draw((unsigned)i);

		memcpy(swap, l->letters[i - 1], 4);
		memcpy(l->letters[i - 1], l->letters[j], 4);
		memcpy(l->letters[j], swap, 4);
	}
	return l->nletters > 500;
}

static void
make_word(struct language *l, char word[WORD_MAX])
{
	unsigned n = l->shortest + draw(l->longest - l->shortest + 1);

	word[0] = '\0';
	while (n-- > 0) {
		bool foreign = l->nextra != 0 && draw(1000) < l->foreign;

		strncat(word,
		    foreign ? l->extra[draw_rank((unsigned)l->nextra)]
			    : l->letters[draw_rank((unsigned)l->nletters)],
		    4);
	}
}

static void
make_vocabulary(struct language *l)
{
	for (size_t i = 0; i < VOCABULARY; i++)
		make_word(l, l->words[i]);
}

static void
append(struct text *t, const char *s)
{
	size_t n = strlen(s);

	memcpy(t->bytes + t->n, s, n);
	t->n += n;
}

static struct text
text_new(void)
{
	struct text t = { malloc(TEXT_SIZE + 4096), 0 };

	if (t.bytes == NULL)
		abort();
	return t;
}

/* Sentences of 4 to 17 words; a paragraph ends after some of them. */
static void
append_sentence(struct text *t, struct language *l)
{
	unsigned words = 4 + draw(14);

	while (words-- > 0) {
		append(t, l->words[draw_rank(VOCABULARY)]);
		append(t, words == 0 ? l->stop : draw(9) == 0 ? l->comma : l->space);
	}
	if (draw(4) == 0)
		append(t, "\n");
}

static struct text
text_of(struct language *l)
{
	struct text t = text_new();

	while (t.n < TEXT_SIZE)
		append_sentence(&t, l);
	return t;
}

static struct language *
language_new(const char *letters, unsigned shortest, unsigned longest)
{
	struct language *l = calloc(1, sizeof(*l));

	if (l == NULL)
		abort();
	l->nletters = split_letters(l->letters, LETTERS_MAX, letters);
	l->shortest = shortest;
	l->longest = longest;
	l->space = " ";
	l->comma = ", ";
	l->stop = ". ";
	return l;
}

/* Latin letters; about 15 of 100 characters of the text are not ASCII. */
static struct language *
european(void)
{
	struct language *l = language_new("enisratdhulcgmobwfkzpvjyxq", 1, 11);

	l->nextra = split_letters(l->extra, 64, "éäüößèàçñøåíóêáôîûæõëúïì«»§°");
	l->foreign = 185;
	make_vocabulary(l);
	return l;
}

static struct language *
russian(void)
{
	struct language *l = language_new("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", 1, 11);

	make_vocabulary(l);
	return l;
}

/* Chinese, Japanese or Korean; NULL where iconv lacks the charset. */
static struct language *
east_asian(const char *charset, int from, int to)
{
	struct language *l = language_new("", 1, 3);

	if (!standard_letters(l, charset, from, to)) {
		free(l);
		return NULL;
	}
	l->space = "";
	l->comma = "\xEF\xBC\x8C";
	l->stop = "\xE3\x80\x82";
	return l;
}

static struct language *
japanese(void)
{
	struct language *l = east_asian("EUC-JP", 0xB0, 0xCF);

	if (l == NULL)
		return NULL;
	/* Syllables are as frequent as all the signs together. */
	l->nextra = split_letters(l->extra, 64,
	    "のにいたしはとるがをてでかなっれらもすりこまさきあくけつどよえそんアイスルトラリコ");
	l->foreign = 620;
	l->comma = "\xE3\x80\x81";
	make_vocabulary(l);
	return l;
}

static struct language *
chinese(const char *charset, int from, int to)
{
	struct language *l = east_asian(charset, from, to);

	if (l != NULL)
		make_vocabulary(l);
	return l;
}

static struct language *
korean(void)
{
	struct language *l = east_asian("EUC-KR", 0xB0, 0xC8);

	if (l == NULL)
		return NULL;
	l->longest = 5;
	l->space = " ";
	l->comma = ", ";
	l->stop = ". ";
	make_vocabulary(l);
	return l;
}

/* Russian and Chinese sentences by turns of chance, with an emoji here and there. */
static struct text
mixed_text(struct language *ru, struct language *zh)
{
	struct text t = text_new();

	while (t.n < TEXT_SIZE) {
		append_sentence(&t, draw(2) == 0 ? ru : zh);
		for (unsigned i = draw(3); i > 0; i--) {
			char emoji[5] = { (char)0xF0, (char)0x9F, (char)0x98, 0, 0 };

			emoji[3] = (char)(0x80 + draw(0x40));
			append(&t, emoji);
		}
	}
	return t;
}

/* Lines as servers log them. No backslash and no tilde: Shift_JIS has other signs there. */
static struct text
log_text(void)
{
	static const char *const methods[] = { "GET", "GET", "GET", "POST", "HEAD", "PUT" };
	struct language *l = language_new("etaoinshrdlcumwfgypbvkjxqz", 2, 9);
	struct text t = text_new();

	make_vocabulary(l);
	while (t.n < TEXT_SIZE) {
		t.n += (size_t)sprintf((char *)t.bytes + t.n,
		    "10.%u.%u.%u - - [%02u/Mar/2024:%02u:%02u:%02u +0000] \"%s /%s/%s?id=%u "
		    "HTTP/1.1\" %u %u\n",
		    draw(256), draw(256), draw(256), 1 + draw(28), draw(24), draw(60), draw(60),
		    methods[draw(6)], l->words[draw_rank(VOCABULARY)],
		    l->words[draw_rank(VOCABULARY)], draw(1000000), draw(10) == 0 ? 404 : 200,
		    draw(100000));
	}
	free(l);
	return t;
}

/* Lines of 30 to 80 bytes of ASCII, '\n' at the end. */
static struct text
line_text(void)
{
	struct text t = text_new();

	while (t.n < TEXT_SIZE) {
		for (unsigned n = 30 + draw(51); n > 1; n--)
			t.bytes[t.n++] = (uint8_t)(draw(6) == 0 ? ' ' : 'a' + draw(26));
		t.bytes[t.n++] = '\n';
	}
	return t;
}

#endif

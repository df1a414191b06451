/*
 * vec_utf8.h - copying ASCII and checked UTF-8 with vectors. The .c file of each processor includes
 * it after its operations, and the other vec_*.h as well.
 */
#ifndef FSOCK_CODEC_KERNELS_VEC_UTF8_H
#define FSOCK_CODEC_KERNELS_VEC_UTF8_H

/* Text is looked at in blocks of this many bytes. */
enum { BLOCK = 64 };

/*
 * The check looks three bytes back. So the scalar code reads this much of the input first: a
 * character has four bytes at most, so of valid text it takes three bytes or more of these.
 */
enum { LOOK_BACK = 6 };

/* What is in a block. */
enum block { BLOCK_ASCII, BLOCK_VALID, BLOCK_BAD };

/*
 * Whether two neighbouring bytes can stand in UTF-8 is decided by three half bytes: both halves of
 * the first and the upper half of the second. Each bit names one mistake, and a table says for each
 * value of a half byte which mistakes it allows; a mistake was made if all three tables allow it
 * (Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte", 2021).
 * TWO_CONTS is no mistake by itself: it must be there exactly where the byte two or three places
 * before is the lead of a three- or four-byte character.
 */
enum {
	TOO_SHORT = 1,    /* a lead, then no continuation */
	TOO_LONG = 2,     /* ASCII, then a continuation */
	OVERLONG_3 = 4,   /* E0, then less than A0 */
	TOO_LARGE = 8,    /* F4, then 90 or more; F5 to FF, then 90 or more */
	SURROGATE = 16,   /* ED, then A0 or more */
	OVERLONG_2 = 32,  /* C0 or C1 */
	FOURTH_EDGE = 64, /* F0 or F5 to FF, then less than 90 */
	TWO_CONTS = 128,
	ANY_LOW = TOO_SHORT | TOO_LONG | TWO_CONTS
};

static const uint8_t by_first_high[16] = { TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
	TOO_LONG, TOO_LONG, TOO_LONG, TWO_CONTS, TWO_CONTS, TWO_CONTS, TWO_CONTS,
	TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,
	TOO_SHORT | TOO_LARGE | FOURTH_EDGE };

enum { ABOVE_F4 = ANY_LOW | TOO_LARGE | FOURTH_EDGE };

static const uint8_t by_first_low[16] = { ANY_LOW | OVERLONG_3 | OVERLONG_2 | FOURTH_EDGE,
	ANY_LOW | OVERLONG_2, ANY_LOW, ANY_LOW, ANY_LOW | TOO_LARGE, ABOVE_F4, ABOVE_F4, ABOVE_F4,
	ABOVE_F4, ABOVE_F4, ABOVE_F4, ABOVE_F4, ABOVE_F4, ABOVE_F4 | SURROGATE, ABOVE_F4,
	ABOVE_F4 };

enum { ANY_CONT = TOO_LONG | OVERLONG_2 | TWO_CONTS };

static const uint8_t by_second_high[16] = { TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
	TOO_SHORT, TOO_SHORT, TOO_SHORT, ANY_CONT | OVERLONG_3 | FOURTH_EDGE,
	ANY_CONT | OVERLONG_3 | TOO_LARGE, ANY_CONT | SURROGATE | TOO_LARGE,
	ANY_CONT | SURROGATE | TOO_LARGE, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT };

/* Non-zero where something is wrong in the VEC bytes at p; looks three bytes back. */
VECTOR struct vec
utf8_mistakes(const uint8_t *p)
{
	struct vec first = vec_load(p - 1);
	struct vec high = vec_lookup(by_first_high, vec_high_nibble(first));
	struct vec low = vec_lookup(by_first_low, vec_and(first, vec_set1(0x0F)));
	struct vec second = vec_lookup(by_second_high, vec_high_nibble(vec_load(p)));
	struct vec pairs = vec_and(vec_and(high, low), second);
	/* The highest bit is set where the byte must be the third of E0.. or the fourth of F0.. */
	struct vec third = vec_subs(vec_load(p - 2), vec_set1(0xE0 - 0x80));
	struct vec fourth = vec_subs(vec_load(p - 3), vec_set1(0xF0 - 0x80));
	struct vec must = vec_and(vec_or(third, fourth), vec_set1(0x80));

	return vec_xor(must, pairs);
}

/* How many bytes of an unfinished character stand before p, if what is there is right so far. */
VECTOR size_t
utf8_unfinished(const uint8_t *p)
{
	if (p[-1] >= 0xC0)
		return 1;
	if (p[-2] >= 0xE0)
		return 2;
	return p[-3] >= 0xF0 ? 3 : 0;
}

/* Is every byte of the block at p ASCII? */
VECTOR bool
block_is_ascii(const uint8_t *p)
{
	struct vec all = vec_load(p);

	for (int i = VEC; i < BLOCK; i += VEC)
		all = vec_or(all, vec_load(p + i));
	return vec_is_ascii(all);
}

/*
 * Looks at the block at p and three bytes before it, which belong to text already found right. A
 * character may begin before the block, and one that is right so far may go on behind it.
 */
VECTOR enum block
block_check(const uint8_t *p)
{
	struct vec mistakes;

	if (block_is_ascii(p))
		return utf8_unfinished(p) == 0 ? BLOCK_ASCII : BLOCK_BAD;
	mistakes = utf8_mistakes(p);
	for (int i = VEC; i < BLOCK; i += VEC)
		mistakes = vec_or(mistakes, utf8_mistakes(p + i));
	return vec_is_zero(mistakes) ? BLOCK_VALID : BLOCK_BAD;
}

VECTOR void
block_copy(uint8_t *dst, const uint8_t *src)
{
	for (int i = 0; i < BLOCK; i += VEC)
		vec_store(dst + i, vec_load(src + i));
}

KERNEL size_t
ascii_copy(uint8_t *dst, const uint8_t *src, size_t n)
{
	size_t i = 0;

	for (; n - i >= BLOCK && block_is_ascii(src + i); i += BLOCK)
		block_copy(dst + i, src + i);
	return i + fsock__scalar_ascii_copy(dst + i, src + i, n - i);
}

KERNEL size_t
utf8_copy(uint8_t *dst, const uint8_t *src, size_t n)
{
	size_t i = 0;

	if (n >= LOOK_BACK + BLOCK)
		i = fsock__scalar_utf8_copy(dst, src, LOOK_BACK);
	if (i >= 3) {
		for (; n - i >= BLOCK && block_check(src + i) != BLOCK_BAD; i += BLOCK)
			block_copy(dst + i, src + i);
		i -= utf8_unfinished(src + i);
	}
	return i + fsock__scalar_utf8_copy(dst + i, src + i, n - i);
}

KERNEL size_t
utf8_check(const uint8_t *src, size_t n)
{
	size_t i = 0;

	if (n >= LOOK_BACK + BLOCK)
		i = fsock__scalar_utf8_check(src, LOOK_BACK);
	if (i >= 3) {
		while (n - i >= BLOCK && block_check(src + i) != BLOCK_BAD)
			i += BLOCK;
		i -= utf8_unfinished(src + i);
	}
	return i + fsock__scalar_utf8_check(src + i, n - i);
}

/*
 * Lets the scalar code make the first step of a span, so that the vectors may look back. False
 * when there is too little of it, or something that ends it.
 */
VECTOR bool
span_begin(struct fsock__span *s, void (*scalar)(struct fsock__span *))
{
	struct fsock__span first = *s;
	const uint8_t *start = s->src;

	if (fsock__span_left(s) < LOOK_BACK + BLOCK)
		return false;
	first.src_end = s->src + LOOK_BACK;
	scalar(&first);
	s->src = first.src;
	s->dst = first.dst;
	return s->src - start >= 3;
}

/* Copies the blocks of ASCII that the span begins with. */
VECTOR void
span_ascii(struct fsock__span *s)
{
	size_t left = fsock__span_left(s), room = fsock__span_room(s),
	       n = left < room ? left : room;
	size_t i = 0;

	for (; n - i >= BLOCK && block_is_ascii(s->src + i); i += BLOCK)
		block_copy(s->dst + i, s->src + i);
	s->src += i;
	s->dst += i;
}

#endif

/*
 * vec_avx2.h - the few vector operations that the kernels are written with, for AVX2.
 * vec_neon.h has the same ones. A struct vec is as wide as the processor's best register
 * (VEC bytes), a struct v16 always 16 bytes.
 */
#ifndef FSOCK_CODEC_KERNELS_VEC_AVX2_H
#define FSOCK_CODEC_KERNELS_VEC_AVX2_H

#include <immintrin.h>
#include <string.h>

#include "scalar.h"
#include "shuffles.h"

/*
 * Every function that touches a vector carries the target, so that the rest of the library is
 * built for any x86-64, and the compiler ends them with vzeroupper: without it the SSE code that
 * runs next would be slowed down.
 */
#define KERNEL static __attribute__((target("avx2,bmi,popcnt")))
#define VECTOR static inline __attribute__((target("avx2,bmi,popcnt"), always_inline))

enum { VEC = 32 };

struct vec {
	__m256i v;
};

struct v16 {
	__m128i v;
};

VECTOR struct vec
vec_load(const uint8_t *p)
{
	return (struct vec){ _mm256_loadu_si256((const __m256i *)p) };
}

VECTOR void
vec_store(uint8_t *p, struct vec a)
{
	_mm256_storeu_si256((__m256i *)p, a.v);
}

VECTOR struct vec
vec_set1(uint8_t b)
{
	return (struct vec){ _mm256_set1_epi8((char)b) };
}

VECTOR struct vec
vec_and(struct vec a, struct vec b)
{
	return (struct vec){ _mm256_and_si256(a.v, b.v) };
}

VECTOR struct vec
vec_or(struct vec a, struct vec b)
{
	return (struct vec){ _mm256_or_si256(a.v, b.v) };
}

VECTOR struct vec
vec_xor(struct vec a, struct vec b)
{
	return (struct vec){ _mm256_xor_si256(a.v, b.v) };
}

/* a - b, but not below 0. */
VECTOR struct vec
vec_subs(struct vec a, struct vec b)
{
	return (struct vec){ _mm256_subs_epu8(a.v, b.v) };
}

/* The high half of each byte. */
VECTOR struct vec
vec_high_nibble(struct vec a)
{
	return vec_and((struct vec){ _mm256_srli_epi16(a.v, 4) }, vec_set1(0x0F));
}

/* table[i] for each byte i < 16. */
VECTOR struct vec
vec_lookup(const uint8_t table[16], struct vec i)
{
	__m256i t = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));

	return (struct vec){ _mm256_shuffle_epi8(t, i.v) };
}

VECTOR bool
vec_is_zero(struct vec a)
{
	return _mm256_testz_si256(a.v, a.v);
}

/* Is every bit of a 0 that is set in b? */
VECTOR bool
vec_is_zero_in(struct vec a, struct vec b)
{
	return _mm256_testz_si256(a.v, b.v);
}

/* Is every byte ASCII? */
VECTOR bool
vec_is_ascii(struct vec a)
{
	return _mm256_movemask_epi8(a.v) == 0;
}

/* Bit i of the result: is byte i equal to b? */
VECTOR uint64_t
vec_find(struct vec a, uint8_t b)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a.v, vec_set1(b).v));
}

/* FF for each byte that is equal to b, 0 for the others. */
VECTOR struct vec
vec_equal(struct vec a, uint8_t b)
{
	return (struct vec){ _mm256_cmpeq_epi8(a.v, vec_set1(b).v) };
}

/* All 16-bit units the same. */
VECTOR struct vec
vec_set1_unit(uint16_t u)
{
	return (struct vec){ _mm256_set1_epi16((short)u) };
}

/* Units shifted by n bits; n is a constant. */
VECTOR struct vec
vec_shl_units(struct vec a, int n)
{
	return (struct vec){ _mm256_slli_epi16(a.v, n) };
}

VECTOR struct vec
vec_shr_units(struct vec a, int n)
{
	return (struct vec){ _mm256_srli_epi16(a.v, n) };
}

/* Units above u, as masks; all are below 8000 (hex). */
VECTOR struct vec
vec_above_units(struct vec a, uint16_t u)
{
	return (struct vec){ _mm256_cmpgt_epi16(a.v, vec_set1_unit(u).v) };
}

/* b where the byte of `mask` is all ones, a where it is 0. */
VECTOR struct vec
vec_select(struct vec mask, struct vec b, struct vec a)
{
	return (struct vec){ _mm256_blendv_epi8(a.v, b.v, mask.v) };
}

/* The byte order of each unit turned round. */
VECTOR struct vec
vec_swap_units(struct vec a)
{
	return vec_or(vec_shl_units(a, 8), vec_shr_units(a, 8));
}

VECTOR struct v16
v16_load(const uint8_t *p)
{
	return (struct v16){ _mm_loadu_si128((const __m128i *)p) };
}

VECTOR void
v16_store(uint8_t *p, struct v16 a)
{
	_mm_storeu_si128((__m128i *)p, a.v);
}

/* Stores the lower, the upper eight bytes. */
VECTOR void
v16_store_low(uint8_t *p, struct v16 a)
{
	_mm_storel_epi64((__m128i *)p, a.v);
}

VECTOR void
v16_store_high(uint8_t *p, struct v16 a)
{
	_mm_storel_epi64((__m128i *)p, _mm_unpackhi_epi64(a.v, a.v));
}

/* The two halves are eight bytes each, from two places. */
VECTOR struct v16
v16_load_halves(const uint8_t *low, const uint8_t *high)
{
	return (struct v16){ _mm_unpacklo_epi64(
	    _mm_loadl_epi64((const __m128i *)low), _mm_loadl_epi64((const __m128i *)high)) };
}

VECTOR struct v16
v16_set1(uint8_t b)
{
	return (struct v16){ _mm_set1_epi8((char)b) };
}

/* All eight 16-bit units the same. */
VECTOR struct v16
v16_set1_unit(uint16_t u)
{
	return (struct v16){ _mm_set1_epi16((short)u) };
}

/* Eight bytes of 0, then eight of b. */
VECTOR struct v16
v16_high_half(uint8_t b)
{
	return (struct v16){ _mm_slli_si128(_mm_set1_epi8((char)b), 8) };
}

/* Sums of bytes, without carries between them. */
VECTOR struct v16
v16_add(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_add_epi8(a.v, b.v) };
}

VECTOR struct v16
v16_and(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_and_si128(a.v, b.v) };
}

VECTOR struct v16
v16_or(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_or_si128(a.v, b.v) };
}

VECTOR struct v16
v16_xor(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_xor_si128(a.v, b.v) };
}

/* b where the byte of `mask` is all ones, a where it is 0. */
VECTOR struct v16
v16_select(struct v16 mask, struct v16 b, struct v16 a)
{
	return (struct v16){ _mm_blendv_epi8(a.v, b.v, mask.v) };
}

/* Unsigned a >= b and a == b, as masks of bytes; and of units. */
VECTOR struct v16
v16_ge(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_cmpeq_epi8(_mm_max_epu8(a.v, b.v), a.v) };
}

VECTOR struct v16
v16_eq(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_cmpeq_epi8(a.v, b.v) };
}

VECTOR struct v16
v16_ge_units(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_cmpeq_epi16(_mm_max_epu16(a.v, b.v), a.v) };
}

/* Units shifted by n bits; n is a constant. */
VECTOR struct v16
v16_shl_units(struct v16 a, int n)
{
	return (struct v16){ _mm_slli_epi16(a.v, n) };
}

VECTOR struct v16
v16_shr_units(struct v16 a, int n)
{
	return (struct v16){ _mm_srli_epi16(a.v, n) };
}

/* The byte order of each unit turned round. */
VECTOR struct v16
v16_swap_units(struct v16 a)
{
	return v16_or(v16_shl_units(a, 8), v16_shr_units(a, 8));
}

/* a[order[i]] for each byte i, 0 where the order has 0x80. */
VECTOR struct v16
v16_shuffle(struct v16 a, struct v16 order)
{
	return (struct v16){ _mm_shuffle_epi8(a.v, order.v) };
}

/* The bytes of a and b in turn: of their lower and of their upper eight. */
VECTOR struct v16
v16_zip_low(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_unpacklo_epi8(a.v, b.v) };
}

VECTOR struct v16
v16_zip_high(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_unpackhi_epi8(a.v, b.v) };
}

/* The same with 16-bit units. */
VECTOR struct v16
v16_zip_low_units(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_unpacklo_epi16(a.v, b.v) };
}

VECTOR struct v16
v16_zip_high_units(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_unpackhi_epi16(a.v, b.v) };
}

/* One byte for each unit of a, then of b. Units are masks or below 0x80. */
VECTOR struct v16
v16_narrow(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_packs_epi16(a.v, b.v) };
}

/* Bit i of the result: the highest bit of byte i. */
VECTOR unsigned
v16_mask(struct v16 a)
{
	return (unsigned)_mm_movemask_epi8(a.v);
}

VECTOR bool
v16_is_zero(struct v16 a)
{
	return _mm_testz_si128(a.v, a.v);
}

/* a == b, as masks of units. */
VECTOR struct v16
v16_eq_units(struct v16 a, struct v16 b)
{
	return (struct v16){ _mm_cmpeq_epi16(a.v, b.v) };
}

/*
 * Puts the bytes of each 16 in the order of a row of `rows`, chosen by one bit for each unit of the
 * mask, and stores them. A row has as many bytes that count as there are units and bits.
 */
VECTOR size_t
vec_put_rows(uint8_t *dst, struct vec a, const uint8_t rows[256][16], struct vec mask)
{
	/* Both halves of the mask twice: bits 0 to 7 and 24 to 31 are the two rows' numbers. */
	uint32_t bits = (uint32_t)_mm256_movemask_epi8(_mm256_packs_epi16(mask.v, mask.v));
	uint32_t low = bits & 0xFF, high = bits >> 24;
	__m256i order = _mm256_inserti128_si256(
	    _mm256_castsi128_si256(v16_load(rows[low]).v), v16_load(rows[high]).v, 1);
	__m256i bytes = _mm256_shuffle_epi8(a.v, order);
	size_t len = 8 + (size_t)__builtin_popcount(low);

	_mm_storeu_si128((__m128i *)dst, _mm256_castsi256_si128(bytes));
	_mm_storeu_si128((__m128i *)(dst + len), _mm256_extracti128_si256(bytes, 1));
	return len + 8 + (size_t)__builtin_popcount(high);
}

/*
 * t[i] for each byte i < 128, else 0: a shuffle looks at the lower four bits of i, and bits 4, 5
 * and 6, each moved to where a blend looks, pick one of the eight results.
 */
VECTOR struct v16
v16_lookup_64(const uint8_t t[64], struct v16 i, struct v16 bit4, struct v16 bit5)
{
	struct v16 a = v16_shuffle(v16_load(t), i), b = v16_shuffle(v16_load(t + 16), i);
	struct v16 c = v16_shuffle(v16_load(t + 32), i), d = v16_shuffle(v16_load(t + 48), i);

	return v16_select(bit5, v16_select(bit4, d, c), v16_select(bit4, b, a));
}

VECTOR struct v16
v16_lookup_128(const uint8_t low[64], const uint8_t high[64], struct v16 i)
{
	struct v16 bit4 = v16_shl_units(i, 3), bit5 = v16_shl_units(i, 2);

	return v16_select(v16_shl_units(i, 1), v16_lookup_64(high, i, bit4, bit5),
	    v16_lookup_64(low, i, bit4, bit5));
}

VECTOR struct vec
vec_shuffle(struct vec a, struct vec order)
{
	return (struct vec){ _mm256_shuffle_epi8(a.v, order.v) };
}

VECTOR struct vec
vec_lookup_64(const uint8_t t[128], struct vec i, struct vec bit4, struct vec bit5)
{
	struct vec a = vec_shuffle(vec_load(t), i), b = vec_shuffle(vec_load(t + 32), i);
	struct vec c = vec_shuffle(vec_load(t + 64), i), d = vec_shuffle(vec_load(t + 96), i);

	return vec_select(bit5, vec_select(bit4, d, c), vec_select(bit4, b, a));
}

/* The same with two results: `planes` has 16 entries of the first, 16 of the second, and so on. */
VECTOR void
v16_lookup_both(const uint8_t planes[256], struct v16 i, struct v16 *low, struct v16 *high)
{
	struct vec both = { _mm256_broadcastsi128_si256(i.v) };
	struct vec bit4 = vec_shl_units(both, 3), bit5 = vec_shl_units(both, 2);

	both = vec_select(vec_shl_units(both, 1), vec_lookup_64(planes + 128, both, bit4, bit5),
	    vec_lookup_64(planes, both, bit4, bit5));
	low->v = _mm256_castsi256_si128(both.v);
	high->v = _mm256_extracti128_si256(both.v, 1);
}

#endif

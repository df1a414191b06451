/*
 * vec_neon.h - the operations of vec_avx2.h, for NEON. Both kinds of vector have
 * 16 bytes. What the operations mean is said there.
 */
#ifndef FSOCK_CODEC_KERNELS_VEC_NEON_H
#define FSOCK_CODEC_KERNELS_VEC_NEON_H

#include <arm_neon.h>
#include <string.h>

#include "scalar.h"
#include "shuffles.h"

/* NEON is part of every arm64 processor: no target is asked for. */
#define KERNEL static
#define VECTOR static inline __attribute__((always_inline))

enum { VEC = 16 };

struct v16 {
	uint8x16_t v;
};

/* struct vec is struct v16 by another name here. */
#define vec v16

VECTOR struct v16
v16_load(const uint8_t *p)
{
	return (struct v16){ vld1q_u8(p) };
}

VECTOR void
v16_store(uint8_t *p, struct v16 a)
{
	vst1q_u8(p, a.v);
}

VECTOR void
v16_store_low(uint8_t *p, struct v16 a)
{
	vst1_u8(p, vget_low_u8(a.v));
}

VECTOR void
v16_store_high(uint8_t *p, struct v16 a)
{
	vst1_u8(p, vget_high_u8(a.v));
}

VECTOR struct v16
v16_load_halves(const uint8_t *low, const uint8_t *high)
{
	return (struct v16){ vcombine_u8(vld1_u8(low), vld1_u8(high)) };
}

VECTOR struct v16
v16_set1(uint8_t b)
{
	return (struct v16){ vdupq_n_u8(b) };
}

VECTOR struct v16
v16_of_units(uint16x8_t units)
{
	return (struct v16){ vreinterpretq_u8_u16(units) };
}

VECTOR uint16x8_t
v16_units(struct v16 a)
{
	return vreinterpretq_u16_u8(a.v);
}

VECTOR struct v16
v16_set1_unit(uint16_t u)
{
	return v16_of_units(vdupq_n_u16(u));
}

VECTOR struct v16
v16_high_half(uint8_t b)
{
	return (struct v16){ vcombine_u8(vdup_n_u8(0), vdup_n_u8(b)) };
}

VECTOR struct v16
v16_add(struct v16 a, struct v16 b)
{
	return (struct v16){ vaddq_u8(a.v, b.v) };
}

VECTOR struct v16
v16_and(struct v16 a, struct v16 b)
{
	return (struct v16){ vandq_u8(a.v, b.v) };
}

VECTOR struct v16
v16_or(struct v16 a, struct v16 b)
{
	return (struct v16){ vorrq_u8(a.v, b.v) };
}

VECTOR struct v16
v16_xor(struct v16 a, struct v16 b)
{
	return (struct v16){ veorq_u8(a.v, b.v) };
}

VECTOR struct v16
v16_select(struct v16 mask, struct v16 b, struct v16 a)
{
	return (struct v16){ vbslq_u8(mask.v, b.v, a.v) };
}

VECTOR struct v16
v16_ge(struct v16 a, struct v16 b)
{
	return (struct v16){ vcgeq_u8(a.v, b.v) };
}

VECTOR struct v16
v16_eq(struct v16 a, struct v16 b)
{
	return (struct v16){ vceqq_u8(a.v, b.v) };
}

VECTOR struct v16
v16_ge_units(struct v16 a, struct v16 b)
{
	return v16_of_units(vcgeq_u16(v16_units(a), v16_units(b)));
}

/* Shifts by a negative count go right; the count is folded into a constant. */
VECTOR struct v16
v16_shl_units(struct v16 a, int n)
{
	return v16_of_units(vshlq_u16(v16_units(a), vdupq_n_s16((int16_t)n)));
}

VECTOR struct v16
v16_shr_units(struct v16 a, int n)
{
	return v16_of_units(vshlq_u16(v16_units(a), vdupq_n_s16((int16_t)-n)));
}

VECTOR struct v16
v16_swap_units(struct v16 a)
{
	return (struct v16){ vrev16q_u8(a.v) };
}

VECTOR struct v16
v16_shuffle(struct v16 a, struct v16 order)
{
	return (struct v16){ vqtbl1q_u8(a.v, order.v) };
}

VECTOR struct v16
v16_zip_low(struct v16 a, struct v16 b)
{
	return (struct v16){ vzip1q_u8(a.v, b.v) };
}

VECTOR struct v16
v16_zip_high(struct v16 a, struct v16 b)
{
	return (struct v16){ vzip2q_u8(a.v, b.v) };
}

VECTOR struct v16
v16_zip_low_units(struct v16 a, struct v16 b)
{
	return v16_of_units(vzip1q_u16(v16_units(a), v16_units(b)));
}

VECTOR struct v16
v16_zip_high_units(struct v16 a, struct v16 b)
{
	return v16_of_units(vzip2q_u16(v16_units(a), v16_units(b)));
}

VECTOR struct v16
v16_narrow(struct v16 a, struct v16 b)
{
	return (struct v16){ vcombine_u8(vmovn_u16(v16_units(a)), vmovn_u16(v16_units(b))) };
}

/* NEON has no such instruction: each byte keeps the bit of its own place, and halves are added. */
VECTOR unsigned
v16_mask(struct v16 a)
{
	static const uint8_t place[16] = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64,
		128 };
	uint8x16_t high = vreinterpretq_u8_s8(vshrq_n_s8(vreinterpretq_s8_u8(a.v), 7));
	uint8x16_t bits = vandq_u8(high, vld1q_u8(place));

	return vaddv_u8(vget_low_u8(bits)) | (unsigned)vaddv_u8(vget_high_u8(bits)) << 8;
}

VECTOR bool
v16_is_zero(struct v16 a)
{
	return vmaxvq_u8(a.v) == 0;
}

VECTOR struct vec
vec_load(const uint8_t *p)
{
	return v16_load(p);
}

VECTOR void
vec_store(uint8_t *p, struct vec a)
{
	v16_store(p, a);
}

VECTOR struct vec
vec_set1(uint8_t b)
{
	return v16_set1(b);
}

VECTOR struct vec
vec_and(struct vec a, struct vec b)
{
	return v16_and(a, b);
}

VECTOR struct vec
vec_or(struct vec a, struct vec b)
{
	return v16_or(a, b);
}

VECTOR struct vec
vec_xor(struct vec a, struct vec b)
{
	return v16_xor(a, b);
}

VECTOR struct vec
vec_subs(struct vec a, struct vec b)
{
	return (struct vec){ vqsubq_u8(a.v, b.v) };
}

VECTOR struct vec
vec_high_nibble(struct vec a)
{
	return (struct vec){ vshrq_n_u8(a.v, 4) };
}

VECTOR struct vec
vec_lookup(const uint8_t table[16], struct vec i)
{
	return v16_shuffle(v16_load(table), i);
}

VECTOR bool
vec_is_zero(struct vec a)
{
	return v16_is_zero(a);
}

VECTOR bool
vec_is_zero_in(struct vec a, struct vec b)
{
	return v16_is_zero(v16_and(a, b));
}

VECTOR bool
vec_is_ascii(struct vec a)
{
	return vmaxvq_u8(a.v) < 0x80;
}

VECTOR struct vec
vec_equal(struct vec a, uint8_t b)
{
	return (struct vec){ vceqq_u8(a.v, vdupq_n_u8(b)) };
}

VECTOR uint64_t
vec_find(struct vec a, uint8_t b)
{
	return v16_mask((struct vec){ vceqq_u8(a.v, vdupq_n_u8(b)) });
}

VECTOR struct v16
v16_eq_units(struct v16 a, struct v16 b)
{
	return v16_of_units(vceqq_u16(v16_units(a), v16_units(b)));
}

VECTOR struct vec
vec_set1_unit(uint16_t u)
{
	return v16_set1_unit(u);
}

VECTOR struct vec
vec_shl_units(struct vec a, int n)
{
	return v16_shl_units(a, n);
}

VECTOR struct vec
vec_shr_units(struct vec a, int n)
{
	return v16_shr_units(a, n);
}

VECTOR struct vec
vec_above_units(struct vec a, uint16_t u)
{
	return v16_of_units(vcgtq_u16(v16_units(a), vdupq_n_u16(u)));
}

VECTOR struct vec
vec_select(struct vec mask, struct vec b, struct vec a)
{
	return v16_select(mask, b, a);
}

VECTOR struct vec
vec_swap_units(struct vec a)
{
	return v16_swap_units(a);
}

VECTOR size_t
vec_put_rows(uint8_t *dst, struct vec a, const uint8_t rows[256][16], struct vec mask)
{
	unsigned bits = v16_mask(v16_narrow(mask, mask)) & 0xFF;

	v16_store(dst, v16_shuffle(a, v16_load(rows[bits])));
	return 8 + (size_t)__builtin_popcount(bits);
}

/* A lookup of 64 bytes gives 0 for a larger index: with 64 taken off the other half is found. */
VECTOR struct v16
v16_lookup_128(const uint8_t low[64], const uint8_t high[64], struct v16 i)
{
	uint8x16x4_t a = vld1q_u8_x4(low), b = vld1q_u8_x4(high);
	uint8x16_t rest = vsubq_u8(i.v, vdupq_n_u8(64));

	return (struct v16){ vorrq_u8(vqtbl4q_u8(a, i.v), vqtbl4q_u8(b, rest)) };
}

VECTOR void
v16_lookup_both(const uint8_t planes[256], struct v16 i, struct v16 *low, struct v16 *high)
{
	uint8x16x4_t part[4];
	uint8x16_t rest = vsubq_u8(i.v, vdupq_n_u8(64));

	for (int k = 0; k < 4; k++) {
		part[0].val[k] = vld1q_u8(planes + 32 * k);
		part[1].val[k] = vld1q_u8(planes + 32 * k + 16);
		part[2].val[k] = vld1q_u8(planes + 128 + 32 * k);
		part[3].val[k] = vld1q_u8(planes + 128 + 32 * k + 16);
	}
	low->v = vorrq_u8(vqtbl4q_u8(part[0], i.v), vqtbl4q_u8(part[2], rest));
	high->v = vorrq_u8(vqtbl4q_u8(part[1], i.v), vqtbl4q_u8(part[3], rest));
}

#endif

/* kernels_vec_latin1.h - Latin-1 with vectors. */
#ifndef FSOCK_CODEC_KERNELS_VEC_LATIN1_H
#define FSOCK_CODEC_KERNELS_VEC_LATIN1_H

/*
 * Units below U+0800 as UTF-8. Both bytes of the two-byte form are made for each, the second one
 * also right as the only byte of ASCII; then the gaps are closed. Writes VEC bytes.
 */
VECTOR size_t
put_below_800(uint8_t *dst, struct vec units)
{
	struct vec not_ascii = vec_ge_units(units, vec_set1_unit(0x80));
	struct vec first = vec_or(vec_set1_unit(0xC0), vec_shr_units(units, 6));
	struct vec cont = vec_or(vec_and(units, vec_set1_unit(0x3F)), vec_set1_unit(0x80));
	struct vec second = vec_shl_units(vec_select(not_ascii, cont, units), 8);

	return vec_put_rows(
	    dst, vec_or(first, second), fsock__two_forms, vec_mask_units(not_ascii));
}

/* Eight units with both bytes of their forms, stored without the gaps. Writes 16 bytes. */
VECTOR size_t
put_two_forms(uint8_t *dst, struct v16 forms, unsigned two)
{
	v16_store(dst, v16_shuffle(forms, v16_load(fsock__two_forms[two])));
	return 8 + (size_t)__builtin_popcount(two);
}

/*
 * The same for sixteen units given as low and high bytes; `upper` has its highest bit set in each
 * byte 32 bytes.
 */
VECTOR size_t
put_16_below_800(uint8_t *dst, struct v16 low, struct v16 high, struct v16 upper)
{
	unsigned two = v16_mask(upper);
	struct v16 first = v16_or(v16_set1(0xC0),
	    v16_or(v16_and(v16_shr_units(low, 6), v16_set1(0x03)), v16_shl_units(high, 2)));
	struct v16 cont = v16_or(v16_and(low, v16_set1(0x3F)), v16_set1(0x80));
	struct v16 second = v16_select(upper, cont, low);
	size_t len = put_two_forms(dst, v16_zip_low(first, second), two & 0xFF);

	return len + put_two_forms(dst + len, v16_zip_high(first, second), two >> 8);
}

KERNEL void
latin1_to_utf8(struct fsock__span *s)
{
	struct fsock__span t = *s;
	struct v16 bytes;

	for (; fsock__span_left(&t) >= BLOCK && fsock__span_room(&t) >= 2 * BLOCK; t.src += BLOCK) {
		if (block_is_ascii(t.src)) {
			block_copy(t.dst, t.src);
			t.dst += BLOCK;
			continue;
		}
		for (int i = 0; i < BLOCK; i += 16) {
			bytes = v16_load(t.src + i);
			t.dst += put_16_below_800(
			    t.dst, bytes, v16_set1(0), v16_ge(bytes, v16_set1(0x80)));
		}
	}
	*s = t;
	fsock__scalar_latin1_to_utf8(s);
}

/*
 * Of the two-byte forms only those with C2 and C3 are in Latin-1, and the check is complete with
 * one look back: every lead is one of them, and continuations stand exactly behind leads. The
 * character ends at its continuation: that becomes the byte, and the lead is left out. Writes 16
 * bytes; returns how many count, or 0 when something else than Latin-1 is there.
 */
VECTOR size_t
latin1_from_16(uint8_t *dst, const uint8_t *src)
{
	struct v16 now = v16_load(src), before = v16_load(src - 1);
	struct v16 lead = v16_ge(now, v16_set1(0xC0)), high = v16_ge(now, v16_set1(0x80));
	struct v16 right = v16_and(v16_ge(now, v16_set1(0xC2)), v16_ge(v16_set1(0xC3), now));
	struct v16 behind = v16_ge(before, v16_set1(0xC0));
	struct v16 cont = v16_xor(high, lead), bit6, order;
	unsigned keep = ~v16_mask(lead) & 0xFFFF;
	size_t low = (size_t)__builtin_popcount(keep & 0xFF);

	if (!v16_is_zero(v16_or(v16_xor(lead, right), v16_xor(cont, behind))))
		return 0;
	/* C3 has bit 0 set, C2 has not: this is bit 6 of the byte. */
	bit6 = v16_and(cont, v16_and(v16_shl_units(before, 6), v16_set1(0x40)));
	order = v16_load_halves(fsock__keep_bytes[keep & 0xFF], fsock__keep_bytes[keep >> 8]);
	now = v16_shuffle(v16_or(now, bit6), v16_or(order, v16_high_half(8)));
	v16_store_low(dst, now);
	v16_store_high(dst + low, now);
	return low + (size_t)__builtin_popcount(keep >> 8);
}

/* Converts a block; returns false where it cannot, having done a part. */
VECTOR bool
latin1_from_block(struct fsock__span *s)
{
	size_t len;

	if (block_is_ascii(s->src)) {
		if (s->src[-1] >= 0xC0)
			return false;
		block_copy(s->dst, s->src);
		s->src += BLOCK;
		s->dst += BLOCK;
		return true;
	}
	for (int i = 0; i < BLOCK; i += 16) {
		len = latin1_from_16(s->dst, s->src);
		if (len == 0)
			return false;
		s->src += 16;
		s->dst += len;
	}
	return true;
}

KERNEL void
utf8_to_latin1(struct fsock__span *s)
{
	if (span_begin(s, fsock__scalar_utf8_to_latin1)) {
		struct fsock__span t = *s;

		while (fsock__span_left(&t) >= BLOCK && fsock__span_room(&t) >= BLOCK)
			if (!latin1_from_block(&t))
				break;
		/* A lead at the end was passed over without a result. */
		t.src -= t.src[-1] >= 0xC0;
		*s = t;
	}
	fsock__scalar_utf8_to_latin1(s);
}

#endif

/* vec_latin1.h - Latin-1 with vectors. */
#ifndef FSOCK_CODEC_KERNELS_VEC_LATIN1_H
#define FSOCK_CODEC_KERNELS_VEC_LATIN1_H

/* Eight units with both bytes of their forms, stored without the gaps. Writes 16 bytes. */
VECTOR size_t
put_two_forms(uint8_t *dst, struct v16 forms, unsigned two)
{
	v16_store(dst, v16_shuffle(forms, v16_load(fsock__two_forms[two])));
	return 8 + (size_t)__builtin_popcount(two);
}

/* Converts 16 bytes; writes at most 32. Returns how many count. */
VECTOR size_t
latin1_to_16(uint8_t *dst, const uint8_t *src)
{
	struct v16 bytes = v16_load(src), high = v16_and(bytes, v16_set1(0x80));
	unsigned two = v16_mask(bytes);
	/* C2 or C3; then the byte itself without bit 6 of it, or ASCII as it is. */
	struct v16 first = v16_or(v16_set1(0xC0), v16_and(v16_shr_units(bytes, 6), v16_set1(0x03)));
	struct v16 second = v16_xor(bytes, v16_and(bytes, v16_shr_units(high, 1)));
	size_t len = put_two_forms(dst, v16_zip_low(first, second), two & 0xFF);

	return len + put_two_forms(dst + len, v16_zip_high(first, second), two >> 8);
}

KERNEL void
latin1_to_utf8(struct fsock__span *s)
{
	struct fsock__span t = *s;

	for (; fsock__span_left(&t) >= BLOCK && fsock__span_room(&t) >= 2 * BLOCK; t.src += BLOCK) {
		if (block_is_ascii(t.src)) {
			block_copy(t.dst, t.src);
			t.dst += BLOCK;
			continue;
		}
		for (int i = 0; i < BLOCK; i += 16)
			t.dst += latin1_to_16(t.dst, t.src + i);
	}
	*s = t;
	fsock__scalar_latin1_to_utf8(s);
}

/* Stores those of 16 bytes whose bit is set. Writes 16 bytes; returns how many count. */
VECTOR size_t
put_kept(uint8_t *dst, struct v16 bytes, unsigned keep)
{
	struct v16 order =
	    v16_load_halves(fsock__keep_bytes[keep & 0xFF], fsock__keep_bytes[keep >> 8]);
	size_t low = (size_t)__builtin_popcount(keep & 0xFF);

	bytes = v16_shuffle(bytes, v16_or(order, v16_high_half(8)));
	v16_store_low(dst, bytes);
	v16_store_high(dst + low, bytes);
	return low + (size_t)__builtin_popcount(keep >> 8);
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
	struct v16 cont = v16_xor(high, lead), bit6;

	if (!v16_is_zero(v16_or(v16_xor(lead, right), v16_xor(cont, behind))))
		return 0;
	/* C3 has bit 0 set, C2 has not: this is bit 6 of the byte. */
	bit6 = v16_and(cont, v16_and(v16_shl_units(before, 6), v16_set1(0x40)));
	return put_kept(dst, v16_or(now, bit6), ~v16_mask(lead) & 0xFFFF);
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

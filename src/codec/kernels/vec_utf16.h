/* vec_utf16.h - UTF-16 with vectors; `big` is a constant wherever these are used. */
#ifndef FSOCK_CODEC_KERNELS_VEC_UTF16_H
#define FSOCK_CODEC_KERNELS_VEC_UTF16_H

/* Units in the processor's order: VEC bytes of them, and eight. */
VECTOR struct vec
load_vec(const uint8_t *p, bool big)
{
	return big ? vec_swap_units(vec_load(p)) : vec_load(p);
}

VECTOR struct v16
load_units(const uint8_t *p, bool big)
{
	return big ? v16_swap_units(v16_load(p)) : v16_load(p);
}

/*
 * Units below U+0800 as UTF-8. Both bytes of the two-byte form are made for each, the second one
 * also right as the only byte of ASCII; then the gaps are closed. Writes VEC bytes.
 */
VECTOR size_t
put_below_800(uint8_t *dst, struct vec units)
{
	struct vec not_ascii = vec_above_units(units, 0x7F), ascii = vec_shl_units(units, 8);
	struct vec two = vec_or(vec_shr_units(units, 6), vec_and(ascii, vec_set1_unit(0x3F00)));

	two = vec_or(two, vec_set1_unit(0x80C0));
	return vec_put_rows(dst, vec_select(not_ascii, two, ascii), fsock__two_forms, not_ascii);
}

/* Four lanes of three bytes: `more` has bits 0-3 for two bytes or three, 4-7 for three. */
VECTOR size_t
put_three_forms(uint8_t *dst, struct v16 lanes, unsigned more)
{
	v16_store(dst, v16_shuffle(lanes, v16_load(fsock__three_forms[more])));
	return 4 + (size_t)__builtin_popcount(more);
}

/* Eight units that are no surrogates. Writes at most 28 bytes. */
VECTOR size_t
put_any(uint8_t *dst, struct v16 units)
{
	struct v16 not_ascii = v16_ge_units(units, v16_set1_unit(0x80));
	struct v16 is_three = v16_ge_units(units, v16_set1_unit(0x800));
	/* One bit for each unit: of two bytes or three, and eight bits further on of three. */
	unsigned more = v16_mask(v16_narrow(not_ascii, is_three));
	struct v16 first = v16_or(v16_set1_unit(0xE0), v16_shr_units(units, 12));
	/* As second of three 80 and six bits, as first of two C0 and five bits. */
	struct v16 middle = v16_or(v16_and(v16_shr_units(units, 6), v16_set1_unit(0x3F)),
	    v16_select(is_three, v16_set1_unit(0x80), v16_set1_unit(0xC0)));
	struct v16 cont = v16_or(v16_and(units, v16_set1_unit(0x3F)), v16_set1_unit(0x80));
	struct v16 last = v16_select(not_ascii, cont, units);
	struct v16 front = v16_or(first, v16_shl_units(middle, 8));
	size_t len = put_three_forms(
	    dst, v16_zip_low_units(front, last), (more & 0x0F) | (more >> 4 & 0xF0));

	return len + put_three_forms(dst + len, v16_zip_high_units(front, last),
			 (more >> 4 & 0x0F) | (more >> 8 & 0xF0));
}

/* Is there a surrogate among eight units? Their top five bits are 11011. */
VECTOR bool
has_surrogate(struct v16 units)
{
	struct v16 top = v16_and(units, v16_set1_unit(0xF800));

	return !v16_is_zero(v16_eq_units(top, v16_set1_unit(0xD800)));
}

/* Eight units with surrogates among them, one by one; false if that is not possible. */
VECTOR bool
utf16_pairs(struct fsock__span *s, void (*scalar)(struct fsock__span *))
{
	struct fsock__span few = *s;
	const uint8_t *start = s->src;

	few.src_end = s->src + 16;
	scalar(&few);
	s->src = few.src;
	s->dst = few.dst;
	return s->src != start;
}

/* VEC bytes of units; false where there is a malformed one or the beginning of one. */
VECTOR bool
utf16_put_any(struct fsock__span *s, bool big, void (*scalar)(struct fsock__span *))
{
	struct v16 part;

	for (const uint8_t *end = s->src + VEC; s->src < end; s->src += 16) {
		part = load_units(s->src, big);
		if (has_surrogate(part))
			return utf16_pairs(s, scalar);
		s->dst += put_any(s->dst, part);
	}
	return true;
}

/* A block of units that are all ASCII; false if they are not. */
VECTOR bool
utf16_put_ascii(struct fsock__span *s, bool big)
{
	struct vec all = vec_load(s->src);

	for (int i = VEC; i < BLOCK; i += VEC)
		all = vec_or(all, vec_load(s->src + i));
	if (!vec_is_zero_in(all, vec_set1_unit(big ? 0x80FF : 0xFF80)))
		return false;
	for (int i = 0; i < BLOCK; i += 32)
		v16_store(s->dst + i / 2,
		    v16_narrow(load_units(s->src + i, big), load_units(s->src + i + 16, big)));
	s->src += BLOCK;
	s->dst += BLOCK / 2;
	return true;
}

/* Two vectors are at most three bytes for each unit, and the last store is too long. */
VECTOR bool
utf16_goes_on(const struct fsock__span *s)
{
	return fsock__span_left(s) >= BLOCK && fsock__span_room(s) >= 2 * BLOCK;
}

/* Is the next vector below U+0800? */
VECTOR bool
utf16_below_800(const struct fsock__span *s, bool big)
{
	return vec_is_zero_in(vec_load(s->src), vec_set1_unit(big ? 0x00F8 : 0xF800));
}

/* Is the next block below U+0800, and not all ASCII? */
VECTOR bool
utf16_block_below_800(const uint8_t *src, bool big)
{
	struct vec all = vec_load(src);

	for (int i = VEC; i < BLOCK; i += VEC)
		all = vec_or(all, vec_load(src + i));
	return vec_is_zero_in(all, vec_set1_unit(big ? 0x00F8 : 0xF800)) &&
	       !vec_is_zero_in(all, vec_set1_unit(big ? 0x80FF : 0xFF80));
}

/* Blocks below U+0800: a loop of its own, small enough to keep its constants in registers. */
VECTOR void
utf16_put_blocks(struct fsock__span *s, bool big)
{
	const uint8_t *src = s->src, *end = s->src_end - BLOCK;
	uint8_t *dst = s->dst;

	/* No block becomes longer, and the last store is too long. */
	if (fsock__span_room(s) < fsock__span_left(s) + BLOCK)
		end = src + fsock__span_room(s) - 2 * BLOCK;
	while (src <= end && utf16_block_below_800(src, big))
		for (int i = 0; i < BLOCK; i += VEC, src += VEC)
			dst += put_below_800(dst, load_vec(src, big));
	s->src = src;
	s->dst = dst;
}

VECTOR void
utf16_to_utf8(struct fsock__span *s, bool big, void (*scalar)(struct fsock__span *))
{
	struct fsock__span t = *s;

	while (utf16_goes_on(&t)) {
		if (utf16_put_ascii(&t, big))
			continue;
		if (!utf16_below_800(&t, big)) {
			if (!utf16_put_any(&t, big, scalar))
				break;
			continue;
		}
		t.dst += put_below_800(t.dst, load_vec(t.src, big));
		t.src += VEC;
		if (utf16_goes_on(&t))
			utf16_put_blocks(&t, big);
	}
	*s = t;
	scalar(s);
}

KERNEL void
utf16le_to_utf8(struct fsock__span *s)
{
	utf16_to_utf8(s, false, fsock__scalar_utf16le_to_utf8);
}

KERNEL void
utf16be_to_utf8(struct fsock__span *s)
{
	utf16_to_utf8(s, true, fsock__scalar_utf16be_to_utf8);
}

/* Stores 16 units given as low and high bytes, leaving out those whose bit is not in `keep`. */
VECTOR size_t
put_units(uint8_t *dst, struct v16 low, struct v16 high, unsigned keep, bool big)
{
	struct v16 a = big ? v16_zip_low(high, low) : v16_zip_low(low, high);
	struct v16 b = big ? v16_zip_high(high, low) : v16_zip_high(low, high);
	size_t len = 2 * (size_t)__builtin_popcount(keep & 0xFF);

	v16_store(dst, v16_shuffle(a, v16_load(fsock__keep_units[keep & 0xFF])));
	v16_store(dst + len, v16_shuffle(b, v16_load(fsock__keep_units[keep >> 8])));
	return len + 2 * (size_t)__builtin_popcount(keep >> 8);
}

/*
 * 16 bytes of valid UTF-8, which may begin and end within characters. At every place it makes the
 * unit that would end there, from this byte and the two before, and then keeps those that do: not
 * where a lead is, nor the second byte of three or four. Of a four-byte character the third byte
 * gives the high surrogate and the fourth the low one. Writes 32 bytes; returns how many count.
 */
VECTOR size_t
utf16_from_16(uint8_t *dst, const uint8_t *src, bool big)
{
	struct v16 now = v16_load(src), one = v16_load(src - 1), two = v16_load(src - 2);
	struct v16 six = v16_set1(0x3F), lead = v16_set1(0xC0);
	struct v16 is_high = v16_ge(now, v16_set1(0x80));
	struct v16 cont = v16_and(is_high, v16_xor(v16_ge(now, lead), v16_set1(0xFF)));
	struct v16 drop = v16_or(v16_ge(now, lead), v16_ge(one, v16_set1(0xE0)));
	/* Bits 6 to 11 are those of the byte before, 12 to 15 of an E0..EF two places before. */
	struct v16 mid = v16_and(v16_and(one, six), cont);
	struct v16 top = v16_and(v16_and(two, v16_set1(0x0F)), v16_ge(two, v16_set1(0xE0)));
	struct v16 low = v16_or(
	    v16_xor(now, v16_and(cont, v16_set1(0x80))), v16_and(v16_shl_units(mid, 6), lead));
	struct v16 high =
	    v16_or(v16_and(v16_shr_units(mid, 2), v16_set1(0x0F)), v16_shl_units(top, 4));
	struct v16 third = v16_ge(two, v16_set1(0xF0));
	struct v16 fourth = v16_ge(v16_load(src - 3), v16_set1(0xF0)), u;

	if (!v16_is_zero(v16_or(third, fourth))) {
		/*
		 * D7C0 + (lead & 7) << 8 + six bits << 2 + the two upper bits of this byte's six.
		 */
		u = v16_and(v16_shr_units(v16_and(now, v16_set1(0x30)), 4), v16_set1(0x03));
		u = v16_or(v16_and(v16_shl_units(v16_and(one, six), 2), v16_set1(0xFC)), u);
		low = v16_select(third, v16_add(u, v16_set1(0xC0)), low);
		/* The sum of C0 and u goes on into the high byte where u is 40 or more. */
		u = v16_and(v16_ge(u, v16_set1(0x40)), v16_set1(1));
		u = v16_add(v16_add(v16_and(two, v16_set1(0x07)), u), v16_set1(0xD7));
		high = v16_select(third, u, high);
		/*
		 * DC00 + four bits << 6 + six bits: `low` holds the lower eight of these already.
		 */
		u = v16_and(v16_shr_units(mid, 2), v16_set1(0x03));
		high = v16_select(fourth, v16_or(u, v16_set1(0xDC)), high);
	}
	return put_units(dst, low, high, ~v16_mask(drop) & 0xFFFF, big);
}

/* A block of ASCII becomes 2 * BLOCK bytes. */
VECTOR void
utf16_from_ascii(uint8_t *dst, const uint8_t *src, bool big)
{
	struct v16 bytes, zero = v16_set1(0);

	for (int i = 0; i < BLOCK; i += 16) {
		bytes = v16_load(src + i);
		v16_store(dst + 2 * i, big ? v16_zip_low(zero, bytes) : v16_zip_low(bytes, zero));
		v16_store(
		    dst + 2 * i + 16, big ? v16_zip_high(zero, bytes) : v16_zip_high(bytes, zero));
	}
}

/*
 * As many blocks as the span has, back to the last character that is whole. Text before s->src and
 * not before `start` may be looked at.
 */
VECTOR void
utf16_from_blocks(struct fsock__span *s, const uint8_t *start, bool big)
{
	struct fsock__span t = *s;
	enum block found;
	size_t back;

	if (t.src - start < 3)
		return;
	for (; fsock__span_left(&t) >= BLOCK && fsock__span_room(&t) >= 2 * BLOCK; t.src += BLOCK) {
		found = block_check(t.src);
		if (found == BLOCK_BAD)
			break;
		if (found == BLOCK_ASCII) {
			utf16_from_ascii(t.dst, t.src, big);
			t.dst += 2 * BLOCK;
			continue;
		}
		for (int i = 0; i < BLOCK; i += 16)
			t.dst += utf16_from_16(t.dst, t.src + i, big);
	}
	/* A character begun but not finished: after three of four bytes a unit is out already. */
	back = utf8_unfinished(t.src);
	t.src -= back;
	t.dst -= back == 3 ? 2 : 0;
	*s = t;
}

KERNEL void
utf8_to_utf16le(struct fsock__span *s)
{
	const uint8_t *start = s->src;

	if (span_begin(s, fsock__scalar_utf8_to_utf16le))
		utf16_from_blocks(s, start, false);
	fsock__scalar_utf8_to_utf16le(s);
}

KERNEL void
utf8_to_utf16be(struct fsock__span *s)
{
	const uint8_t *start = s->src;

	if (span_begin(s, fsock__scalar_utf8_to_utf16be))
		utf16_from_blocks(s, start, true);
	fsock__scalar_utf8_to_utf16be(s);
}

#endif

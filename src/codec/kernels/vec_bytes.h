/* vec_bytes.h - one-byte charsets with vectors, and what is rare in them by tables. */
#ifndef FSOCK_CODEC_KERNELS_VEC_BYTES_H
#define FSOCK_CODEC_KERNELS_VEC_BYTES_H

/* From so many bytes on it pays to make planes of the table. */
enum { PLANES_FROM = 512 };

/*
 * The two-byte forms of bytes 80 to FF as v16_lookup_both wants them: of each sixteen first the
 * leads, then the continuations. Both are 0 where the byte has no form of two bytes.
 */
VECTOR void
make_planes(uint8_t planes[256], const uint32_t table[256])
{
	for (unsigned i = 0; i < 128; i++) {
		uint32_t form = table[0x80 + i];
		uint8_t *at = planes + i / 16 * 32 + i % 16;

		form = form >> 24 == 2 ? form : 0;
		at[0] = (uint8_t)form;
		at[16] = (uint8_t)(form >> 8);
	}
}

VECTOR size_t
form_length(uint32_t form)
{
	return form >> 24;
}

/* Four bytes, of which the first one to three count. Little-endian: the entry's lowest first. */
VECTOR void
put_form(uint8_t *dst, uint32_t form)
{
	memcpy(dst, &form, sizeof(form));
}

/*
 * Four bytes by the table. Each form is stored with four bytes and the next one over what is too
 * much, so nothing here branches on the text. The lengths are summed in pairs to shorten the chain
 * of sums from one store to the next. Returns the length; writes at most 13 bytes. The sign bit of
 * *unmapped is set when a byte is unmapped: no other entry than 0 gets it by subtracting 1.
 */
VECTOR size_t
bytes_put_4(uint8_t *dst, const uint8_t *src, const uint32_t table[256], uint32_t *unmapped)
{
	uint32_t a = table[src[0]], b = table[src[1]], c = table[src[2]], d = table[src[3]];
	size_t two = form_length(a) + form_length(b);

	*unmapped |= (a - 1) | (b - 1) | (c - 1) | (d - 1);
	put_form(dst, a);
	put_form(dst + form_length(a), b);
	put_form(dst + two, c);
	put_form(dst + two + form_length(c), d);
	return two + (form_length(c) + form_length(d));
}

/* Sixteen bytes of any kind; returns 0 when one is unmapped. Writes at most 49 bytes. */
VECTOR size_t
bytes_put_16_by_table(uint8_t *dst, const uint8_t *src, const uint32_t table[256])
{
	uint32_t unmapped = 0;
	size_t len = bytes_put_4(dst, src, table, &unmapped);

	len += bytes_put_4(dst + len, src + 4, table, &unmapped);
	len += bytes_put_4(dst + len, src + 8, table, &unmapped);
	len += bytes_put_4(dst + len, src + 12, table, &unmapped);
	return unmapped >> 31 == 0 ? len : 0;
}

/*
 * Sixteen bytes: those above ASCII are looked up all at once if each has a form of two bytes, as
 * most letters of most alphabets have.
 */
VECTOR size_t
bytes_put_16(uint8_t *dst, const uint8_t *src, const uint32_t table[256], const uint8_t planes[256])
{
	struct v16 bytes = v16_load(src), lead, cont;
	unsigned upper = v16_mask(bytes);
	size_t len;

	/* ASCII is a place beyond the planes, where the lookup gives 0. */
	v16_lookup_both(planes, v16_xor(bytes, v16_set1(0x80)), &lead, &cont);
	if (v16_mask(lead) != upper)
		return bytes_put_16_by_table(dst, src, table);
	cont = v16_or(cont, v16_and(bytes, v16_ge(v16_set1(0x7F), bytes)));
	len = put_two_forms(dst, v16_zip_low(lead, cont), upper & 0xFF);
	return len + put_two_forms(dst + len, v16_zip_high(lead, cont), upper >> 8);
}

/* A block of 64 bytes; false where a byte is unmapped, with a part done. */
VECTOR bool
bytes_put_block(struct fsock__span *s, const uint32_t table[256], const uint8_t planes[256])
{
	size_t len;

	if (block_is_ascii(s->src)) {
		block_copy(s->dst, s->src);
		s->src += BLOCK;
		s->dst += BLOCK;
		return true;
	}
	for (const uint8_t *end = s->src + BLOCK; s->src < end; s->src += 16) {
		len = bytes_put_16(s->dst, s->src, table, planes);
		if (len == 0)
			return false;
		s->dst += len;
	}
	return true;
}

KERNEL void
bytes_to_utf8(struct fsock__span *s, const uint32_t table[256])
{
	struct fsock__span t;
	uint8_t planes[256];

	span_ascii(s);
	t = *s;
	if (fsock__span_left(&t) >= PLANES_FROM) {
		make_planes(planes, table);
		/* Three bytes of text for each, and what the last store has too much. */
		while (fsock__span_left(&t) >= BLOCK && fsock__span_room(&t) >= 3 * BLOCK + 16)
			if (!bytes_put_block(&t, table, planes))
				break;
		*s = t;
	}
	fsock__scalar_bytes_to_utf8(s, table);
}

/* The page of 64 bytes that unit is in. */
VECTOR const uint8_t *
page_of(const struct fsock__reverse *t, unsigned unit)
{
	return t->pages + t->groups[t->top[unit >> 10] * 16u + (unit >> 6 & 15)] * 64u;
}

/*
 * Sixteen bytes of characters of one and two bytes, the first of which may have begun before. The
 * check is complete with one look back: no lead is another one than C2 to DF, and continuations
 * stand exactly behind leads. Neighbours in a text mostly come from the same 128 code points, as
 * an alphabet does: each turn looks up all that share two pages with the first one not done.
 * Returns how many bytes were made, or 0 when something else is there or unmapped; writes 16.
 */
VECTOR size_t
bytes_from_16(uint8_t *dst, const uint8_t *src, const struct fsock__reverse *t)
{
	struct v16 now = v16_load(src), before = v16_load(src - 1);
	struct v16 lead = v16_ge(now, v16_set1(0xC0)), upper = v16_ge(now, v16_set1(0x80));
	struct v16 right = v16_and(v16_ge(now, v16_set1(0xC2)), v16_ge(v16_set1(0xDF), now));
	struct v16 behind = v16_ge(before, v16_set1(0xC0)), cont = v16_xor(upper, lead);
	struct v16 index =
	    v16_or(v16_and(now, v16_set1(0x3F)), v16_and(v16_shl_units(before, 6), v16_set1(0x40)));
	struct v16 high = v16_and(v16_shr_units(before, 1), v16_set1(0x0F));
	struct v16 unmapped = v16_set1(0), here, found;
	unsigned left = v16_mask(cont), unit;

	if (!v16_is_zero(v16_or(v16_xor(lead, right), v16_xor(cont, behind))))
		return 0;
	for (; left != 0; left &= ~v16_mask(here)) {
		unit = src[__builtin_ctz(left) - 1] >> 1 & 0x0F;
		here = v16_and(cont, v16_eq(high, v16_set1((uint8_t)unit)));
		found = v16_lookup_128(page_of(t, unit << 7), page_of(t, (unit << 7) + 64), index);
		now = v16_select(here, found, now);
		unmapped = v16_or(unmapped, v16_and(here, v16_ge(v16_set1(0), found)));
	}
	if (!v16_is_zero(unmapped))
		return 0;
	return put_kept(dst, now, ~v16_mask(lead) & 0xFFFF);
}

/*
 * Blocks as long as they have only ASCII and what bytes_from_16 can do; stops between characters.
 */
VECTOR void
bytes_from_blocks(struct fsock__span *s, const struct fsock__reverse *t)
{
	struct fsock__span p = *s;
	size_t len = 1;

	while (len != 0 && fsock__span_left(&p) >= BLOCK && fsock__span_room(&p) >= BLOCK) {
		if (block_is_ascii(p.src) && p.src[-1] < 0xC0) {
			block_copy(p.dst, p.src);
			p.src += BLOCK;
			p.dst += BLOCK;
			continue;
		}
		for (const uint8_t *end = p.src + BLOCK; p.src < end; p.src += 16) {
			len = bytes_from_16(p.dst, p.src, t);
			if (len == 0)
				break;
			p.dst += len;
		}
	}
	p.src -= p.src[-1] >= 0xC0;
	*s = p;
}

/*
 * Bytes for 16 units of any alphabet, in turns as bytes_from_16; ASCII is clear by itself. Returns
 * false if any is unmapped.
 */
VECTOR bool
find_16(uint8_t *dst, const uint16_t *units, const struct fsock__reverse *table)
{
	const uint8_t *p = (const uint8_t *)units;
	struct v16 a = v16_load(p), b = v16_load(p + 16), seven = v16_set1_unit(0x7F);
	struct v16 index = v16_narrow(v16_and(a, seven), v16_and(b, seven));
	struct v16 high_a = v16_shr_units(a, 7), high_b = v16_shr_units(b, 7);
	struct v16 bytes = index, here = v16_set1_unit(0), unmapped = here, found;
	unsigned left = 0xFFFF, unit;

	here = v16_narrow(v16_eq_units(high_a, here), v16_eq_units(high_b, here));
	while ((left &= ~v16_mask(here)) != 0) {
		unit = units[__builtin_ctz(left)] & ~0x7Fu;
		here = v16_set1_unit((uint16_t)(unit >> 7));
		here = v16_narrow(v16_eq_units(high_a, here), v16_eq_units(high_b, here));
		found = v16_lookup_128(page_of(table, unit), page_of(table, unit + 64), index);
		bytes = v16_select(here, found, bytes);
		unmapped = v16_or(unmapped, v16_and(here, v16_ge(v16_set1(0), found)));
	}
	v16_store(dst, bytes);
	return v16_is_zero(unmapped);
}

/* Bytes for n units. Returns how many there are before the first unmapped one. */
VECTOR size_t
find_bytes(uint8_t *dst, const uint16_t *units, size_t n, const struct fsock__reverse *table)
{
	const struct fsock__reverse t = *table;
	size_t i = 0;

	while (n - i >= 16 && find_16(dst + i, units + i, &t))
		i += 16;
	for (; i < n; i++) {
		dst[i] = fsock__reverse_find(&t, units[i]);
		if (dst[i] == 0 && units[i] != 0)
			break;
	}
	return i;
}

/* How many bytes of UTF-8 n units are, none of them a surrogate. */
VECTOR size_t
utf8_length(const uint16_t *units, size_t n)
{
	size_t len = n;

	for (size_t i = 0; i < n; i++)
		len += (units[i] >= 0x80) + (units[i] >= 0x800);
	return len;
}

/*
 * A piece by way of UTF-16, where characters have three bytes. Returns false where the vectors
 * can do nothing more. Text from `start` on may be looked at.
 */
VECTOR bool
bytes_by_utf16(struct fsock__span *s, const uint8_t *start, const struct fsock__reverse *t)
{
	uint16_t units[128];
	uint8_t *out = (uint8_t *)units;
	size_t room = fsock__span_room(s), n, found;
	struct fsock__span part = { s->src, s->src_end, out, out + sizeof(units) };

	if (room < 128)
		part.dst_end = out + 2 * room;
	utf16_from_blocks(&part, start, false);
	n = (size_t)(part.dst - out) / 2;
	found = find_bytes(s->dst, units, n, t);
	s->dst += found;
	s->src = found == n ? part.src : s->src + utf8_length(units, found);
	return found == n && n != 0;
}

KERNEL void
utf8_to_bytes(struct fsock__span *s, const struct fsock__reverse *table)
{
	const struct fsock__reverse t = *table;
	const uint8_t *start = s->src;
	struct fsock__span p = *s;

	if (fsock__span_left(&p) >= LOOK_BACK + BLOCK) {
		p.src_end = p.src + LOOK_BACK;
		fsock__scalar_utf8_to_bytes(&p, table);
		p.src_end = s->src_end;
		if (p.src - start >= 3)
			do
				bytes_from_blocks(&p, &t);
			while (bytes_by_utf16(&p, start, &t));
		*s = p;
	}
	fsock__scalar_utf8_to_bytes(s, table);
}

#endif

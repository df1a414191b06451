/* kernels_vec_bytes.h - one-byte charsets: ASCII with vectors, the rest by tables. */
#ifndef FSOCK_CODEC_KERNELS_VEC_BYTES_H
#define FSOCK_CODEC_KERNELS_VEC_BYTES_H

/* From so many bytes on it pays to make planes of the table. */
enum { PLANES_FROM = 512 };

/*
 * The units of bytes 80 to FF, as v16_lookup_units wants them: of each sixteen first the low bytes,
 * then the high ones.
 */
VECTOR void
make_planes(uint8_t planes[256], const uint32_t table[256])
{
	for (unsigned i = 0; i < 128; i++) {
		uint32_t form = table[0x80 + i], unit = 0;
		uint8_t *at = planes + i / 16 * 32 + i % 16;

		if (form >> 24 == 1)
			unit = form & 0x7F;
		else if (form >> 24 == 2)
			unit = (form & 0x1F) << 6 | (form >> 8 & 0x3F);
		else if (form >> 24 == 3)
			unit = (form & 0x0F) << 12 | (form >> 8 & 0x3F) << 6 | (form >> 16 & 0x3F);
		at[0] = (uint8_t)unit;
		at[16] = (uint8_t)(unit >> 8);
	}
}

/* Converts 16 bytes; returns the length, 0 when one is unmapped. Writes at most 56 bytes. */
VECTOR size_t
bytes_put_16(uint8_t *dst, const uint8_t *src, const uint8_t planes[256])
{
	struct v16 bytes = v16_load(src), low, high, some;
	struct v16 upper = v16_ge(bytes, v16_set1(0x80));
	size_t len;

	v16_lookup_units(planes, v16_and(bytes, v16_set1(0x7F)), &low, &high);
	low = v16_select(upper, low, bytes);
	high = v16_and(upper, high);
	/* Only unmapped bytes, and no ASCII, have a unit of 0. */
	some = v16_ge(v16_set1(0), v16_or(low, high));
	if (!v16_is_zero(v16_and(some, upper)))
		return 0;
	if (v16_is_zero(v16_and(high, v16_set1(0xF8))))
		return put_16_below_800(dst, low, high, upper);
	len = put_any(dst, v16_zip_low(low, high));
	return len + put_any(dst + len, v16_zip_high(low, high));
}

/* A block of 64 bytes; false where a byte is unmapped, with a part done. */
VECTOR bool
bytes_put_block(struct fsock__span *s, const uint8_t planes[256])
{
	size_t len;

	if (block_is_ascii(s->src)) {
		block_copy(s->dst, s->src);
		s->src += BLOCK;
		s->dst += BLOCK;
		return true;
	}
	for (const uint8_t *end = s->src + BLOCK; s->src < end; s->src += 16) {
		len = bytes_put_16(s->dst, s->src, planes);
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
		/* Three bytes of text for each, and less than 16 that the last store has too much. */
		while (fsock__span_left(&t) >= BLOCK && fsock__span_room(&t) >= 3 * BLOCK + 16)
			if (!bytes_put_block(&t, planes))
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
 * Bytes for 16 units. Neighbours in a text mostly come from the same 128 units, as their alphabet
 * does: ASCII is clear by itself, then each turn looks up all units that share two pages with the
 * first one not done. Returns false if any is unmapped.
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

/* By way of UTF-16, in pieces that stay in the first-level cache. */
KERNEL void
utf8_to_bytes(struct fsock__span *s, const struct fsock__reverse *table)
{
	uint16_t units[512];
	uint8_t *const out = (uint8_t *)units;
	size_t n, found, left, room;

	for (;;) {
		left = fsock__span_left(s);
		room = fsock__span_room(s);
		n = ascii_copy(s->dst, s->src, left < room ? left : room);
		s->src += n;
		s->dst += n;
		struct fsock__span part = { s->src, s->src_end, out, out + sizeof(units) };
		if (room - n < 512)
			part.dst_end = out + 2 * (room - n);
		utf8_to_utf16le(&part);
		n = (size_t)(part.dst - out) / 2;
		found = find_bytes(s->dst, units, n, table);
		s->dst += found;
		if (found < n || n == 0) {
			s->src += utf8_length(units, found);
			return;
		}
		s->src = part.src;
	}
}

#endif

/* kernels_vec_bytes.h - one-byte charsets: ASCII with vectors, the rest by tables. */
#ifndef FSOCK_CODEC_KERNELS_VEC_BYTES_H
#define FSOCK_CODEC_KERNELS_VEC_BYTES_H

/*
 * Eight bytes by the table. Each form is stored with four bytes and the next one over what is too
 * much, so nothing here branches on the text. The lengths are summed in pairs to shorten the chain
 * of sums from one store to the next. Returns the length, or 0 when a byte is unmapped; writes at
 * most 25 bytes. (Little-endian: the entry's lowest byte comes first.)
 */
VECTOR size_t
bytes_put_8(uint8_t *dst, const uint8_t *src, const uint32_t table[256])
{
	uint32_t form[8];
	size_t at[9];
	bool mapped = true;

	for (int i = 0; i < 8; i++) {
		form[i] = table[src[i]];
		mapped &= form[i] != 0;
	}
	if (!mapped)
		return 0;
	at[0] = 0;
	at[1] = form[0] >> 24;
	at[2] = (form[0] >> 24) + (form[1] >> 24);
	at[4] = at[2] + ((form[2] >> 24) + (form[3] >> 24));
	at[8] = at[4] + (((form[4] >> 24) + (form[5] >> 24)) + ((form[6] >> 24) + (form[7] >> 24)));
	at[3] = at[2] + (form[2] >> 24);
	at[5] = at[4] + (form[4] >> 24);
	at[6] = at[5] + (form[5] >> 24);
	at[7] = at[6] + (form[6] >> 24);
	for (int i = 0; i < 8; i++)
		memcpy(dst + at[i], &form[i], sizeof(form[i]));
	return at[8];
}

/* A block of 64 bytes; false where a byte is unmapped, with a part done. */
VECTOR bool
bytes_put_block(struct fsock__span *s, const uint32_t table[256])
{
	size_t len;

	if (block_is_ascii(s->src)) {
		block_copy(s->dst, s->src);
		s->src += BLOCK;
		s->dst += BLOCK;
		return true;
	}
	for (int i = 0; i < BLOCK; i += 8) {
		len = bytes_put_8(s->dst, s->src, table);
		if (len == 0)
			return false;
		s->src += 8;
		s->dst += len;
	}
	return true;
}

KERNEL void
bytes_to_utf8(struct fsock__span *s, const uint32_t table[256])
{
	/* Three bytes of text for each, and one that the last store has too much. */
	while (fsock__span_left(s) >= BLOCK && fsock__span_room(s) >= 3 * BLOCK + 1)
		if (!bytes_put_block(s, table))
			break;
	fsock__scalar_bytes_to_utf8(s, table);
}

/*
 * Bytes for n units. Returns how many there are before the first unmapped one. One look at the
 * whole says whether there is any: rare, so nothing in the loop waits for the answer.
 */
VECTOR size_t
find_bytes(uint8_t *dst, const uint16_t *units, size_t n, const struct fsock__reverse *table)
{
	const struct fsock__reverse t = *table;
	bool unmapped = false;
	size_t i;
	uint8_t b;

	for (i = 0; i < n; i++) {
		b = fsock__reverse_find(&t, units[i]);
		unmapped |= b == 0 && units[i] != 0;
		dst[i] = b;
	}
	if (!unmapped)
		return n;
	for (i = 0; dst[i] != 0 || units[i] == 0; i++)
		;
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
 * By way of UTF-16, in pieces that stay in the first-level cache: that step is where the vectors
 * help, and what is left is three loads a character without a branch.
 */
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

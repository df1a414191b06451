/*
 * vec_lines.h - line ends with vectors. A whole vector is stored, then the rest of it again
 * one byte further back or on for each line end in it: lines are mostly longer than a vector, so
 * that is done once whether there is a line end or not, which no branch has to guess.
 */
#ifndef FSOCK_CODEC_KERNELS_VEC_LINES_H
#define FSOCK_CODEC_KERNELS_VEC_LINES_H

/* The place of the lowest bit; VEC when there is none. */
VECTOR size_t
first_place(uint64_t places)
{
	return (size_t)__builtin_ctzll(places | (uint64_t)1 << VEC);
}

/*
 * VEC bytes at s->src, looking at the one behind them. Drops each CR, if every one has an LF behind
 * it; a CR in the last place goes without its LF, which the next turn finds: *after_cr is 1 then.
 * Reads 2 * VEC + 1 bytes at most and writes 2 * VEC.
 */
VECTOR bool
crlf_to_lf_vec(struct fsock__span *s, bool lone_lf, uint64_t *after_cr)
{
	struct vec bytes = vec_load(s->src);
	uint64_t cr = vec_find(bytes, '\r'), behind = vec_find(vec_load(s->src + 1), '\n');
	size_t place, dropped = 0;

	if ((cr & ~behind) != 0)
		return false;
	if (!lone_lf && (vec_find(bytes, '\n') & ~(cr << 1 | *after_cr)) != 0)
		return false;
	*after_cr = cr >> (VEC - 1);
	vec_store(s->dst, bytes);
	do {
		place = first_place(cr);
		vec_store(s->dst + place - dropped, vec_load(s->src + place + 1));
		dropped += cr != 0;
		cr &= cr - 1;
	} while (cr != 0);
	s->src += VEC;
	s->dst += VEC - dropped;
	return true;
}

VECTOR void
crlf_to_lf_vecs(struct fsock__span *s, bool lone_lf)
{
	struct fsock__span t = *s;
	uint64_t after_cr = 0;

	while (fsock__span_left(&t) > 2 * VEC && fsock__span_room(&t) >= 2 * VEC)
		if (!crlf_to_lf_vec(&t, lone_lf, &after_cr))
			break;
	/* Half a pair is given back: nothing of it was written. */
	t.src -= after_cr;
	*s = t;
}

KERNEL void
crlf_to_lf(struct fsock__span *s, bool lone_lf)
{
	if (lone_lf)
		crlf_to_lf_vecs(s, true);
	else
		crlf_to_lf_vecs(s, false);
	fsock__scalar_crlf_to_lf(s, lone_lf);
}

/* Bytes with `to` in the place of each `from`. */
VECTOR struct vec
replaced(struct vec bytes, uint8_t from, uint8_t to)
{
	return vec_xor(bytes, vec_and(vec_equal(bytes, from), vec_set1(from ^ to)));
}

/*
 * VEC bytes at s->src, as above; any other CR becomes LF, so that what is stored has no CR.
 * Reads 2 * VEC + 1 bytes at most and writes 2 * VEC.
 */
VECTOR void
auto_to_lf_vec(struct fsock__span *s, uint64_t *after_cr)
{
	struct vec bytes = vec_load(s->src);
	uint64_t pairs = vec_find(bytes, '\r') & vec_find(vec_load(s->src + 1), '\n');
	size_t place, dropped = 0;

	*after_cr = pairs >> (VEC - 1);
	vec_store(s->dst, replaced(bytes, '\r', '\n'));
	do {
		place = first_place(pairs);
		vec_store(
		    s->dst + place - dropped, replaced(vec_load(s->src + place + 1), '\r', '\n'));
		dropped += pairs != 0;
		pairs &= pairs - 1;
	} while (pairs != 0);
	s->src += VEC;
	s->dst += VEC - dropped;
}

KERNEL void
auto_to_lf(struct fsock__span *s)
{
	struct fsock__span t = *s;
	uint64_t after_cr = 0;

	while (fsock__span_left(&t) > 2 * VEC && fsock__span_room(&t) >= 2 * VEC)
		auto_to_lf_vec(&t, &after_cr);
	t.src -= after_cr;
	*s = t;
	fsock__scalar_auto_to_lf(s);
}

VECTOR void
replace(struct fsock__span *s, uint8_t from, uint8_t to)
{
	while (fsock__span_left(s) >= VEC && fsock__span_room(s) >= VEC) {
		vec_store(s->dst, replaced(vec_load(s->src), from, to));
		s->src += VEC;
		s->dst += VEC;
	}
	fsock__scalar_replace(s, from, to);
}

KERNEL void
cr_to_lf(struct fsock__span *s)
{
	struct fsock__span t = *s;

	replace(&t, '\r', '\n');
	*s = t;
}

KERNEL void
lf_to_cr(struct fsock__span *s)
{
	struct fsock__span t = *s;

	replace(&t, '\n', '\r');
	*s = t;
}

/* VEC bytes at s->src. Reads 2 * VEC bytes at most and writes 3 * VEC. */
VECTOR void
lf_to_crlf_vec(struct fsock__span *s)
{
	struct vec bytes = vec_load(s->src);
	uint64_t lf = vec_find(bytes, '\n');
	size_t place, added = 0;

	vec_store(s->dst, bytes);
	do {
		place = first_place(lf);
		s->dst[place + added] = '\r';
		vec_store(s->dst + place + added + 1, vec_load(s->src + place));
		added += lf != 0;
		lf &= lf - 1;
	} while (lf != 0);
	s->src += VEC;
	s->dst += VEC + added;
}

KERNEL void
lf_to_crlf(struct fsock__span *s)
{
	struct fsock__span t = *s;

	while (fsock__span_left(&t) >= 2 * VEC && fsock__span_room(&t) >= 3 * VEC + 1)
		lf_to_crlf_vec(&t);
	*s = t;
	fsock__scalar_lf_to_crlf(s);
}

#endif

/*
 * kernels.h - the loops that convert text in bulk, one table of functions per kind of processor.
 *
 * A kernel converts a prefix of its input and stops before the first thing that it cannot do
 * completely: a malformed, incomplete or unmappable item, or one that does not fit in the output.
 * It says neither that something was wrong nor what; the charset code looks at the next character,
 * one at a time, decides, and may call the kernel again after it. Every implementation stops at
 * exactly the same byte as the scalar one and has written the same bytes up to there.
 *
 * Rules for all of them:
 *  - nothing outside [src, src_end) is read, nothing outside [dst, dst_end) is written;
 *  - bytes of the output buffer after the result may hold anything afterwards;
 *  - source and destination must not overlap; no alignment is asked for;
 *  - UTF-8 that comes out is valid and ends at the end of a character, whatever came in.
 */
#ifndef FSOCK_CODEC_KERNELS_H
#define FSOCK_CODEC_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left to convert and where to: a kernel moves src and dst on. */
struct fsock__span {
	const uint8_t *src;
	const uint8_t *src_end;
	uint8_t *dst;
	uint8_t *dst_end;
};

/*
 * From a byte of a one-byte charset to UTF-8: table[256], ASCII included. An entry has the first
 * byte of the UTF-8 form in its lowest 8 bits, the others above, and the length (1 to 3) in its
 * highest 8 bits. 0 = the byte is unmapped. FSOCK__FORM makes an entry of a code point.
 */
#define FSOCK__FORM(c)                                                                \
	((c) < 0x80       ? (uint32_t)(c) | 1u << 24                                  \
	    : (c) < 0x800 ? (0xC0u | (c) >> 6) | (0x80u | ((c)&0x3F)) << 8 | 2u << 24 \
			  : (0xE0u | (c) >> 12) | (0x80u | ((c) >> 6 & 0x3F)) << 8 |  \
				(0x80u | ((c)&0x3F)) << 16 | 3u << 24)

/*
 * From UTF-16 to a byte of a one-byte charset, in three steps of a trie: unit >> 10 picks a group,
 * bits 6 to 9 pick a page in the group, the low six bits pick the byte in the page. ASCII is in it.
 * A byte of 0 means unmapped, for every unit but U+0000. Group 0 and page 0 serve as the empty ones
 * unless they hold ASCII, as the maker of the table likes; surrogates must be unmapped.
 */
struct fsock__reverse {
	const uint8_t *top;    /* [64]: number of the group */
	const uint8_t *groups; /* [16] for each group: number of the page */
	const uint8_t *pages;  /* [64] for each page: byte */
};

/* The byte for a UTF-16 unit; 0 means unmapped unless the unit is 0. */
static inline uint8_t
fsock__reverse_find(const struct fsock__reverse *r, uint16_t unit)
{
	unsigned page = r->groups[r->top[unit >> 10] * 16u + (unit >> 6 & 15)];

	return r->pages[page * 64u + (unit & 63)];
}

struct fsock__kernels {
	const char *name;

	/* Copies the longest prefix of ASCII; returns its length. dst has room for n bytes. */
	size_t (*ascii_copy)(uint8_t *dst, const uint8_t *src, size_t n);

	/* Copies the longest prefix of whole valid UTF-8 characters; returns its length. */
	size_t (*utf8_copy)(uint8_t *dst, const uint8_t *src, size_t n);

	/* The length of the longest prefix of whole valid UTF-8 characters. */
	size_t (*utf8_check)(const uint8_t *src, size_t n);

	/* Latin-1 is ISO-8859-1 in full: byte = code point. */
	void (*latin1_to_utf8)(struct fsock__span *s);
	void (*utf8_to_latin1)(struct fsock__span *s);

	/* Surrogate pairs are converted; a lone surrogate and half a unit stop it. */
	void (*utf16le_to_utf8)(struct fsock__span *s);
	void (*utf16be_to_utf8)(struct fsock__span *s);
	void (*utf8_to_utf16le)(struct fsock__span *s);
	void (*utf8_to_utf16be)(struct fsock__span *s);

	/* One-byte charsets that contain ASCII. */
	void (*bytes_to_utf8)(struct fsock__span *s, const uint32_t table[256]);
	void (*utf8_to_bytes)(struct fsock__span *s, const struct fsock__reverse *table);

	/*
	 * CR LF becomes LF. Stops before a CR that no LF follows, also before one that ends the
	 * input; an LF without a CR is copied if `lone_lf`, else it stops the kernel. The caller
	 * has dealt with a CR before the span.
	 */
	void (*crlf_to_lf)(struct fsock__span *s, bool lone_lf);

	/* CR LF becomes LF, and so does any other CR. Stops before a CR that ends the input. */
	void (*auto_to_lf)(struct fsock__span *s);

	/* Every LF becomes CR LF, whatever is in front of it. */
	void (*lf_to_crlf)(struct fsock__span *s);

	/* Every CR becomes LF; every LF becomes CR. */
	void (*cr_to_lf)(struct fsock__span *s);
	void (*lf_to_cr)(struct fsock__span *s);
};

/* The implementations; those of other processors are not there to be linked. */
extern const struct fsock__kernels fsock__kernels_scalar;
extern const struct fsock__kernels fsock__kernels_avx2;
extern const struct fsock__kernels fsock__kernels_neon;

/*
 * The best implementation for this processor. Threads: safe, and the same answer in all of them.
 */
const struct fsock__kernels *fsock__kernels(void);

/* The i-th implementation that runs on this processor, worst first; NULL when i is too large. */
const struct fsock__kernels *fsock__kernels_usable(size_t i);

/* For tests and benches: use `k` from now on; NULL = the best again. Not while others convert. */
void fsock__kernels_use(const struct fsock__kernels *k);

#endif

/*
 * charset.h - what a charset is inside: two functions that convert whole characters, and tables.
 *
 * The functions see one piece of input and keep nothing between calls but a word of shift state.
 * Carrying incomplete characters from piece to piece, offsets and the end of input are common to
 * all of them and live in carry.c.
 */
#ifndef FSOCK_CODEC_CHARSET_H
#define FSOCK_CODEC_CHARSET_H

#include "fsock/codec.h"
#include "kernels/kernels.h"

/* Why a conversion stopped. */
enum fsock__step {
	FSOCK__CONVERTED, /* all input is converted */
	FSOCK__PARTIAL,   /* what is left is the beginning of a character */
	FSOCK__FULL,      /* the next character has no room; nothing of it is used */
	FSOCK__BAD,       /* job->bad octets at job->span.src are no character */
	FSOCK__UNMAPPABLE /* the character there, of job->bad octets, is not in the charset */
};

/* One run of a conversion. shift is changed only together with span.src, or by BAD. */
struct fsock__job {
	struct fsock__span span;
	uint32_t shift;      /* the charset's own; 0 at the start of a stream */
	uint32_t code_point; /* what was unmappable */
	unsigned bad;
};

/* Converts as much as it can and leaves the span behind the last character converted. */
typedef enum fsock__step fsock__convert(const struct fsock_charset *, struct fsock__job *);

struct fsock__charset_ops {
	fsock__convert *decode;
	fsock__convert *encode;
	/* Writes what returns to the initial state, 0 to shift; NULL where there is no state. */
	enum fsock__step (*reset)(struct fsock__job *);
};

struct fsock_charset {
	const char *name;
	const struct fsock__charset_ops *ops;
	const uint32_t *to_utf8;                /* one-octet charsets only: 256 entries */
	const struct fsock__reverse *from_utf8; /* one-octet charsets only */
	uint8_t flags;
	uint8_t minimum;
	uint8_t maximum;
	uint8_t end_one; /* decoding: of a character cut off by the end only one octet is bad */
};

extern const struct fsock__charset_ops fsock__one_octet_ops;

extern const struct fsock_charset fsock__charset_utf_8, fsock__charset_utf_16,
    fsock__charset_utf_16le, fsock__charset_utf_16be, fsock__charset_utf_32,
    fsock__charset_utf_32le, fsock__charset_utf_32be, fsock__charset_iso_8859_1, fsock__charset_gbk,
    fsock__charset_x_gbk, fsock__charset_gb18030, fsock__charset_big5, fsock__charset_euc_jp,
    fsock__charset_iso_2022_jp, fsock__charset_shift_jis, fsock__charset_euc_kr,
    fsock__charset_replacement;

/* charsets.c: all of them, every name of each and the code pages' numbers; these two are sorted. */
struct fsock__name {
	const char *name;
	const struct fsock_charset *charset;
};
struct fsock__page {
	unsigned number;
	const struct fsock_charset *charset;
};

extern const struct fsock_charset *const fsock__charsets[];
extern const size_t fsock__charsets_count;
extern const struct fsock__name fsock__names[];
extern const size_t fsock__names_count;
extern const struct fsock__page fsock__pages[];
extern const size_t fsock__pages_count;

#endif

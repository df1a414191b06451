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
	FSOCK__DONE,    /* all input is converted */
	FSOCK__PARTIAL, /* what is left is the beginning of a character */
	FSOCK__FULL,    /* the next character has no room; nothing of it is used */
	FSOCK__BAD,     /* job->bad octets at job->span.src are no character */
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

#endif

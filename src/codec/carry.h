/*
 * carry.h - running a conversion over pieces: the same for decoders and encoders.
 */
#ifndef FSOCK_CODEC_CARRY_H
#define FSOCK_CODEC_CARRY_H

#include "charset.h"

/*
 * The fields of a decoder or an encoder that carrying works on.
 *
 * 1. held[0 .. *held_length) are the octets of input that come before io->in; at most 3 between
 *    calls.
 * 2. *position counts the octets before held[0].
 */
struct fsock__carry {
	const struct fsock_charset *charset;
	fsock__convert *convert;
	uint64_t *position;
	uint64_t *errors;
	uint64_t *bad_position;
	uint32_t *shift;
	uint32_t *code_point; /* NULL in decoders, which never find anything unmappable */
	uint8_t *held;
	uint8_t *held_length;
	uint8_t *bad;
	uint8_t *bad_length;
	bool end_one; /* of a character cut off by the end only the first octet is bad */
};

/* Converts what can be; the meaning is that of fsock_decode. */
enum fsock_codec_status fsock__carry_run(
    struct fsock__carry *, struct fsock_codec_io *io, int final);

#endif

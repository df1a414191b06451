/*
 * policy.h - what is put in the place of an error, and writing it where there is room.
 */
#ifndef FSOCK_CODEC_POLICY_H
#define FSOCK_CODEC_POLICY_H

#include <stdbool.h>

#include "fsock/codec.h"

/*
 * What is owed lives in the fields of a decoder, an encoder or a line-end state, so that a copy of
 * the state owes it too: *kind (0 = nothing), *done octets of it have been written.
 */
struct fsock__owed {
	uint8_t *kind;
	uint8_t *done;
	uint32_t *answer;
	const uint8_t *bad;
	size_t bad_length;
};

/* Decides what is owed for an error. False: the error is to be returned. */
bool fsock__policy_answer(const struct fsock_policy *policy, const struct fsock_codec_error *error,
    const struct fsock__owed *);

/* Write what is owed, as text or encoded. False: it did not fit and is still owed. */
bool fsock__policy_pay_text(const struct fsock__owed *, struct fsock_codec_io *io);
bool fsock__policy_pay_octets(
    const struct fsock__owed *, struct fsock_encoder *e, struct fsock_codec_io *io);

#endif

#include "../base/compat.h"

#include <string.h>

#include "carry.h"
#include "policy.h"

/* see fsock/codec.h */
void
fsock_decoder_init(struct fsock_decoder *d, const struct fsock_charset *charset)
{
	memset(d, 0, sizeof *d);
	d->charset = charset;
}

static struct fsock__owed
owed_of(struct fsock_decoder *d)
{
	return (struct fsock__owed){ &d->owed, &d->owed_done, &d->answer, d->bad, d->bad_length };
}

/* Writes what a call with a policy has left. Returns whether it fitted. */
static bool
pay(struct fsock_decoder *d, struct fsock_codec_io *io)
{
	struct fsock__owed owed = owed_of(d);

	return fsock__policy_pay_text(&owed, io);
}

/* see fsock/codec.h */
enum fsock_codec_status
fsock_decode(struct fsock_decoder *d, struct fsock_codec_io *io, int final)
{
	struct fsock__carry carry = {
		.charset = d->charset,
		.convert = d->charset->ops->decode,
		.position = &d->position,
		.errors = &d->errors,
		.bad_position = &d->bad_position,
		.shift = &d->shift,
		.held = d->held,
		.held_length = &d->held_length,
		.bad = d->bad,
		.bad_length = &d->bad_length,
		.end_one = d->charset->end_one,
	};

	if (d->owed != 0 && !pay(d, io))
		return FSOCK_CODEC_OUTPUT_FULL;
	return fsock__carry_run(&carry, io, final);
}

/* see fsock/codec.h */
void
fsock_decoder_error(const struct fsock_decoder *d, struct fsock_codec_error *error)
{
	memset(error, 0, sizeof *error);
	error->status = FSOCK_CODEC_MALFORMED;
	error->offset = d->bad_position;
	error->length = d->bad_length;
	memcpy(error->octets, d->bad, d->bad_length);
}

/* see fsock/codec.h */
enum fsock_codec_status
fsock_decode_with(struct fsock_decoder *d, const struct fsock_policy *policy,
    struct fsock_codec_io *io, int final)
{
	struct fsock_codec_error error;
	enum fsock_codec_status status;

	for (;;) {
		struct fsock__owed owed;

		status = fsock_decode(d, io, final);
		if (status != FSOCK_CODEC_MALFORMED)
			return status;
		owed = owed_of(d);
		fsock_decoder_error(d, &error);
		if (!fsock__policy_answer(policy, &error, &owed))
			return status;
	}
}

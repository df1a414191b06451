#include "../base/compat.h"

#include <string.h>

#include "carry.h"
#include "policy.h"

/* see fsock/codec.h */
void
fsock_encoder_init(struct fsock_encoder *e, const struct fsock_charset *charset)
{
	memset(e, 0, sizeof *e);
	e->charset = charset;
}

static struct fsock__owed
owed_of(struct fsock_encoder *e)
{
	return (struct fsock__owed){ &e->owed, &e->owed_done, &e->answer, e->bad, e->bad_length };
}

/* Writes what a call with a policy has left. Returns whether it fitted. */
static bool
pay(struct fsock_encoder *e, struct fsock_codec_io *io)
{
	struct fsock__owed owed = owed_of(e);

	return fsock__policy_pay_octets(&owed, e, io);
}

/* see fsock/codec.h */
enum fsock_codec_status
fsock_encode(struct fsock_encoder *e, struct fsock_codec_io *io, int final)
{
	struct fsock__carry carry = {
		.charset = e->charset,
		.convert = e->charset->ops->encode,
		.position = &e->position,
		.errors = &e->errors,
		.bad_position = &e->bad_position,
		.shift = &e->shift,
		.code_point = &e->code_point,
		.held = e->held,
		.held_length = &e->held_length,
		.bad = e->bad,
		.bad_length = &e->bad_length,
	};

	if (e->owed != 0 && !pay(e, io))
		return FSOCK_CODEC_OUTPUT_FULL;
	return fsock__carry_run(&carry, io, final);
}

/* see fsock/codec.h */
enum fsock_codec_status
fsock_encode_finish(struct fsock_encoder *e, struct fsock_codec_io *io)
{
	struct fsock_codec_io rest = { NULL, 0, io->out, io->out_length };
	struct fsock__job job;
	enum fsock_codec_status status = fsock_encode(e, &rest, 1);

	io->out = rest.out;
	io->out_length = rest.out_length;
	if (status != FSOCK_CODEC_INPUT_EMPTY || e->shift == 0 || e->charset->ops->reset == NULL)
		return status;
	if (io->out_length == 0)
		return FSOCK_CODEC_OUTPUT_FULL;
	job.span.dst = io->out;
	job.span.dst_end = io->out + io->out_length;
	job.shift = e->shift;
	if (e->charset->ops->reset(&job) == FSOCK__FULL)
		return FSOCK_CODEC_OUTPUT_FULL;
	io->out_length -= (size_t)(job.span.dst - io->out);
	io->out = job.span.dst;
	e->shift = job.shift;
	return FSOCK_CODEC_INPUT_EMPTY;
}

/* see fsock/codec.h */
void
fsock_encoder_error(const struct fsock_encoder *e, struct fsock_codec_error *error)
{
	memset(error, 0, sizeof *error);
	error->status = e->code_point ? FSOCK_CODEC_UNMAPPABLE : FSOCK_CODEC_MALFORMED;
	error->code_point = e->code_point;
	error->offset = e->bad_position;
	error->length = e->bad_length;
	memcpy(error->octets, e->bad, e->bad_length);
}

/* Encodes, or with `finish` ends the text, until something is left to the caller. */
static enum fsock_codec_status
run_with(struct fsock_encoder *e, const struct fsock_policy *policy, struct fsock_codec_io *io,
    int final, bool finish)
{
	struct fsock_codec_error error;
	enum fsock_codec_status status;

	for (;;) {
		struct fsock__owed owed;

		status = finish ? fsock_encode_finish(e, io) : fsock_encode(e, io, final);
		if (status == FSOCK_CODEC_INPUT_EMPTY || status == FSOCK_CODEC_OUTPUT_FULL)
			return status;
		owed = owed_of(e);
		fsock_encoder_error(e, &error);
		if (!fsock__policy_answer(policy, &error, &owed))
			return status;
	}
}

/* see fsock/codec.h */
enum fsock_codec_status
fsock_encode_with(struct fsock_encoder *e, const struct fsock_policy *policy,
    struct fsock_codec_io *io, int final)
{
	return run_with(e, policy, io, final, false);
}

/* see fsock/codec.h */
enum fsock_codec_status
fsock_encode_finish_with(
    struct fsock_encoder *e, const struct fsock_policy *policy, struct fsock_codec_io *io)
{
	return run_with(e, policy, io, 1, true);
}

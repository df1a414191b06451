#include "../base/compat.h"

#include <string.h>

#include "carry.h"

enum { PIECE = 8 };

/* A job over n octets at src; an empty output needs a pointer as well. */
static void
job_init(struct fsock__job *job, const struct fsock__carry *c, const uint8_t *src, size_t n,
    const struct fsock_codec_io *io)
{
	static uint8_t nowhere[1];

	job->span.src = src;
	job->span.src_end = src + n;
	job->span.dst = io->out_length ? io->out : nowhere;
	job->span.dst_end = job->span.dst + io->out_length;
	job->shift = *c->shift;
	job->code_point = 0;
	job->bad = 0;
}

/* Takes over what a job has written, and its shift state. */
static void
job_close(const struct fsock__job *job, const struct fsock__carry *c, struct fsock_codec_io *io)
{
	if (io->out_length) {
		io->out = job->span.dst;
		io->out_length = (size_t)(job->span.dst_end - job->span.dst);
	}
	*c->shift = job->shift;
}

/* Notes down the error at `octets` and returns what the caller is told. */
static enum fsock_codec_status
report(const struct fsock__carry *c, const struct fsock__job *job, enum fsock__step step,
    const uint8_t *octets)
{
	memcpy(c->bad, octets, job->bad);
	*c->bad_length = (uint8_t)job->bad;
	*c->bad_position = *c->position;
	*c->position += job->bad;
	++*c->errors;
	if (c->code_point)
		*c->code_point = step == FSOCK__UNMAPPABLE ? job->code_point : 0;
	return step == FSOCK__UNMAPPABLE ? FSOCK_CODEC_UNMAPPABLE : FSOCK_CODEC_MALFORMED;
}

static void
take_input(struct fsock_codec_io *io, size_t n)
{
	if (n) {
		io->in += n;
		io->in_length -= n;
	}
}

/* Where there is no room an error has not been reached: it comes behind text that fills it. */
static bool
is_error(enum fsock__step step)
{
	return step == FSOCK__BAD || step == FSOCK__UNMAPPABLE;
}

/*
 * Converts what is held. Octets of the input are added one by one until the first character is
 * complete or bad, so that all octets behind it but the last are old ones: the last goes back to
 * the input, the others stay held. Returns the step of the job.
 */
static enum fsock__step
run_held(const struct fsock__carry *c, struct fsock_codec_io *io, int final, struct fsock__job *job,
    uint8_t piece[PIECE])
{
	size_t old = *c->held_length, n = old, used, rest, back;
	enum fsock__step step;

	memcpy(piece, c->held, old);
	for (;;) {
		job_init(job, c, piece, n, io);
		step = c->convert(c->charset, job);
		if (step != FSOCK__PARTIAL || job->span.src != piece || io->in_length == 0)
			break;
		piece[n++] = *io->in;
		take_input(io, 1);
	}
	job_close(job, c, io);
	used = (size_t)(job->span.src - piece);
	if (step == FSOCK__PARTIAL && final && io->in_length == 0) {
		step = FSOCK__BAD;
		job->bad = c->end_one ? 1 : (unsigned)(n - used);
	}
	*c->position += used;
	if (io->out_length == 0 && is_error(step))
		step = FSOCK__FULL;
	if (!is_error(step))
		job->bad = 0;
	rest = n - used - job->bad;
	back = rest < n - old ? rest : n - old;
	if (step == FSOCK__PARTIAL)
		back = 0;
	if (back) {
		io->in -= back;
		io->in_length += back;
	}
	*c->held_length = (uint8_t)(rest - back);
	memcpy(c->held, piece + (n - rest), rest - back);
	return step;
}

/* Converts from the input itself; what is left of it after PARTIAL becomes held. */
static enum fsock__step
run_input(const struct fsock__carry *c, struct fsock_codec_io *io, struct fsock__job *job)
{
	enum fsock__step step;
	size_t used;

	job_init(job, c, io->in, io->in_length, io);
	step = c->convert(c->charset, job);
	job_close(job, c, io);
	used = (size_t)(job->span.src - io->in);
	*c->position += used;
	take_input(io, used);
	if (io->out_length == 0 && is_error(step))
		step = FSOCK__FULL;
	if (step == FSOCK__PARTIAL) {
		*c->held_length = (uint8_t)io->in_length;
		memcpy(c->held, io->in, io->in_length);
		take_input(io, io->in_length);
	}
	return step;
}

/* With no input and no room: does what is held wait for more input, or for room? */
static enum fsock_codec_status
waits_for(const struct fsock__carry *c)
{
	uint8_t room[PIECE * 4];
	struct fsock_codec_io io = { NULL, 0, room, sizeof room };
	struct fsock__job job;
	enum fsock__step step;

	job_init(&job, c, c->held, *c->held_length, &io);
	step = c->convert(c->charset, &job);
	return step == FSOCK__PARTIAL && job.span.src == c->held ? FSOCK_CODEC_INPUT_EMPTY
								 : FSOCK_CODEC_OUTPUT_FULL;
}

enum fsock_codec_status
fsock__carry_run(struct fsock__carry *c, struct fsock_codec_io *io, int final)
{
	uint8_t piece[PIECE];
	struct fsock__job job;
	enum fsock__step step;

	for (;;) {
		size_t held = *c->held_length, in = io->in_length;

		if (held + in == 0)
			return FSOCK_CODEC_INPUT_EMPTY;
		if (io->out_length == 0)
			return in || final ? FSOCK_CODEC_OUTPUT_FULL : waits_for(c);
		step = held ? run_held(c, io, final, &job, piece) : run_input(c, io, &job);
		if (step == FSOCK__FULL)
			return FSOCK_CODEC_OUTPUT_FULL;
		if (is_error(step)) {
			if (held == 0)
				take_input(io, job.bad);
			return report(c, &job, step, job.span.src);
		}
		if (step == FSOCK__PARTIAL && !final && io->in_length == 0)
			return FSOCK_CODEC_INPUT_EMPTY;
	}
}

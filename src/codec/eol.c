#include "../base/compat.h"

#include <errno.h>
#include <string.h>

#include "kernels/kernels.h"
#include "policy.h"

/*
 * held_length is 1 while a CR has been taken in whose meaning depends on what follows. after_cr is
 * 1 when the text before the position ends with a CR that has been written. No function here
 * looks at anything but CR and LF, so that UTF-8 characters pass whole: a copy is shortened to
 * whole characters where the room cuts one.
 */

/* see fsock/codec.h */
int
fsock_eol_init(struct fsock_eol *eol, enum fsock_eol_style style, unsigned flags)
{
	const unsigned reject = FSOCK_EOL_REJECT_CR | FSOCK_EOL_REJECT_LF;

	if ((unsigned)style > FSOCK_EOL_AUTO || (flags & ~(reject | FSOCK_EOL_IDEMPOTENT)) ||
	    (style == FSOCK_EOL_AUTO && (flags & reject))) {
		errno = EINVAL;
		return -1;
	}
	memset(eol, 0, sizeof *eol);
	eol->style = (uint8_t)style;
	eol->flags = (uint8_t)(style == FSOCK_EOL_CRLF_STRICT ? flags | reject : flags);
	return 0;
}

/* How much input comes before the first CR or LF, or the first of one of them. */
static size_t
plain_length(const uint8_t *in, size_t n, bool stop_cr, bool stop_lf)
{
	const uint8_t *at;
	size_t i = 0;

	if (stop_cr && stop_lf) {
		while (i < n && in[i] != '\r' && in[i] != '\n')
			i++;
		return i;
	}
	if (n == 0 || (!stop_cr && !stop_lf))
		return n;
	at = memchr(in, stop_cr ? '\r' : '\n', n);
	return at ? (size_t)(at - in) : n;
}

/*
 * The n octets before `end` without the character that `end` is inside of, if it is. Text that is
 * not UTF-8 may be cut anywhere; a CR or LF, which may have changed its length, is never cut off.
 */
static size_t
whole(const uint8_t *end, size_t n)
{
	size_t cut = 0;

	while (cut < 3 && cut < n && (*(end - cut) & 0xC0) == 0x80)
		cut++;
	return *(end - cut) < 0xC0 ? n : n - cut;
}

/* Copies n octets of whole characters, or as many characters as there is room for. */
static bool
copy(struct fsock_eol *eol, struct fsock_codec_io *io, size_t n)
{
	bool fits = n <= io->out_length;

	if (!fits)
		n = whole(io->in + io->out_length, io->out_length);
	if (n) {
		memcpy(io->out, io->in, n);
		io->in += n;
		io->in_length -= n;
		io->out += n;
		io->out_length -= n;
		eol->position += n;
		eol->after_cr = 0;
	}
	return fits;
}

/* Takes one octet of input. */
static void
take(struct fsock_eol *eol, struct fsock_codec_io *io)
{
	io->in++;
	io->in_length--;
	eol->position++;
}

static void
put(struct fsock_codec_io *io, uint8_t octet)
{
	*io->out++ = octet;
	io->out_length--;
}

/* The CR or LF before the position is not allowed there. */
static enum fsock_codec_status
refuse(struct fsock_eol *eol, uint8_t octet)
{
	eol->bad = octet;
	eol->bad_position = eol->position - 1;
	eol->errors++;
	return FSOCK_CODEC_MALFORMED;
}

static struct fsock__span
span_of(const struct fsock_codec_io *io)
{
	return (struct fsock__span){ io->in, io->in + io->in_length, io->out,
		io->out + io->out_length };
}

/* What a kernel has done, as far as it is whole characters. */
static void
took(struct fsock_eol *eol, struct fsock_codec_io *io, struct fsock__span s)
{
	if (s.src < s.src_end) {
		size_t n = (size_t)(s.src - io->in), cut = n - whole(s.src, n);

		s.src -= cut;
		s.dst -= cut;
	}
	eol->position += (size_t)(s.src - io->in);
	if (s.src != io->in)
		eol->after_cr = 0;
	io->in = s.src;
	io->in_length = (size_t)(s.src_end - s.src);
	io->out = s.dst;
	io->out_length = (size_t)(s.dst_end - s.dst);
}

/* One octet for one, none of them refused. */
static enum fsock_codec_status
run_single(struct fsock_eol *eol, struct fsock_codec_io *io, void (*kernel)(struct fsock__span *))
{
	struct fsock__span s;

	if (io->in_length == 0)
		return FSOCK_CODEC_INPUT_EMPTY;
	if (io->out_length == 0)
		return FSOCK_CODEC_OUTPUT_FULL;
	s = span_of(io);
	kernel(&s);
	took(eol, io, s);
	return io->in_length ? FSOCK_CODEC_OUTPUT_FULL : FSOCK_CODEC_INPUT_EMPTY;
}

/* LF and CR styles, in: one octet for one. */
static enum fsock_codec_status
read_single(struct fsock_eol *eol, struct fsock_codec_io *io)
{
	bool cr = eol->style == FSOCK_EOL_CR || (eol->flags & FSOCK_EOL_REJECT_CR);
	bool lf = eol->style == FSOCK_EOL_CR && (eol->flags & FSOCK_EOL_REJECT_LF);

	if (eol->style == FSOCK_EOL_CR && !lf)
		return run_single(eol, io, fsock__kernels()->cr_to_lf);
	while (io->in_length) {
		uint8_t octet;

		if (!copy(eol, io, plain_length(io->in, io->in_length, cr, lf)) ||
		    (io->in_length && io->out_length == 0))
			return FSOCK_CODEC_OUTPUT_FULL;
		if (io->in_length == 0)
			break;
		octet = *io->in;
		take(eol, io);
		if (eol->style == FSOCK_EOL_LF || octet == '\n')
			return refuse(eol, octet);
		put(io, '\n');
	}
	return FSOCK_CODEC_INPUT_EMPTY;
}

/* Decides about the CR that is held, when the next octet is there or there is none. */
static enum fsock_codec_status
read_held(struct fsock_eol *eol, struct fsock_codec_io *io)
{
	bool line_end = io->in_length && *io->in == '\n';

	if (io->out_length == 0)
		return FSOCK_CODEC_OUTPUT_FULL;
	eol->held_length = 0;
	eol->position++;
	if (line_end) {
		take(eol, io);
		put(io, '\n');
	} else if (eol->flags & FSOCK_EOL_REJECT_CR) {
		return refuse(eol, '\r');
	} else {
		put(io, '\r');
	}
	return FSOCK_CODEC_INPUT_EMPTY;
}

/* CRLF styles, in. */
static enum fsock_codec_status
read_crlf(struct fsock_eol *eol, struct fsock_codec_io *io, int final)
{
	bool lone_lf = !(eol->flags & FSOCK_EOL_REJECT_LF);
	enum fsock_codec_status status;
	struct fsock__span s;

	while (io->in_length || (final && eol->held_length)) {
		if (eol->held_length) {
			status = read_held(eol, io);
			if (status != FSOCK_CODEC_INPUT_EMPTY)
				return status;
			continue;
		}
		if (io->out_length == 0)
			return FSOCK_CODEC_OUTPUT_FULL;
		s = span_of(io);
		fsock__kernels()->crlf_to_lf(&s, lone_lf);
		took(eol, io, s);
		if (io->in_length == 0)
			break;
		if (io->out_length == 0 || (*io->in != '\r' && *io->in != '\n'))
			return FSOCK_CODEC_OUTPUT_FULL;
		if (*io->in == '\n') {
			take(eol, io);
			return refuse(eol, '\n');
		}
		io->in++;
		io->in_length--;
		eol->held_length = 1;
	}
	return FSOCK_CODEC_INPUT_EMPTY;
}

/* Runs the kernel, which drops an LF with its CR; behind the last of them it is still owed. */
static void
bulk_auto(struct fsock_eol *eol, struct fsock_codec_io *io)
{
	const uint8_t *start = io->in;
	struct fsock__span s = span_of(io);

	fsock__kernels()->auto_to_lf(&s);
	if (s.src - start >= 2 && s.src[-1] == '\n' && s.src[-2] == '\r') {
		s.src--;
		eol->owes_lf = 1;
	}
	took(eol, io, s);
}

/* Auto, in: the line ends at its CR; an LF right behind it is dropped when it comes. */
static enum fsock_codec_status
read_auto(struct fsock_eol *eol, struct fsock_codec_io *io)
{
	while (io->in_length) {
		if (io->out_length == 0)
			return FSOCK_CODEC_OUTPUT_FULL;
		if (eol->owes_lf) {
			eol->owes_lf = 0;
			if (*io->in == '\n') {
				take(eol, io);
				continue;
			}
		}
		bulk_auto(eol, io);
		if (io->in_length == 0 || eol->owes_lf)
			continue;
		if (io->out_length == 0 || *io->in != '\r')
			return FSOCK_CODEC_OUTPUT_FULL;
		take(eol, io);
		put(io, '\n');
		eol->owes_lf = 1;
	}
	return FSOCK_CODEC_INPUT_EMPTY;
}

static struct fsock__owed
owed_of(struct fsock_eol *eol)
{
	return (struct fsock__owed){ &eol->owed, &eol->owed_done, &eol->answer, &eol->bad, 1 };
}

/* Writes what a call with a policy has left. Returns whether it fitted. */
static bool
pay(struct fsock_eol *eol, struct fsock_codec_io *io)
{
	struct fsock__owed owed = owed_of(eol);

	return fsock__policy_pay_text(&owed, io);
}

/* see fsock/codec.h */
enum fsock_codec_status
fsock_eol_decode(struct fsock_eol *eol, struct fsock_codec_io *io, int final)
{
	if (eol->owed != 0 && !pay(eol, io))
		return FSOCK_CODEC_OUTPUT_FULL;
	switch (eol->style) {
	case FSOCK_EOL_CRLF:
	case FSOCK_EOL_CRLF_STRICT:
		return read_crlf(eol, io, final);
	case FSOCK_EOL_AUTO:
		return read_auto(eol, io);
	default:
		return read_single(eol, io);
	}
}

/* LF and CR styles, out. */
static enum fsock_codec_status
write_single(struct fsock_eol *eol, struct fsock_codec_io *io)
{
	bool cr = eol->flags & FSOCK_EOL_REJECT_CR, lf = eol->style == FSOCK_EOL_CR;

	if (lf && !cr)
		return run_single(eol, io, fsock__kernels()->lf_to_cr);
	while (io->in_length) {
		if (!copy(eol, io, plain_length(io->in, io->in_length, cr, lf)) ||
		    (io->in_length && io->out_length == 0))
			return FSOCK_CODEC_OUTPUT_FULL;
		if (io->in_length == 0)
			break;
		take(eol, io);
		if (io->in[-1] == '\r')
			return refuse(eol, '\r');
		put(io, '\r');
	}
	return FSOCK_CODEC_INPUT_EMPTY;
}

/* An LF out as CR LF, or as LF where its CR has been written already. */
static bool
write_line_end(struct fsock_eol *eol, struct fsock_codec_io *io)
{
	bool has_cr = eol->after_cr && (eol->flags & FSOCK_EOL_IDEMPOTENT);

	if (io->out_length < (has_cr ? 1u : 2u))
		return false;
	take(eol, io);
	if (!has_cr)
		put(io, '\r');
	put(io, '\n');
	eol->after_cr = 0;
	return true;
}

/* A CR of the text that is rejected unless it is the CR of a CR LF that may stay. */
static enum fsock_codec_status
write_guarded_cr(struct fsock_eol *eol, struct fsock_codec_io *io, int final)
{
	if (!eol->held_length) {
		io->in++;
		io->in_length--;
		eol->held_length = 1;
	}
	if (eol->flags & FSOCK_EOL_IDEMPOTENT) {
		if (io->in_length == 0 && !final)
			return FSOCK_CODEC_INPUT_EMPTY;
		if (io->in_length && *io->in == '\n') {
			if (io->out_length < 2)
				return FSOCK_CODEC_OUTPUT_FULL;
			eol->held_length = 0;
			eol->position++;
			eol->after_cr = 0;
			return write_line_end(eol, io) ? FSOCK_CODEC_INPUT_EMPTY
						       : FSOCK_CODEC_OUTPUT_FULL;
		}
	}
	eol->held_length = 0;
	eol->position++;
	return refuse(eol, '\r');
}

/* CRLF styles and auto, out, where every CR must be looked at. */
static enum fsock_codec_status
write_careful(struct fsock_eol *eol, struct fsock_codec_io *io, int final)
{
	bool reject = eol->flags & FSOCK_EOL_REJECT_CR;
	enum fsock_codec_status status;

	while (io->in_length || (final && eol->held_length)) {
		if (io->out_length == 0)
			return FSOCK_CODEC_OUTPUT_FULL;
		if (eol->held_length || (reject && *io->in == '\r')) {
			status = write_guarded_cr(eol, io, final);
			if (status != FSOCK_CODEC_INPUT_EMPTY)
				return status;
		} else if (*io->in == '\n') {
			if (!write_line_end(eol, io))
				return FSOCK_CODEC_OUTPUT_FULL;
		} else if (*io->in == '\r') {
			take(eol, io);
			put(io, '\r');
			eol->after_cr = 1;
		} else if (!copy(eol, io, plain_length(io->in, io->in_length, true, true))) {
			return FSOCK_CODEC_OUTPUT_FULL;
		}
	}
	return FSOCK_CODEC_INPUT_EMPTY;
}

/* see fsock/codec.h */
enum fsock_codec_status
fsock_eol_encode(struct fsock_eol *eol, struct fsock_codec_io *io, int final)
{
	struct fsock__span s;
	const uint8_t *start;

	if (eol->owed != 0 && !pay(eol, io))
		return FSOCK_CODEC_OUTPUT_FULL;
	if (eol->style == FSOCK_EOL_LF || eol->style == FSOCK_EOL_CR)
		return write_single(eol, io);
	if (eol->flags & (FSOCK_EOL_REJECT_CR | FSOCK_EOL_IDEMPOTENT))
		return write_careful(eol, io, final);
	if (io->in_length == 0)
		return FSOCK_CODEC_INPUT_EMPTY;
	if (io->out_length == 0)
		return FSOCK_CODEC_OUTPUT_FULL;
	s = span_of(io);
	start = io->in;
	fsock__kernels()->lf_to_crlf(&s);
	took(eol, io, s);
	if (io->in != start)
		eol->after_cr = io->in[-1] == '\r';
	return io->in_length ? FSOCK_CODEC_OUTPUT_FULL : FSOCK_CODEC_INPUT_EMPTY;
}

/* see fsock/codec.h */
void
fsock_eol_error(const struct fsock_eol *eol, struct fsock_codec_error *error)
{
	memset(error, 0, sizeof *error);
	error->status = FSOCK_CODEC_MALFORMED;
	error->offset = eol->bad_position;
	error->length = 1;
	error->octets[0] = eol->bad;
}

/* Either direction under a policy. */
static enum fsock_codec_status
run_with(struct fsock_eol *eol, const struct fsock_policy *policy, struct fsock_codec_io *io,
    int final, enum fsock_codec_status (*run)(struct fsock_eol *, struct fsock_codec_io *, int))
{
	struct fsock__owed owed = owed_of(eol);
	struct fsock_codec_error error;
	enum fsock_codec_status status;

	for (;;) {
		status = run(eol, io, final);
		if (status != FSOCK_CODEC_MALFORMED)
			return status;
		fsock_eol_error(eol, &error);
		if (!fsock__policy_answer(policy, &error, &owed))
			return status;
	}
}

/* see fsock/codec.h */
enum fsock_codec_status
fsock_eol_decode_with(
    struct fsock_eol *eol, const struct fsock_policy *policy, struct fsock_codec_io *io, int final)
{
	return run_with(eol, policy, io, final, fsock_eol_decode);
}

/* see fsock/codec.h */
enum fsock_codec_status
fsock_eol_encode_with(
    struct fsock_eol *eol, const struct fsock_policy *policy, struct fsock_codec_io *io, int final)
{
	return run_with(eol, policy, io, final, fsock_eol_encode);
}

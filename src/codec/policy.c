#include "../base/compat.h"

#include <string.h>

#include "policy.h"
#include "utf8.h"

/* What is put in the place of an error. */
enum { NOTHING, CHARACTER, OCTETS, BRACES, HTML };

enum { TEXT_MAX = 24 };

static size_t
put_hex(uint8_t *p, uint32_t v, unsigned digits)
{
	unsigned i;

	for (i = 0; i < digits; i++)
		p[i] = (uint8_t) "0123456789ABCDEF"[v >> (digits - 1 - i) * 4 & 15];
	return digits;
}

static size_t
put_decimal(uint8_t *p, uint32_t v)
{
	uint8_t digits[10];
	size_t n = 0, i;

	do
		digits[n++] = (uint8_t)('0' + v % 10);
	while (v /= 10);
	for (i = 0; i < n; i++)
		p[i] = digits[n - 1 - i];
	return n;
}

/* The text that is owed, and its length. */
static size_t
owed_text(const struct fsock__owed *o, uint8_t text[TEXT_MAX])
{
	size_t n = 0, i;
	unsigned digits = 1;

	switch (*o->kind) {
	case CHARACTER:
		return fsock__utf8_put(text, 4, *o->answer);
	case OCTETS:
		for (i = 0; i < o->bad_length; i++) {
			text[n++] = '\\';
			text[n++] = 'x';
			n += put_hex(text + n, o->bad[i], 2);
		}
		return n;
	case BRACES:
		memcpy(text, "\\u{", 3);
		while (digits < 6 && *o->answer >> digits * 4)
			digits++;
		n = 3 + put_hex(text + 3, *o->answer, digits);
		text[n++] = '}';
		return n;
	default:
		memcpy(text, "&#", 2);
		n = 2 + put_decimal(text + 2, *o->answer);
		text[n++] = ';';
		return n;
	}
}

/* Asks the program. */
static bool
ask(const struct fsock_policy *policy, const struct fsock_codec_error *error,
    const struct fsock__owed *o)
{
	int32_t answer = policy->ask ? policy->ask(policy->arg, error) : (int32_t)FSOCK_ANSWER_FAIL;

	if (answer == FSOCK_ANSWER_SKIP)
		return true;
	if (answer < 0 || !fsock__is_scalar((uint32_t)answer))
		return false;
	*o->kind = CHARACTER;
	*o->answer = (uint32_t)answer;
	return true;
}

bool
fsock__policy_answer(const struct fsock_policy *policy, const struct fsock_codec_error *error,
    const struct fsock__owed *o)
{
	uint32_t substitute;

	*o->kind = NOTHING;
	*o->done = 0;
	switch (policy ? policy->on_error : FSOCK_ON_ERROR_FAIL) {
	case FSOCK_ON_ERROR_REPLACE:
		substitute = policy->substitute;
		*o->kind = CHARACTER;
		*o->answer = substitute && fsock__is_scalar(substitute) ? substitute : 0xFFFD;
		return true;
	case FSOCK_ON_ERROR_IGNORE:
		return true;
	case FSOCK_ON_ERROR_ESCAPE:
	case FSOCK_ON_ERROR_HTML:
		*o->kind = OCTETS;
		if (error->status == FSOCK_CODEC_UNMAPPABLE)
			*o->kind = policy->on_error == FSOCK_ON_ERROR_HTML ? HTML : BRACES;
		*o->answer = error->code_point;
		return true;
	case FSOCK_ON_ERROR_ASK:
		return ask(policy, error, o);
	default:
		return false;
	}
}

bool
fsock__policy_pay_text(const struct fsock__owed *o, struct fsock_codec_io *io)
{
	uint8_t text[TEXT_MAX];
	size_t n, left;

	if (*o->kind == NOTHING)
		return true;
	n = owed_text(o, text);
	left = n - *o->done;
	if (left > io->out_length) {
		if (*o->kind == CHARACTER)
			return false;
		left = io->out_length;
	}
	if (left) {
		memcpy(io->out, text + *o->done, left);
		io->out += left;
		io->out_length -= left;
	}
	*o->done = (uint8_t)(*o->done + left);
	if (*o->done < n)
		return false;
	*o->kind = NOTHING;
	return true;
}

/* Encodes text[0..n), one character; false when there is no room. */
static bool
pay_character(
    struct fsock_encoder *e, const uint8_t *text, size_t n, struct fsock_codec_io *io, bool *mapped)
{
	struct fsock__job job = { .shift = e->shift };
	enum fsock__step step;

	if (io->out_length == 0)
		return false;
	job.span.src = text;
	job.span.src_end = text + n;
	job.span.dst = io->out;
	job.span.dst_end = io->out + io->out_length;
	step = e->charset->ops->encode(e->charset, &job);
	io->out_length -= (size_t)(job.span.dst - io->out);
	io->out = job.span.dst;
	e->shift = job.shift;
	*mapped = step != FSOCK__UNMAPPABLE;
	return step != FSOCK__FULL;
}

/* A substitute that the charset lacks becomes '?', and where even that is missing, nothing. */
bool
fsock__policy_pay_octets(
    const struct fsock__owed *o, struct fsock_encoder *e, struct fsock_codec_io *io)
{
	uint8_t text[TEXT_MAX];
	bool mapped;
	size_t n, length;

	if (*o->kind == NOTHING)
		return true;
	n = owed_text(o, text);
	while (*o->done < n) {
		length = *o->kind == CHARACTER ? n : 1;
		if (!pay_character(e, text + *o->done, length, io, &mapped))
			return false;
		if (!mapped && *o->kind == CHARACTER && *o->answer != '?') {
			*o->answer = '?';
			n = owed_text(o, text);
			continue;
		}
		*o->done = (uint8_t)(*o->done + length);
	}
	*o->kind = NOTHING;
	return true;
}

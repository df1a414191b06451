/*
 * Any octets as text into any charset: the result does not depend on pieces and rooms, decodes
 * without an error, and what was text without an error comes back as it was.
 */
#include "fuzz.h"

static enum fsock_codec_status
step_out(void *state, const struct fsock_policy *policy, struct fsock_codec_io *io, int final)
{
	enum fsock_codec_status status = fsock_encode_with(state, policy, io, final);

	if (status == FSOCK_CODEC_INPUT_EMPTY && final)
		status = fsock_encode_finish_with(state, policy, io);
	return status;
}

static enum fsock_codec_status
step_in(void *state, const struct fsock_policy *policy, struct fsock_codec_io *io, int final)
{
	return fsock_decode_with(state, policy, io, final);
}

/* True where the standard writes one character as another: the yen sign, katakana, old GB cells. */
static int
is_folded(const uint8_t *text, size_t n)
{
	size_t i;

	for (i = 0; i + 1 < n; i++)
		if ((text[i] == 0xC2 && text[i + 1] == 0xA5) ||
		    (text[i] == 0xE2 && (text[i + 1] == 0x80 || text[i + 1] == 0x88)) ||
		    (text[i] == 0xEF && text[i + 1] >= 0xBD) || text[i] == 0xEE)
			return 1;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	const struct fsock_charset *charset = fuzz_charset(&in);
	size_t piece = fuzz_take(&in, 9), room = fuzz_take(&in, 20);
	struct fsock_policy policy = { .on_error = (enum fsock_on_error)(
					   FSOCK_ON_ERROR_REPLACE + fuzz_take(&in, 4)) };
	struct fuzz_octets whole = { NULL, 0 }, cut = { NULL, 0 }, back = { NULL, 0 };
	struct fsock_encoder a, b;
	struct fsock_decoder d;

	fsock_encoder_init(&a, charset);
	fsock_encoder_init(&b, charset);
	fsock_decoder_init(&d, charset);
	fuzz_add(&whole, "", 0);
	fuzz_add(&cut, "", 0);
	fuzz_add(&back, "", 0);
	FUZZ_ASSERT(fuzz_run(step_out, &a, &policy, in.data, in.size, 0, 0, &whole) == 0);
	FUZZ_ASSERT(fuzz_run(step_out, &b, &policy, in.data, in.size, piece, room ? room + 7 : 0,
			&cut) == 0);
	FUZZ_ASSERT(whole.length == cut.length && !memcmp(whole.data, cut.data, cut.length));
	FUZZ_ASSERT(a.position == in.size && b.position == in.size && a.errors == b.errors);
	if (!(fsock_charset_flags(charset) & FSOCK_CHARSET_DECODE_ONLY)) {
		FUZZ_ASSERT(
		    fuzz_run(step_in, &d, NULL, whole.data, whole.length, piece, 0, &back) == 0);
		FUZZ_ASSERT(fuzz_is_utf8(back.data, back.length));
		if (a.errors == 0 && !is_folded(in.data, in.size))
			FUZZ_ASSERT(back.length == in.size && !memcmp(back.data, in.data, in.size));
	}
	free(whole.data);
	free(cut.data);
	free(back.data);
	return 0;
}

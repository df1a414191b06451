/*
 * Any octets in any charset: what comes out is UTF-8, does not depend on pieces and rooms,
 * positions and errors add up, and a copy of the state taken at any moment goes on alike.
 */
#include "fuzz.h"

static enum fsock_codec_status
step(void *state, const struct fsock_policy *policy, struct fsock_codec_io *io, int final)
{
	return fsock_decode_with(state, policy, io, final);
}

/* Replacement, the same in all cuts. */
static void
check_replaced(struct fuzz_input in, const struct fsock_charset *charset,
    const struct fsock_policy *policy, size_t piece, size_t room)
{
	struct fuzz_octets whole = { NULL, 0 }, cut = { NULL, 0 };
	struct fsock_decoder a, b;

	fsock_decoder_init(&a, charset);
	fsock_decoder_init(&b, charset);
	fuzz_add(&whole, "", 0);
	fuzz_add(&cut, "", 0);
	FUZZ_ASSERT(fuzz_run(step, &a, policy, in.data, in.size, 0, 0, &whole) == 0);
	FUZZ_ASSERT(fuzz_run(step, &b, policy, in.data, in.size, piece, room, &cut) == 0);
	FUZZ_ASSERT(fuzz_is_utf8(whole.data, whole.length));
	FUZZ_ASSERT(whole.length == cut.length && !memcmp(whole.data, cut.data, cut.length));
	FUZZ_ASSERT(a.position == in.size && b.position == in.size);
	FUZZ_ASSERT(a.errors == b.errors && a.held_length == 0 && b.held_length == 0);
	free(whole.data);
	free(cut.data);
}

/* Errors one after the other: the bad octets are those of the input at the offset. */
static void
check_errors(struct fuzz_input in, const struct fsock_charset *charset, size_t piece)
{
	uint8_t out[64];
	struct fsock_decoder d, copy;
	struct fsock_codec_error error;
	size_t at = 0;

	fsock_decoder_init(&d, charset);
	do {
		size_t now = piece && piece < in.size - at ? piece : in.size - at;
		struct fsock_codec_io io = { in.data + at, now, NULL, 0 }, again;
		enum fsock_codec_status status;

		do {
			io.out = out;
			io.out_length = sizeof out;
			copy = d;
			again = io;
			status = fsock_decode(&d, &io, at + now == in.size);
			FUZZ_ASSERT(fsock_decode(&copy, &again, at + now == in.size) == status);
			FUZZ_ASSERT(copy.position == d.position && again.in == io.in);
			FUZZ_ASSERT(d.position + d.held_length == (size_t)(io.in - in.data));
			if (status == FSOCK_CODEC_MALFORMED) {
				fsock_decoder_error(&d, &error);
				FUZZ_ASSERT(error.length >= 1 && error.length <= 4);
				FUZZ_ASSERT(error.offset + error.length == d.position);
				FUZZ_ASSERT(
				    !memcmp(error.octets, in.data + error.offset, error.length));
			}
		} while (status != FSOCK_CODEC_INPUT_EMPTY);
		at += now;
	} while (at < in.size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	const struct fsock_charset *charset = fuzz_charset(&in);
	size_t piece = fuzz_take(&in, 9), room = fuzz_take(&in, 20);
	struct fsock_policy policy = { .on_error = (enum fsock_on_error)(
					   FSOCK_ON_ERROR_REPLACE + fuzz_take(&in, 3)) };

	check_replaced(in, charset, &policy, piece, room ? room + 3 : 0);
	if (in.size)
		check_errors(in, charset, piece);
	return 0;
}

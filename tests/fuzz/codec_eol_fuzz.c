/*
 * Any octets through every line-end style and both ways: pieces and rooms change nothing, positions
 * add up, and what was written strictly is read back as it was.
 */
#include "fuzz.h"

static enum fsock_codec_status
step_in(void *state, const struct fsock_policy *policy, struct fsock_codec_io *io, int final)
{
	return fsock_eol_decode_with(state, policy, io, final);
}

static enum fsock_codec_status
step_out(void *state, const struct fsock_policy *policy, struct fsock_codec_io *io, int final)
{
	return fsock_eol_encode_with(state, policy, io, final);
}

static void
check(fuzz_step *step, struct fuzz_input in, struct fsock_eol eol, size_t piece, size_t room,
    struct fuzz_octets *whole)
{
	const struct fsock_policy escape = { .on_error = FSOCK_ON_ERROR_ESCAPE };
	struct fuzz_octets cut = { NULL, 0 };
	struct fsock_eol a = eol, b = eol;

	fuzz_add(whole, "", 0);
	fuzz_add(&cut, "", 0);
	FUZZ_ASSERT(fuzz_run(step, &a, &escape, in.data, in.size, 0, 0, whole) == 0);
	FUZZ_ASSERT(fuzz_run(step, &b, &escape, in.data, in.size, piece, room, &cut) == 0);
	FUZZ_ASSERT(whole->length == cut.length && !memcmp(whole->data, cut.data, cut.length));
	FUZZ_ASSERT(a.position == in.size && b.position == in.size && a.errors == b.errors);
	FUZZ_ASSERT(a.held_length == 0 && b.held_length == 0);
	free(cut.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned style = fuzz_take(&in, 5), flags = fuzz_take(&in, 8);
	size_t piece = fuzz_take(&in, 9), room = fuzz_take(&in, 20);
	struct fuzz_octets read = { NULL, 0 }, written = { NULL, 0 }, back = { NULL, 0 };
	struct fuzz_input again;
	struct fsock_eol eol;

	if (fsock_eol_init(&eol, (enum fsock_eol_style)style, flags) != 0)
		return 0;
	room = room ? room + 3 : 0;
	check(step_in, in, eol, piece, room, &read);
	check(step_out, in, eol, piece, room, &written);
	if (style == FSOCK_EOL_CRLF_STRICT && !memchr(in.data, '\r', in.size)) {
		again = (struct fuzz_input){ written.data, written.length };
		check(step_in, again, eol, piece, room, &back);
		FUZZ_ASSERT(back.length == in.size && !memcmp(back.data, in.data, in.size));
	}
	free(read.data);
	free(written.data);
	free(back.data);
	return 0;
}

/*
 * codec_support.h - running decoders and encoders over cut input and small output, for the tests.
 */
#ifndef CODEC_SUPPORT_H
#define CODEC_SUPPORT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsock/codec.h"

#if defined(__GNUC__)
#define MAYBE_UNUSED __attribute__((unused))
#else
#define MAYBE_UNUSED
#endif

/* Whether the longest loops are to take a sample only: where a sanitizer or emulator slows them. */
MAYBE_UNUSED static int
is_sample(void)
{
	return getenv("FSOCK_SAMPLE") != NULL;
}

/* Octets that grow. */
struct octets {
	uint8_t *data;
	size_t length, room;
};

MAYBE_UNUSED static void
octets_add(struct octets *o, const void *p, size_t n)
{
	if (o->length + n + 1 > o->room) {
		o->room = 2 * (o->length + n) + 64;
		o->data = realloc(o->data, o->room);
	}
	if (o->data == NULL)
		ck_abort_msg("out of memory");
	if (n)
		memcpy(o->data + o->length, p, n);
	o->length += n;
	o->data[o->length] = 0;
}

MAYBE_UNUSED static void
octets_free(struct octets *o)
{
	free(o->data);
	memset(o, 0, sizeof *o);
}

/* What a conversion came to. */
struct outcome {
	struct octets out;
	enum fsock_codec_status status;
	struct fsock_codec_error error;
	uint64_t position;
	uint64_t errors;
	size_t held;
};

/* Anything that converts pieces: the two coders and the two directions of line ends. */
struct machine {
	enum fsock_codec_status (*run)(
	    void *state, const struct fsock_policy *, struct fsock_codec_io *, int final);
	void (*error)(const void *state, struct fsock_codec_error *);
	void *state;
	const struct fsock_policy *policy;
	size_t room; /* of each call's output */
};

/* Feeds n octets, in one call where it can be; collects in o. Stops at an error. */
MAYBE_UNUSED static enum fsock_codec_status
machine_feed(struct machine *m, struct outcome *o, const void *in, size_t n, int final)
{
	uint8_t *copy = malloc(n + 1), *room = malloc(m->room);
	struct fsock_codec_io io = { copy, n, NULL, 0 };
	enum fsock_codec_status status;

	/* Exact allocations, so that the sanitizers see every octet read or written beyond. */
	copy = realloc(copy, n ? n : 1);
	if (n)
		memcpy(copy, in, n);
	io.in = n ? copy : NULL;
	do {
		io.out = room;
		io.out_length = m->room;
		status = m->run(m->state, m->policy, &io, final);
		octets_add(&o->out, room, (size_t)(io.out - room));
		if (status == FSOCK_CODEC_OUTPUT_FULL && m->room >= FSOCK_CODEC_ROOM &&
		    io.out == room)
			ck_abort_msg("no progress in %zu octets of room", m->room);
	} while (status == FSOCK_CODEC_OUTPUT_FULL);
	if (status == FSOCK_CODEC_INPUT_EMPTY && io.in_length)
		ck_abort_msg("%zu octets of input left", io.in_length);
	if (status != FSOCK_CODEC_INPUT_EMPTY)
		m->error(m->state, &o->error);
	o->status = status;
	free(copy);
	free(room);
	return status;
}

MAYBE_UNUSED static enum fsock_codec_status
run_decoder(void *state, const struct fsock_policy *policy, struct fsock_codec_io *io, int final)
{
	return fsock_decode_with(state, policy, io, final);
}

MAYBE_UNUSED static enum fsock_codec_status
run_encoder(void *state, const struct fsock_policy *policy, struct fsock_codec_io *io, int final)
{
	enum fsock_codec_status status = fsock_encode_with(state, policy, io, final);

	if (status == FSOCK_CODEC_INPUT_EMPTY && final)
		status = fsock_encode_finish_with(state, policy, io);
	return status;
}

MAYBE_UNUSED static enum fsock_codec_status
run_eol_in(void *state, const struct fsock_policy *policy, struct fsock_codec_io *io, int final)
{
	return fsock_eol_decode_with(state, policy, io, final);
}

MAYBE_UNUSED static enum fsock_codec_status
run_eol_out(void *state, const struct fsock_policy *policy, struct fsock_codec_io *io, int final)
{
	return fsock_eol_encode_with(state, policy, io, final);
}

MAYBE_UNUSED static void
error_of_decoder(const void *state, struct fsock_codec_error *error)
{
	fsock_decoder_error(state, error);
}

MAYBE_UNUSED static void
error_of_encoder(const void *state, struct fsock_codec_error *error)
{
	fsock_encoder_error(state, error);
}

MAYBE_UNUSED static void
error_of_eol(const void *state, struct fsock_codec_error *error)
{
	fsock_eol_error(state, error);
}

/* Feeds input cut into pieces of `piece` octets (0 = whole), the first of `first` octets. */
MAYBE_UNUSED static void
machine_feed_cut(struct machine *m, struct outcome *o, const void *in, size_t n, size_t first,
    size_t piece, int final)
{
	const uint8_t *p = in;
	size_t left = n, now = first ? first : piece ? piece : n;

	for (;;) {
		int last;

		now = now < left ? now : left;
		last = now == left;
		if (machine_feed(m, o, p, now, final && last) != FSOCK_CODEC_INPUT_EMPTY || last)
			return;
		p += now;
		left -= now;
		now = piece ? piece : left;
	}
}

/* Decodes n octets. */
MAYBE_UNUSED static struct outcome
decode_cut(const struct fsock_charset *charset, const struct fsock_policy *policy, const void *in,
    size_t n, size_t first, size_t piece, size_t room, int final)
{
	struct fsock_decoder d;
	struct machine m = { run_decoder, error_of_decoder, &d, policy, room };
	struct outcome o;

	memset(&o, 0, sizeof o);
	fsock_decoder_init(&d, charset);
	machine_feed_cut(&m, &o, in, n, first, piece, final);
	o.position = d.position;
	o.errors = d.errors;
	o.held = d.held_length;
	return o;
}

/* Encodes n octets of text; final also finishes. */
MAYBE_UNUSED static struct outcome
encode_cut(const struct fsock_charset *charset, const struct fsock_policy *policy, const void *in,
    size_t n, size_t first, size_t piece, size_t room, int final)
{
	struct fsock_encoder e;
	struct machine m = { run_encoder, error_of_encoder, &e, policy, room };
	struct outcome o;

	memset(&o, 0, sizeof o);
	fsock_encoder_init(&e, charset);
	machine_feed_cut(&m, &o, in, n, first, piece, final);
	o.position = e.position;
	o.errors = e.errors;
	o.held = e.held_length;
	return o;
}

/* "E4 F6 fc" to octets; *n is how many. Ownership: the caller frees. */
MAYBE_UNUSED static uint8_t *
from_hex(const char *hex, size_t *n)
{
	uint8_t *p = malloc(strlen(hex) / 2 + 1);
	char *end;

	*n = 0;
	while (*hex) {
		p[(*n)++] = (uint8_t)strtoul(hex, &end, 16);
		hex = end;
		while (*hex == ' ')
			hex++;
	}
	return p;
}

/* A code point as UTF-8, by the definition. */
MAYBE_UNUSED static size_t
utf8_of(uint32_t c, uint8_t *p)
{
	if (c < 0x80) {
		p[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (uint8_t)(0xC0 + c / 64);
		p[1] = (uint8_t)(0x80 + c % 64);
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (uint8_t)(0xE0 + c / 4096);
		p[1] = (uint8_t)(0x80 + c / 64 % 64);
		p[2] = (uint8_t)(0x80 + c % 64);
		return 3;
	}
	p[0] = (uint8_t)(0xF0 + c / 262144);
	p[1] = (uint8_t)(0x80 + c / 4096 % 64);
	p[2] = (uint8_t)(0x80 + c / 64 % 64);
	p[3] = (uint8_t)(0x80 + c % 64);
	return 4;
}

/* A whole file; NULL when it is not there. */
MAYBE_UNUSED static uint8_t *
read_file(const char *directory, const char *name, size_t *n)
{
	char path[1024];
	struct octets o = { .data = NULL };
	uint8_t piece[8192];
	size_t got;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	f = fopen(path, "rb");
	if (f == NULL)
		return NULL;
	octets_add(&o, "", 0);
	while ((got = fread(piece, 1, sizeof piece, f)) > 0)
		octets_add(&o, piece, got);
	fclose(f);
	*n = o.length;
	return o.data;
}

/* The usual end of a test's main. */
MAYBE_UNUSED static int
run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

#endif

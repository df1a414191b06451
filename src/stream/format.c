#include "../compat.h"

#include <stdlib.h>

#include <fsock/format.h>

#include "../sock/error.h"
#include "input.h"
#include "output.h"
#include "registry.h"
#include "text.h"

static int
is_binary(const struct fsock_format *format)
{
	return format == NULL ||
	    (format->charset == NULL && format->eol == FSOCK_EOL_LF && format->eol_flags == 0);
}

void
fsock__format_keep_owed(struct fsock__stream *stream)
{
	struct fsock__text_input *t = stream->text_input;
	static const uint8_t lf = '\n';
	struct fsock_codec_io io = { &lf, 1, stream->owed, sizeof stream->owed };
	struct fsock_encoder encoder;

	if (t == NULL || !t->now.eol.owes_lf)
		return;
	t->now.eol.owes_lf = 0;
	stream->owed[0] = lf;
	stream->owed_length = 1;
	if (t->format.charset == NULL)
		return;
	fsock_encoder_init(&encoder, t->format.charset);
	fsock_encode(&encoder, &io, 0);
	stream->owed_length = (uint8_t)(sizeof stream->owed - io.out_length);
}

int
fsock__format_apply_input(struct fsock__stream *stream, const struct fsock_format *format)
{
	struct fsock__text_input *t = NULL;

	if (!is_binary(format)) {
		t = fsock__text_input_new(format);
		if (t == NULL)
			return -1;
		t->bom_due = fsock__buffer_position(&stream->raw) == 0 &&
		    (format->bom == FSOCK_BOM_STRIP || format->bom == FSOCK_BOM_SNIFF);
	}
	fsock__format_keep_owed(stream);
	free(stream->text_input);
	stream->text_input = t;
	stream->binary = t == NULL;
	fsock__input_forget(stream);
	return 0;
}

int
fsock__format_apply_output(struct fsock__stream *stream, const struct fsock_format *format)
{
	struct fsock__text_output *t = NULL;

	if (!is_binary(format)) {
		t = fsock__text_output_new(format);
		if (t == NULL)
			return -1;
		t->bom_due = format->bom == FSOCK_BOM_WRITE && format->charset != NULL &&
		    (fsock_charset_flags(format->charset) & FSOCK_CHARSET_UNICODE) != 0 &&
		    !stream->socket->used;
		if (stream->text_output != NULL)
			t->column = stream->text_output->column;
	}
	free(stream->text_output);
	stream->text_output = t;
	return 0;
}

/* Changes input at the octet that the program has read up to. */
static int
switch_input(struct fsock__window *w, const struct fsock_format *format)
{
	int r;

	flockfile(w->file);
	r = fsock__input_gather(w, "set format");
	if (r == 0)
		r = fsock__format_apply_input(w->stream, format);
	fsock__input_publish(w);
	funlockfile(w->file);
	return r;
}

/* Changes output behind all that has been flushed. */
static int
switch_output(struct fsock__window *w, const struct fsock_format *format)
{
	int r;

	pthread_mutex_lock(&w->stream->output_lock);
	r = fsock__format_apply_output(w->stream, format);
	pthread_mutex_unlock(&w->stream->output_lock);
	return r;
}

/* see fsock/format.h */
int
fsock_set_formats(FILE *f, const struct fsock_format *input, const struct fsock_format *output)
{
	int sides = (input != NULL ? FSOCK_INPUT : 0) | (output != NULL ? FSOCK_OUTPUT : 0);
	struct fsock__window *w = fsock__registry_window(f, sides, "set format");
	int r = 0, error, saved = errno;

	if (w == NULL)
		return -1;
	errno = 0;
	/* What may fail comes first. Flushing takes the FILEs' locks in turn: none may be held. */
	if (output != NULL)
		r = w->stream->socket->stream_ops->flush(w->stream->socket, 1);
	if (r == 0 && input != NULL)
		r = switch_input(w, input);
	if (r == 0 && output != NULL)
		r = switch_output(w, output);
	error = errno;
	if (r < 0)
		return fsock__socket_error(
		    w->stream->socket, "set format", error != 0 ? error : EINVAL);
	errno = saved;
	return 0;
}

/* see fsock/format.h */
int
fsock_set_format(FILE *f, const char *format)
{
	struct fsock__window *w = fsock__registry_window(f, 0, "set format");
	struct fsock_format parsed;

	if (w == NULL || fsock_format_parse(&parsed, format) < 0)
		return -1;
	return fsock_set_formats(f, w->sides & FSOCK_INPUT ? &parsed : NULL,
	    w->sides & FSOCK_OUTPUT ? &parsed : NULL);
}

/* see fsock/format.h */
int
fsock_get_formats(FILE *f, struct fsock_format *input, struct fsock_format *output)
{
	static const struct fsock_format binary;
	struct fsock__window *w = fsock__registry_window(f, 0, "get format");
	struct fsock__stream *stream;

	if (w == NULL)
		return -1;
	stream = w->stream;
	flockfile(f);
	if (input != NULL)
		*input = stream->text_input == NULL ? binary : stream->text_input->format;
	pthread_mutex_lock(&stream->output_lock);
	if (output != NULL)
		*output = stream->text_output == NULL ? binary : stream->text_output->format;
	pthread_mutex_unlock(&stream->output_lock);
	funlockfile(f);
	return 0;
}

/* see fsock/format.h */
int
fsock_format_errors(FILE *f, int direction, uint64_t *count, struct fsock_codec_error *last)
{
	static const struct fsock_codec_error none;
	struct fsock__window *w = fsock__registry_window(f, direction, "format errors");
	const struct fsock__text_input *in;
	const struct fsock__text_output *out;
	uint64_t errors = 0;
	struct fsock_codec_error error = none;

	if (w == NULL)
		return -1;
	if (direction != FSOCK_INPUT && direction != FSOCK_OUTPUT)
		return fsock__socket_error(w->stream->socket, "format errors", EINVAL);
	flockfile(f);
	pthread_mutex_lock(&w->stream->output_lock);
	in = direction == FSOCK_INPUT ? w->stream->text_input : NULL;
	out = direction == FSOCK_OUTPUT ? w->stream->text_output : NULL;
	if (in != NULL) {
		errors = in->now.decoder.errors + in->now.eol.errors;
		error = in->error;
	} else if (out != NULL) {
		errors = out->encoder.errors + out->eol.errors;
		error = out->error;
	}
	pthread_mutex_unlock(&w->stream->output_lock);
	funlockfile(f);
	if (count != NULL)
		*count = errors;
	if (last != NULL)
		*last = error;
	return 0;
}

/* see fsock/format.h */
long
fsock_column(FILE *f)
{
	struct fsock__window *w = fsock__registry_window(f, FSOCK_OUTPUT, "column");
	long column = 0;

	if (w == NULL || fflush(f) != 0)
		return -1;
	pthread_mutex_lock(&w->stream->output_lock);
	if (w->stream->text_output != NULL)
		column = w->stream->text_output->column;
	pthread_mutex_unlock(&w->stream->output_lock);
	return column;
}

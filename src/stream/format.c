#include "../base/compat.h"

#include <stdlib.h>

#include <fsock/format.h>

#include "../base/error.h"
#include "../wait/wait.h"
#include "input.h"
#include "output.h"
#include "registry.h"
#include "text.h"

static int
is_binary(const struct fsock_format *format)
{
	return format->charset == NULL && !fsock__text_has_lines(format);
}

/* Makes what a format needs. Returns 0, with NULL for binary, or -1. */
static int
make(const struct fsock_format *input, const struct fsock_format *output,
    struct fsock__text_input **in, struct fsock__text_output **out)
{
	if (input != NULL && !is_binary(input) && (*in = fsock__text_input_new(input)) == NULL)
		return -1;
	if (output != NULL && !is_binary(output) &&
	    (*out = fsock__text_output_new(output)) == NULL) {
		free(*in);
		return -1;
	}
	return 0;
}

static void
install_input(struct fsock__stream *stream, struct fsock__text_input *t)
{
	if (t != NULL)
		t->bom_due = fsock__buffer_position(&stream->raw) == 0 &&
			     (t->format.bom == FSOCK_BOM_STRIP || t->format.bom == FSOCK_BOM_SNIFF);
	fsock__input_forget(stream);
	free(stream->text_input);
	stream->text_input = t;
	stream->binary = t == NULL;
}

static void
install_output(struct fsock__stream *stream, struct fsock__text_output *t)
{
	if (t != NULL && stream->text_output != NULL)
		t->column = stream->text_output->column;
	free(stream->text_output);
	stream->text_output = t;
}

int
fsock__format_apply_nolock(struct fsock__stream *stream, const struct fsock_format *input,
    const struct fsock_format *output)
{
	struct fsock__text_input *in = NULL;
	struct fsock__text_output *out = NULL;

	if (make(input, output, &in, &out) < 0)
		return -1;
	if (input != NULL)
		install_input(stream, in);
	if (output != NULL)
		install_output(stream, out);
	return 0;
}

int
fsock__format_apply(struct fsock__stream *stream, const struct fsock_format *input,
    const struct fsock_format *output)
{
	int r;

	pthread_mutex_lock(&stream->output_lock);
	r = fsock__format_apply_nolock(stream, input, output);
	pthread_mutex_unlock(&stream->output_lock);
	return r;
}

/* Changes formats where the program stands: all of them or, on failure, none. Returns 0 or -1. */
static int
change(struct fsock__window *w, const struct fsock_format *input, const struct fsock_format *output)
{
	struct fsock__stream *stream = w->stream;
	int r;

	/* What may fail comes first. Flushing takes the FILEs' locks in turn: none may be held. */
	if (output != NULL && stream->socket->stream_ops->flush(stream->socket, 1) < 0)
		return -1;
	if (input == NULL)
		return fsock__format_apply(stream, NULL, output);
	flockfile(w->file);
	r = fsock__input_gather(w, "set format");
	if (r == 0)
		r = fsock__format_apply(stream, input, output);
	fsock__input_publish(w);
	funlockfile(w->file);
	return r;
}

/* see fsock/format.h */
int
fsock_set_formats(FILE *f, const struct fsock_format *input, const struct fsock_format *output)
{
	int sides = (input != NULL ? FSOCK_INPUT : 0) | (output != NULL ? FSOCK_OUTPUT : 0);
	struct fsock__window *w = fsock__registry_window(f, sides, "set format");
	int r, error, saved = errno;

	if (w == NULL)
		return -1;
	errno = 0;
	r = change(w, input, output);
	fsock__wait_note(w->stream->socket);
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
	return fsock_set_formats(
	    f, w->sides & FSOCK_INPUT ? &parsed : NULL, w->sides & FSOCK_OUTPUT ? &parsed : NULL);
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
	pthread_mutex_lock(&stream->output_lock);
	if (input != NULL)
		*input = stream->text_input == NULL ? binary : stream->text_input->format;
	if (output != NULL)
		*output = stream->text_output == NULL ? binary : stream->text_output->format;
	pthread_mutex_unlock(&stream->output_lock);
	funlockfile(f);
	return 0;
}

/* What input has met up to where the program has read. Returns 0 or -1. */
static int
input_errors(struct fsock__window *w, uint64_t *count, struct fsock_codec_error *last)
{
	const struct fsock__text_input *t;

	if (fsock__input_gather(w, "format errors") < 0)
		return -1;
	t = w->stream->text_input;
	if (t != NULL) {
		*count = t->now.decoder.errors + t->now.eol.errors;
		*last = t->now.error;
	}
	fsock__input_publish(w);
	return 0;
}

static int
output_errors(struct fsock__stream *stream, uint64_t *count, struct fsock_codec_error *last)
{
	const struct fsock__text_output *t;

	pthread_mutex_lock(&stream->output_lock);
	t = stream->text_output;
	if (t != NULL) {
		*count = t->encoder.errors + t->eol.errors;
		*last = t->error;
	}
	pthread_mutex_unlock(&stream->output_lock);
	return 0;
}

/* see fsock/format.h */
int
fsock_format_errors(FILE *f, int direction, uint64_t *count, struct fsock_codec_error *last)
{
	struct fsock__window *w = fsock__registry_window(f, direction, "format errors");
	struct fsock_codec_error error;
	uint64_t errors = 0;
	int r;

	if (w == NULL)
		return -1;
	if (direction != FSOCK_INPUT && direction != FSOCK_OUTPUT)
		return fsock__socket_error(w->stream->socket, "format errors", EINVAL);
	memset(&error, 0, sizeof error);
	flockfile(f);
	r = direction == FSOCK_INPUT ? input_errors(w, &errors, &error)
	                             : output_errors(w->stream, &errors, &error);
	funlockfile(f);
	if (r == 0 && count != NULL)
		*count = errors;
	if (r == 0 && last != NULL)
		*last = error;
	return r;
}

/* see fsock/format.h */
long
fsock_column(FILE *f)
{
	struct fsock__window *w = fsock__registry_window(f, FSOCK_OUTPUT, "column");
	long column = -1;

	if (w == NULL || fflush(f) != 0)
		return -1;
	pthread_mutex_lock(&w->stream->output_lock);
	if (w->stream->text_output != NULL)
		column = w->stream->text_output->column;
	pthread_mutex_unlock(&w->stream->output_lock);
	return column >= 0 ? column : fsock__socket_error(w->stream->socket, "column", EINVAL);
}

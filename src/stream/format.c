#include "../base/compat.h"

#include <stdlib.h>

#include <fsock/format.h>

#include "../base/error.h"
#include "gather.h"
#include "hold.h"
#include "input.h"
#include "output.h"
#include "record.h"
#include "registry.h"
#include "sender.h"
#include "text.h"
#include "window.h"

static int
is_binary(const struct fsock_format *format)
{
	return format->charset == NULL && !fsock__text_has_lines(format);
}

/* Makes what a format needs. Returns 0, with NULL for binary, or -1. */
static int
make(const struct fsock_record *what, const struct fsock_format *input,
    const struct fsock_format *output, struct fsock__text_input **in,
    struct fsock__text_output **out)
{
	if (input != NULL && !is_binary(input) &&
	    (*in = fsock__text_input_new(input, what)) == NULL)
		return -1;
	if (output != NULL && !is_binary(output) &&
	    (*out = fsock__text_output_new(output)) == NULL) {
		free(*in);
		return -1;
	}
	return 0;
}

/* The input side forgets what it has read under another format. */
static void
prepare_input(struct fsock__stream *stream, struct fsock__text_input *t)
{
	if (t != NULL)
		t->bom_due = fsock__buffer_position(&stream->raw) == 0 &&
			     (t->format.bom == FSOCK_BOM_STRIP || t->format.bom == FSOCK_BOM_SNIFF);
	fsock__input_forget(stream);
	stream->binary = t == NULL;
	fsock__record_publish(stream);
}

int
fsock__format_apply(struct fsock__stream *stream, const struct fsock_format *input,
    const struct fsock_format *output)
{
	struct fsock__text_input *in = NULL, *old_in = stream->text_input;
	struct fsock__text_output *out = NULL, *old_out = stream->text_output;

	if (make(&stream->records.what, input, output, &in, &out) < 0)
		return -1;
	if (input != NULL)
		prepare_input(stream, in);
	if (out != NULL && old_out != NULL)
		out->column = old_out->column;
	fsock__handle_lock(stream->socket);
	if (input != NULL)
		stream->text_input = in;
	if (output != NULL)
		stream->text_output = out;
	fsock__handle_unlock(stream->socket);
	if (input != NULL)
		free(old_in);
	if (output != NULL)
		free(old_out);
	return 0;
}

/* The same for output alone, in the turn of that side. */
static int
apply_output(struct fsock__stream *stream, const struct fsock_format *output)
{
	struct fsock__sending turn;
	int r;

	if (fsock__sending_begin(stream, &turn, NULL, 0) < 0)
		return -1;
	r = fsock__format_apply(stream, NULL, output);
	fsock__sending_end(stream, &turn);
	return r;
}

/* The same for both, or input alone; the FILE is locked, so nobody who waits is waited for. */
static int
apply_both(struct fsock__stream *stream, const struct fsock_format *input,
    const struct fsock_format *output)
{
	struct fsock__sending turn;
	int r;

	if (output != NULL && fsock__sending_begin_now(stream, &turn) < 0) {
		errno = errno == EAGAIN ? EBUSY : errno;
		return -1;
	}
	r = fsock__format_apply(stream, input, output);
	if (output != NULL)
		fsock__sending_end(stream, &turn);
	return r;
}

/* Changes formats where the program stands: all of them or, on failure, none. Returns 0 or -1. */
static int
change(struct fsock__window *w, const struct fsock_format *input, const struct fsock_format *output)
{
	struct fsock__stream *stream = w->stream;
	struct fsock *s = stream->socket;
	int r;

	/* What may fail comes first. */
	if (input == NULL)
		return s->stream_ops->flush(s, FSOCK__FLUSH_ALL) < 0 ? -1
								     : apply_output(stream, output);
	if (fsock__hold(w, "set format") < 0)
		return -1;
	r = output == NULL ? 0 : s->stream_ops->flush(s, FSOCK__FLUSH_PAST_BUSY);
	if (r == 0)
		r = fsock__gather(w, "set format");
	if (r == 0)
		r = apply_both(stream, input, output);
	fsock__hold_end(w);
	return r;
}

/* see fsock/format.h */
int
fsock_set_formats(FILE *f, const struct fsock_format *input, const struct fsock_format *output)
{
	int sides = (input != NULL ? FSOCK_INPUT : 0) | (output != NULL ? FSOCK_OUTPUT : 0);
	struct fsock__window *w = fsock__registry_window(f, sides, "set format");
	unsigned before = fsock__error_count();
	int r, saved = errno;

	if (w == NULL)
		return -1;
	r = change(w, input, output);
	fsock__handle_note(w->stream->socket);
	if (r < 0)
		return fsock__handle_ensure(w->stream->socket, "set format", before);
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
	fsock__handle_lock(stream->socket);
	if (input != NULL)
		*input = stream->text_input == NULL ? binary : stream->text_input->format;
	if (output != NULL)
		*output = stream->text_output == NULL ? binary : stream->text_output->format;
	fsock__handle_unlock(stream->socket);
	return 0;
}

/* What input has met up to where the program has read. Returns 0 or -1. */
static int
input_errors(struct fsock__window *w, uint64_t *count, struct fsock_codec_error *last)
{
	const struct fsock__text_input *t;

	int r;

	if (fsock__hold(w, "format errors") < 0)
		return -1;
	r = fsock__gather(w, "format errors");
	t = w->stream->text_input;
	if (r == 0 && t != NULL) {
		*count = t->now.decoder.errors + t->now.eol.errors;
		*last = t->now.error;
	}
	fsock__hold_end(w);
	return r;
}

static int
output_errors(struct fsock__stream *stream, uint64_t *count, struct fsock_codec_error *last)
{
	const struct fsock__text_output *t;
	struct fsock__sending turn;

	if (fsock__sending_begin(stream, &turn, NULL, 0) < 0)
		return -1;
	t = stream->text_output;
	if (t != NULL) {
		*count = t->encoder.errors + t->eol.errors;
		*last = t->error;
	}
	fsock__sending_end(stream, &turn);
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
		return fsock__handle_error(w->stream->socket, "format errors", EINVAL);
	memset(&error, 0, sizeof error);
	r = direction == FSOCK_INPUT ? input_errors(w, &errors, &error)
				     : output_errors(w->stream, &errors, &error);
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
	struct fsock__sending turn;
	long column = -1;

	if (w == NULL || fsock__window_flush(w, "column") < 0 ||
	    fsock__sending_begin(w->stream, &turn, NULL, 0) < 0)
		return -1;
	if (w->stream->text_output != NULL)
		column = w->stream->text_output->column;
	fsock__sending_end(w->stream, &turn);
	return column >= 0 ? column : fsock__handle_error(w->stream->socket, "column", EINVAL);
}

#include "../base/compat.h"
#include "deliver.h"

#include <fsock/stream.h>

#include "../base/error.h"
#include "gather.h"
#include "hold.h"
#include "input.h"
#include "record.h"
#include "registry.h"
#include "text.h"

int
fsock__deliver_records(struct fsock__stream *stream, const struct fsock_record *what)
{
	if (stream->text_input != NULL && fsock__text_set_record(stream->text_input, what) < 0)
		return -1;
	fsock__record_set(stream, what);
	fsock__input_forget(stream);
	if (what->kind == FSOCK_RECORD_LINE)
		stream->binary = 0; /* octets as they are: but they are lines */
	for (int i = 0; i < FSOCK__WINDOW_COUNT; i++) {
		struct fsock__window *w = &stream->windows[i];

		w->delivery = FSOCK_DELIVER_WHOLE_RECORD;
		if (w->line_limit == 0)
			w->line_limit = FSOCK__RECORD_LIMIT;
	}
	stream->socket->delivers = fsock__handle_delivers(what);
	fsock__record_publish(stream);
	return 0;
}

/* Whether stdio may hold some of what was delivered last. */
static int
has_delivered(const struct fsock__stream *stream)
{
	return stream->raw.mark != stream->raw.head ||
	       (stream->text_input != NULL && stream->text_input->delivered > 0);
}

/*
 * Makes `w` the reader, and raw.head the octet that the program reads next. Where nothing was
 * delivered the FILE is left alone: a server's is being written to. Returns 0 or -1.
 */
static int
stand(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;

	if (atomic_load_explicit(&stream->reader, memory_order_acquire) == w &&
	    !has_delivered(stream))
		return 0;
	return fsock__gather(w, "set record");
}

static int
fail(const struct fsock *s, const char *words)
{
	return fsock__error_set_words(
	    "set record", s->host, s->port, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "%s", words);
}

static int
change(struct fsock__window *w, const struct fsock_record *what)
{
	struct fsock__stream *stream = w->stream;

	if (fsock__hold(w, "set record") < 0)
		return -1;
	if (stand(w) < 0) {
		fsock__hold_end(w);
		return -1;
	}
	if (fsock__deliver_records(stream, what) < 0) {
		fsock__hold_end(w);
		return fail(stream->socket, "the format of the input cannot have such records");
	}
	fsock__record_look_ahead(stream);
	fsock__hold_end(w);
	fsock__handle_note(stream->socket);
	return 0;
}

/* see fsock/stream.h */
int
fsock_set_record(FILE *f, const struct fsock_record *record)
{
	struct fsock__window *w = fsock__registry_window(f, FSOCK_INPUT, "set record");
	int saved = errno;
	size_t limit;

	if (w == NULL)
		return -1;
	limit = w->stream->socket->settings.line_limit;
	limit = limit != 0 ? limit : FSOCK__RECORD_LIMIT;
	if (record == NULL || !fsock__settings_check_record(record, limit))
		return fail(w->stream->socket, "no such record, or more than line_limit octets");
	if (change(w, record) < 0)
		return -1;
	errno = saved;
	return 0;
}

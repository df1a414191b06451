#include "../base/compat.h"
#include "line.h"

#include <stdlib.h>

#include "deliver.h"
#include "file.h"
#include "gather.h"
#include "hold.h"
#include "input.h"
#include "readable.h"
#include "record.h"
#include "text.h"
#include "window.h"

#define FIRST_ROOM 4096

int
fsock__line_deliver(struct fsock *s, const struct fsock_record *record)
{
	struct fsock__window *held;
	int r;

	if (s->stream != NULL) { /* stdio may hold input of before */
		if (fsock__gather_hold(s->stream, "serve", &held) < 0)
			return -1;
		r = fsock__deliver_records(s->stream, record);
		fsock__hold_release(s->stream, held);
		if (r < 0)
			return fsock__handle_error(s, "serve", errno);
	}
	s->nonblocking = 1;
	s->settings.delivery = FSOCK_DELIVER_WHOLE_RECORD;
	s->settings.record = *record;
	s->delivers = fsock__handle_delivers(record);
	return 0;
}

/* Makes room for more than `length` octets and a NUL. Returns 0, or -1 with the error recorded. */
static int
make_room(struct fsock *s, struct fsock__line *line, size_t length)
{
	size_t room = line->room == 0 ? FIRST_ROOM : 2 * line->room;
	char *text;

	if (length + 1 < line->room)
		return 0;
	text = realloc(line->text, room);
	if (text == NULL)
		return fsock__handle_error(s, "read", ENOMEM);
	line->text = text;
	line->room = room;
	return 0;
}

/* The length without what ends a record: of a line that is LF or CR LF. */
static size_t
trim(const struct fsock__stream *stream, const char *text, size_t length)
{
	if (!fsock__record_is_delimited(stream))
		return length;
	length--;
	if (stream->records.what.kind == FSOCK_RECORD_LINE && length > 0 &&
	    text[length - 1] == '\r')
		length--;
	return length;
}

/* Gathers the pieces of a record. Returns as fsock__line_take(). Needs the FILE's lock. */
static int
gather(struct fsock__window *w, struct fsock__line *line)
{
	struct fsock__stream *stream = w->stream;
	size_t length = 0;
	ssize_t r;

	do {
		if (make_room(stream->socket, line, length) < 0)
			return -1;
		r = fsock__input_read(
		    w, line->text + length, line->room - length - 1, FSOCK__SPARE_LOST);
		if (r <= 0)
			return (int)r;
		w->position -= (off_t)r; /* stdio has no part in it */
		length += (size_t)r;
	} while (!fsock__record_is_over(stream, (uint8_t)line->text[length - 1]));
	line->length = trim(stream, line->text, length);
	line->text[line->length] = '\0';
	fsock__input_forget(stream);
	fsock__hold_publish(w);
	return 1;
}

/*
 * The program may have read from the FILE itself. What stdio holds of that comes first: it is made
 * to give it back, which in the middle of writing it does when it sends what was written.
 */
static int
take_back(struct fsock__window *w)
{
	const struct fsock__stream *stream = w->stream;
	int has_read = stream->raw.mark != stream->raw.head ||
		       (stream->text_input != NULL && stream->text_input->delivered > 0);

	if (stream->reader != w || !has_read)
		return 0;
	if (fsock__window_flush(w, "read") < 0) /* first: fseeko() does not do both everywhere */
		return -1;
	return fsock__file_unread(w) > 0 ? fsock__window_give_back(w, "read") : 0;
}

int
fsock__line_take(struct fsock *s, struct fsock__line *line, int may_receive)
{
	struct fsock__stream *stream = s->stream;
	struct fsock__window *w = &stream->windows[FSOCK__WINDOW_IO];
	int r = -1;

	flockfile(w->file);
	if (stream->binary) { /* octets as they are: but here they are lines */
		stream->binary = 0;
		fsock__record_publish(stream);
	}
	if (take_back(w) < 0)
		r = -1;
	else if (may_receive || fsock__readable_now(stream, 1))
		r = gather(w, line);
	else
		errno = EAGAIN;
	funlockfile(w->file);
	return r;
}

void
fsock__line_free(struct fsock__line *line)
{
	free(line->text);
	line->text = NULL;
	line->room = 0;
}

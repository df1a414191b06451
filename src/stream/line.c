#include "../base/compat.h"
#include "line.h"

#include <stdlib.h>

#include "file.h"
#include "hold.h"
#include "input.h"
#include "readable.h"
#include "text.h"
#include "window.h"

#define FIRST_ROOM 4096

void
fsock__line_deliver(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;

	s->nonblocking = 1;
	s->settings.delivery = FSOCK_DELIVER_WHOLE_LINE;
	for (int i = 0; stream != NULL && i < FSOCK__WINDOW_COUNT; i++) {
		struct fsock__window *w = &stream->windows[i];

		w->delivery = FSOCK_DELIVER_WHOLE_LINE;
		if (w->line_limit == 0)
			w->line_limit = FSOCK__WHOLE_LINE_LIMIT;
	}
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

/* Gathers the pieces of a line. Returns as fsock__line_take(). Needs the FILE's lock. */
static ssize_t
gather(struct fsock__window *w, struct fsock__line *line)
{
	size_t length = 0;
	ssize_t r;

	do {
		if (make_room(w->stream->socket, line, length) < 0)
			return -1;
		r = fsock__input_read(w, line->text + length, line->room - length - 1);
		if (r <= 0)
			return r;
		w->position -= (off_t)r; /* stdio has no part in it */
		length += (size_t)r;
	} while (line->text[length - 1] != '\n');
	line->text[length] = '\0';
	fsock__input_forget(w->stream);
	fsock__hold_publish(w);
	return (ssize_t)length;
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

ssize_t
fsock__line_take(struct fsock *s, struct fsock__line *line, int may_receive)
{
	struct fsock__stream *stream = s->stream;
	struct fsock__window *w = &stream->windows[FSOCK__WINDOW_IO];
	ssize_t r = -1;

	flockfile(w->file);
	stream->binary = 0; /* octets as they are: but here they are lines */
	if (take_back(w) < 0)
		r = -1;
	else if (may_receive || fsock__readable_now(stream))
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

/* Octets of the wire next to text, and counting them. */
#include "../base/compat.h"

#include <fsock/format.h>

#include "../base/error.h"
#include "../sock/layers.h"
#include "gather.h"
#include "hold.h"
#include "input.h"
#include "output.h"
#include "raw.h"
#include "readable.h"
#include "receiver.h"
#include "record.h"
#include "registry.h"
#include "sender.h"
#include "text.h"
#include "window.h"

/*
 * Makes `w` the reader and raw.head the octet that the program reads next. Needs the FILE's lock.
 * Returns 0 or -1.
 */
static int
begin(struct fsock__window *w)
{
	if (fsock__gather(w, "read") < 0)
		return -1;
	return w->stream->owed_length == 0 || fsock__input_drop_owed(w) > 0 ? 0 : -1;
}

/* Whether there are octets to move: a NULL buffer is recorded as an error. */
static int
has_octets(const struct fsock__window *w, const char *operation, const void *buf, size_t n)
{
	if (w == NULL || n == 0)
		return 0;
	if (buf == NULL)
		fsock__handle_error(w->stream->socket, operation, EINVAL);
	return buf != NULL;
}

/* Waits for one octet. Returns 1, 0 at end of file, or -1. */
static ssize_t
await_octet(struct fsock__window *w)
{
	return fsock__receiver_count(w->stream) > 0 ? 1 : fsock__receiver_fill(w);
}

/*
 * Of records that are no lines nothing is taken before one is whole; of one that is none, though,
 * as there is no other way past it. Returns 1, also at end of file, or -1.
 */
static ssize_t
await_whole(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	ssize_t r = 1;

	if (stream->records.what.kind == FSOCK_RECORD_LINE || !fsock__record_is_whole(stream))
		return 1;
	while (r > 0 && !fsock__readable_now(stream, 1))
		r = fsock__receiver_fill(w);
	return r < 0 ? -1 : 1;
}

/*
 * Takes up to n octets; of records that have their length no more than the rest of one, so that it
 * is known where the next begins. Returns how many.
 */
static size_t
take_part(struct fsock__stream *stream, uint8_t *octets, size_t n)
{
	ssize_t left = 0;

	if (fsock__record_is_whole(stream) && !fsock__record_is_delimited(stream))
		left = fsock__record_find(stream, 1);
	n = fsock__input_take(stream, octets, left > 0 && (size_t)left < n ? (size_t)left : n);
	if (fsock__record_is_whole(stream))
		fsock__record_tally_input(stream, octets, n);
	return n;
}

/* see fsock/format.h */
size_t
fsock_read_octets(FILE *f, void *buf, size_t n)
{
	struct fsock__window *w = fsock__registry_window(f, FSOCK_INPUT, "read");
	uint8_t *octets = buf;
	size_t done = 0;
	int begun, saved = errno;
	ssize_t r;

	if (!has_octets(w, "read", buf, n))
		return 0;
	flockfile(f);
	begun = begin(w) == 0;
	r = begun ? await_whole(w) : -1;
	while (r > 0 && done < n) {
		if (done > 0 && !fsock__record_is_delimited(w->stream))
			r = await_whole(w);
		if (w->wants > 0)
			w->wants = n - done;
		if (r > 0)
			r = await_octet(w);
		if (r > 0)
			done += take_part(w->stream, octets + done, n - done);
	}
	if (begun)
		fsock__record_look_ahead(w->stream);
	fsock__hold_publish(w);
	funlockfile(f);
	if (r >= 0)
		errno = saved;
	if (r == 0)
		fsock__input_ended(w);
	return done;
}

/* see fsock/format.h */
int
fsock_read_byte(FILE *f)
{
	uint8_t octet;

	return fsock_read_octets(f, &octet, 1) == 1 ? octet : EOF;
}

/* see fsock/format.h */
int
fsock_peek_byte(FILE *f)
{
	struct fsock__window *w = fsock__registry_window(f, FSOCK_INPUT, "read");
	struct fsock__stream *stream;
	int octet = EOF, saved = errno;
	ssize_t r = -1;

	if (w == NULL)
		return EOF;
	stream = w->stream;
	flockfile(f);
	if (begin(w) == 0)
		r = await_octet(w);
	if (r > 0)
		octet = stream->raw.data[stream->raw.head];
	if (r >= 0)
		fsock__record_look_ahead(stream);
	fsock__hold_publish(w);
	funlockfile(f);
	if (r >= 0)
		errno = saved;
	if (r == 0)
		fsock__input_ended(w);
	return octet;
}

/* see fsock/format.h */
int
fsock_unread_byte(FILE *f)
{
	struct fsock__window *w = fsock__registry_window(f, FSOCK_INPUT, "unread");
	struct fsock__stream *stream;
	int r = EOF;

	if (w == NULL)
		return EOF;
	stream = w->stream;
	flockfile(f);
	if ((stream->reader == w || stream->reader == NULL) && stream->octet_taken &&
	    fsock__hold_take_over(w, "unread") == 0) {
		stream->raw.head--;
		if (stream->text_input != NULL)
			fsock__text_pass(stream->text_input, -1);
		fsock__input_forget(stream);
		stream->records.returned++;
		fsock__handle_note(stream->socket);
		r = 0;
	} else {
		fsock__handle_error(stream->socket, "unread", ESPIPE);
	}
	fsock__hold_publish(w);
	funlockfile(f);
	return r;
}

/* see fsock/format.h */
size_t
fsock_write_octets(FILE *f, const void *buf, size_t n)
{
	struct fsock__window *w = fsock__registry_window(f, FSOCK_OUTPUT, "write");
	struct fsock__sending turn;
	size_t sent = 0;

	if (!has_octets(w, "write", buf, n) || fsock__window_flush(w, "write") < 0 ||
	    fsock__output_finish(w->stream) < 0)
		return 0;
	if (fsock__sending_begin(w->stream, &turn, NULL, 0) < 0)
		return 0;
	w->stream->may_hold = fsock__output_is_batched(w);
	if (fsock__sender_send(w->stream, buf, n) == 0)
		sent = n;
	fsock__record_tally_output(w->stream, buf, sent);
	fsock__sending_end(w->stream, &turn);
	return sent;
}

/* see fsock/format.h */
int
fsock_write_byte(FILE *f, int octet)
{
	uint8_t c = (uint8_t)octet;

	return fsock_write_octets(f, &c, 1) == 1 ? c : EOF;
}

/* see fsock/format.h */
int64_t
fsock_octet_position(FILE *f)
{
	struct fsock__window *w = fsock__registry_window(f, FSOCK_INPUT, "position");
	int64_t position = -1;

	if (w == NULL)
		return -1;
	if (fsock__hold(w, "position") < 0)
		return -1;
	if (fsock__gather(w, "position") == 0)
		position = (int64_t)fsock__buffer_position(&w->stream->raw);
	fsock__hold_end(w);
	return position;
}

/* see fsock/format.h */
int
fsock_set_bound(FILE *f, uint64_t n)
{
	struct fsock__window *w = fsock__registry_window(f, FSOCK_INPUT, "bound");
	struct fsock__stream *stream;
	uint64_t position;
	int r;

	if (w == NULL)
		return -1;
	stream = w->stream;
	if (fsock__hold(w, "bound") < 0)
		return -1;
	r = fsock__gather(w, "bound");
	if (r == 0) {
		if (stream->text_input != NULL && stream->text_input->delivered > 0)
			fsock__input_forget(stream); /* it was decoded up to another bound */
		stream->owed_beyond = 1;
		position = fsock__buffer_position(&stream->raw);
		stream->bound = n > FSOCK__NO_BOUND - position ? FSOCK__NO_BOUND : position + n;
	}
	fsock__handle_note(stream->socket); /* an end that is here already is one to be read */
	fsock__hold_end(w);
	return r;
}

/* see fsock/format.h */
int64_t
fsock_pending(fsock *s)
{
	int is_recoded = s != NULL && s->inner != NULL; /* then there is no descriptor */
	struct fsock__stream *stream;
	struct fsock__window *held;
	int64_t n;

	if (!is_recoded && fsock__handle_fd(s, "pending") < 0)
		return -1;
	stream = s->stream;
	if (stream == NULL)
		return 0;
	if (fsock__gather_hold(stream, "pending", &held) < 0)
		return -1;
	n = (int64_t)fsock__buffer_count(&stream->raw);
	fsock__hold_release(stream, held);
	return n;
}

/* Octets pass unchanged from now on. Returns 0 or -1. */
static int
forget_formats(struct fsock__stream *stream)
{
	static const struct fsock_format binary;
	struct fsock__sending turn;
	int r;

	if (fsock__sending_begin(stream, &turn, NULL, 0) < 0)
		return -1;
	r = fsock__format_apply(stream, &binary, &binary);
	fsock__sending_end(stream, &turn);
	return r;
}

/* see fsock/format.h */
int
fsock_upgrade(fsock *s)
{
	int64_t n;
	int fd = fsock__handle_fd(s, "upgrade");

	if (fd >= 0 && fsock__layers_are_on(s))
		return fsock__handle_error(s, "upgrade", EOPNOTSUPP);
	if (fd < 0 || s->stream == NULL)
		return fd;
	if (s->stream_ops->flush(s, FSOCK__FLUSH_ALL) < 0 ||
	    (n = fsock__raw_ahead(s, "upgrade")) < 0)
		return -1;
	if (s->output.queued > 0) /* what others send on the descriptor would overtake it */
		return fsock__handle_error(s, "upgrade", EAGAIN);
	if (n > 0)
		return fsock__error_set_words("upgrade", s->host, s->port, FSOCK_IN_PROGRESS_ERROR,
		    EBUSY, "the peer sent %lld octet%s before the upgrade", (long long)n,
		    n == 1 ? "" : "s");
	return forget_formats(s->stream) < 0 ? -1 : fd;
}

/* Octets of the wire next to text, and counting them. */
#include "../base/compat.h"

#include <fsock/format.h>

#include "../wait/wait.h"
#include "input.h"
#include "output.h"
#include "receiver.h"
#include "registry.h"
#include "sender.h"
#include "text.h"

/*
 * Makes `w` the reader and raw.head the octet that the program reads next. Needs the FILE's lock.
 * Returns 0 or -1.
 */
static int
begin(struct fsock__window *w)
{
	if (fsock__input_gather(w, "read") < 0)
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
		fsock__socket_error(w->stream->socket, operation, EINVAL);
	return buf != NULL;
}

/* Waits for one octet. Returns 1, 0 at end of file, or -1. */
static ssize_t
await_octet(struct fsock__window *w)
{
	return fsock__receiver_count(w->stream) > 0 ? 1 : fsock__receiver_fill(w);
}

/* see fsock/format.h */
size_t
fsock_read_octets(FILE *f, void *buf, size_t n)
{
	struct fsock__window *w = fsock__registry_window(f, FSOCK_INPUT, "read");
	uint8_t *octets = buf;
	size_t done = 0;
	int saved = errno;
	ssize_t r;

	if (!has_octets(w, "read", buf, n))
		return 0;
	flockfile(f);
	r = begin(w) < 0 ? -1 : 1;
	while (r > 0 && done < n) {
		r = await_octet(w);
		if (r > 0)
			done += fsock__input_take(w->stream, octets + done, n - done);
	}
	fsock__input_publish(w);
	funlockfile(f);
	if (r >= 0)
		errno = saved;
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
	int octet = EOF;

	if (w == NULL)
		return EOF;
	stream = w->stream;
	flockfile(f);
	if (begin(w) == 0 && await_octet(w) > 0)
		octet = stream->raw.data[stream->raw.head];
	fsock__input_publish(w);
	funlockfile(f);
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
	if (stream->reader == w && stream->octet_taken) {
		stream->raw.head--;
		if (stream->text_input != NULL)
			fsock__text_pass(stream->text_input, -1);
		fsock__input_forget(stream);
		fsock__wait_note(stream->socket);
		r = 0;
	} else {
		fsock__socket_error(stream->socket, "unread", ESPIPE);
	}
	fsock__input_publish(w);
	funlockfile(f);
	return r;
}

/* see fsock/format.h */
size_t
fsock_write_octets(FILE *f, const void *buf, size_t n)
{
	struct fsock__window *w = fsock__registry_window(f, FSOCK_OUTPUT, "write");
	size_t sent = 0;

	if (!has_octets(w, "write", buf, n) || fflush(f) != 0 ||
	    fsock__output_finish(w->stream) < 0)
		return 0;
	pthread_mutex_lock(&w->stream->output_lock);
	if (fsock__sender_send_nolock(w->stream, buf, n) == 0)
		sent = n;
	pthread_mutex_unlock(&w->stream->output_lock);
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
	flockfile(f);
	if (fsock__input_gather(w, "position") == 0)
		position = (int64_t)fsock__buffer_position(&w->stream->raw);
	fsock__input_publish(w);
	funlockfile(f);
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
	flockfile(f);
	r = fsock__input_gather(w, "bound");
	if (r == 0) {
		if (stream->text_input != NULL && stream->text_input->delivered > 0)
			fsock__input_forget(stream); /* it was decoded up to another bound */
		stream->owed_beyond = 1;
		position = fsock__buffer_position(&stream->raw);
		stream->bound = n > FSOCK__NO_BOUND - position ? FSOCK__NO_BOUND : position + n;
	}
	fsock__wait_note(stream->socket); /* an end that is here already is one to be read */
	fsock__input_publish(w);
	funlockfile(f);
	return r;
}

/* see fsock/format.h */
int64_t
fsock_pending(fsock *s)
{
	int is_recoded = s != NULL && s->inner != NULL; /* then there is no descriptor */
	struct fsock__stream *stream;

	if (!is_recoded && fsock__socket_fd(s, "pending") < 0)
		return -1;
	stream = s->stream;
	if (stream == NULL)
		return 0;
	if (fsock__stream_sync_input(stream) < 0)
		return fsock__socket_error(s, "pending", errno);
	return (int64_t)fsock__buffer_count(&stream->raw);
}

/* Waits for a line end that is owed. Returns 0 or -1. */
static int
await_owed(struct fsock__stream *stream)
{
	struct fsock__window *w = stream->reader;
	int r;

	if (stream->owed_length == 0 || w == NULL)
		return 0;
	flockfile(w->file);
	r = fsock__input_drop_owed(w) < 0 ? -1 : 0;
	funlockfile(w->file);
	return r;
}

/* see fsock/format.h */
int
fsock_upgrade(fsock *s)
{
	static const struct fsock_format binary;
	struct fsock__stream *stream;
	int64_t n;
	int fd = fsock__socket_fd(s, "upgrade");

	if (fd < 0 || s->stream == NULL)
		return fd;
	stream = s->stream;
	if (s->stream_ops->flush(s, 1) < 0 || fsock_pending(s) < 0 || await_owed(stream) < 0)
		return -1;
	if (s->queued > 0) /* what others send on the descriptor would overtake it */
		return fsock__socket_error(s, "upgrade", EAGAIN);
	n = fsock_pending(s);
	if (n != 0)
		return n < 0 ? -1 : fsock__socket_error(s, "upgrade", EBUSY);
	fsock__format_apply(stream, &binary, &binary);
	return fd;
}

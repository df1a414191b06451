#include "../base/compat.h"

#include <sys/mman.h>

#include "../base/error.h"
#include "../sock/failure.h"
#include "../sock/layer_state.h"
#include "../sock/shutdown.h"
#include "../sock/socket.h"
#include "file.h"
#include "input.h"
#include "output.h"
#include "registry.h"
#include "sender.h"
#include "window.h"

/*
 * Output is worth more than input: what does not fit in stdio's buffer is a system call each time;
 * and two more to block signals where there are layers, however many records of theirs it is. A
 * program that stops writing at high_water must not find it far exceeded by one flush.
 */
static size_t
buffer_size(const struct fsock__window *w)
{
	const struct fsock *s = w->stream->socket;

	if (w->sides != FSOCK_OUTPUT)
		return 8192;
	return fsock__layers_are_on(s) && s->settings.high_water >= 65536 ? 65536 : 16384;
}

/*
 * Mapped memory costs an idle stream nothing, as its pages come to be when they are touched, and it
 * begins on a cache line: stdio searches what was copied there a moment before, which takes a third
 * longer where the copy straddles two.
 */
void
fsock__window_set_buffer(struct fsock__window *w, FILE *file)
{
	size_t size = buffer_size(w);
	int saved = errno;
	void *memory =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	w->memory = NULL;
	if (memory != MAP_FAILED) {
		w->memory = memory;
		w->memory_size = size;
		setvbuf(file, memory, _IOFBF, size);
	}
	errno = saved;
}

/* What stdio has returned of a call that began when `before` records had been made. */
static int
settle(const struct fsock__window *w, const char *operation, unsigned before, int saved, int r)
{
	if (r != 0)
		return fsock__handle_ensure(w->stream->socket, operation, before);
	errno = saved;
	return 0;
}

int
fsock__window_flush(struct fsock__window *w, const char *operation)
{
	unsigned before = fsock__error_count();
	int saved = errno;

	return settle(w, operation, before, saved, fflush(w->file));
}

/*
 * Moving nowhere makes stdio give back what it holds. glibc's, in the middle of writing, may say
 * that it cannot when it has sent what was written, and then does.
 */
int
fsock__window_give_back(struct fsock__window *w, const char *operation)
{
	unsigned before = fsock__error_count();
	int saved = errno, r;

	w->is_tried = 1;
	r = fseeko(w->file, 0, SEEK_CUR);
	w->is_tried = 0;
	if (r < 0 && errno == ESPIPE && (r = fflush(w->file)) == 0 && fsock__file_unread(w) > 0)
		r = fseeko(w->file, 0, SEEK_CUR);
	return settle(w, operation, before, saved, r);
}

/*
 * Stdio seeks to give back what it has read ahead: before it writes, in fflush() and fseek(), and
 * when it asks where it is. Moving anywhere else is not for sockets.
 */
off_t
fsock__window_seek(struct fsock__window *w, off_t offset, int whence)
{
	if (whence == SEEK_SET)
		offset -= w->position;
	else if (whence != SEEK_CUR)
		offset = 1;
	if (offset <= 0 && (offset == 0 || fsock__flush_keeps_input(w->file) ||
			       fsock__input_give_back(w, (size_t)-offset) == 0))
		return w->position;
	if (!w->is_tried)
		fsock__handle_error(w->stream->socket, "seek", ESPIPE);
	errno = ESPIPE;
	return -1;
}

/* Whether a window other than `but` has the side open. Needs the socket's lock. */
static int
is_still_open(const struct fsock__stream *stream, int side, const struct fsock__window *but)
{
	for (int i = 0; i < FSOCK__WINDOW_COUNT; i++) {
		const struct fsock__window *w = &stream->windows[i];

		if (w != but && w->file != NULL && (w->sides & side))
			return 1;
	}
	return 0;
}

/*
 * Tells the peer that no more comes; one that is gone already needs not be told. A child of fork()
 * that has not used the connection leaves it alone. Returns 0 or -1.
 */
static int
end_output(struct fsock__stream *stream)
{
	struct fsock *s = stream->socket;
	int is_ours = stream->process == fsock__process() || fsock__handle_is_ours(s);
	int saved = errno;

	atomic_fetch_or(&s->shut, FSOCK_OUTPUT);
	if (is_ours && fsock__shutdown_output(s) < 0 && errno != ENOTCONN && errno != EINVAL)
		return fsock__handle_error(s, "close", errno);
	errno = saved;
	return 0;
}

/*
 * Before the FILE goes: what it has written is sent, and the text ended if it is the last that
 * writes. A failure is kept in output.error.
 */
static void
finish(struct fsock__window *w)
{
	struct fsock *s = w->stream->socket;
	int last_output;

	fsock__handle_lock(s);
	last_output = (w->sides & FSOCK_OUTPUT) && !is_still_open(w->stream, FSOCK_OUTPUT, w);
	fsock__handle_unlock(s);
	if ((last_output || fsock__output_is_batched(w)) && !s->releasing)
		fsock__output_flush(w->stream, FSOCK__FLUSH_PAST_BUSY);
}

/* The FILE is no more. Returns whether none is left; *last_output: none that writes. */
static int
leave(struct fsock__window *w, int *last_output)
{
	struct fsock__stream *stream = w->stream;
	struct fsock *s = stream->socket;
	int is_last;

	fsock__handle_lock(s);
	w->file = NULL;
	if (stream->reader == w)
		stream->reader = NULL;
	is_last = --s->open_files == 0;
	*last_output = (w->sides & FSOCK_OUTPUT) && !is_still_open(stream, FSOCK_OUTPUT, w);
	fsock__handle_unlock(s);
	return is_last;
}

/*
 * The FILE is being closed: stdio has written what it held, or has tried to. The last window closes
 * the connection, the last that writes closes its writing side.
 */
int
fsock__window_close(struct fsock__window *w)
{
	struct fsock *s = w->stream->socket;
	int is_last, last_output, r = 0;
	void *memory = w->memory;
	size_t memory_size = w->memory_size;

	fsock__registry_remove(w);
	finish(w);
	is_last = leave(w, &last_output);
	/* fclose() of no libc touches its buffer any more once it has called this. */
	if (memory != NULL)
		munmap(memory, memory_size);
	if (is_last && !s->releasing)
		r = fsock__socket_end(s);
	else if (last_output && !s->releasing)
		r = end_output(w->stream);
	if ((w->sides & FSOCK_OUTPUT) && s->output.error != 0)
		r = fsock__failure_retell(s, "close", s->output.error);
	fsock__socket_unref(s);
	return r;
}

void
fsock__window_abandon(struct fsock__window *w)
{
	int last_output;

	fsock__registry_remove(w);
	leave(w, &last_output);
	fsock__socket_unref(w->stream->socket);
}

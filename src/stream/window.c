#include "../base/compat.h"

#include <sys/mman.h>

#include "../sock/shutdown.h"
#include "../wait/wait.h"
#include "output.h"
#include "registry.h"
#include "sender.h"

/*
 * Output is worth more than input: what does not fit in stdio's buffer is a system call each time.
 */
static size_t
buffer_size(const struct fsock__window *w)
{
	return w->sides == FSOCK_OUTPUT ? 16384 : 8192;
}

/*
 * Mapped memory costs an idle stream nothing, as its pages come to be when they are touched, and it
 * begins on a cache line: stdio searches what was copied there a moment before, which takes a third
 * longer where the copy straddles two.
 */
void
fsock__window_set_buffer(struct fsock__window *w)
{
	size_t size = buffer_size(w);
	int saved = errno;
	void *memory = mmap(
	    NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | FSOCK__MAP_ANONYMOUS, -1, 0);

	w->memory = NULL;
	if (memory != MAP_FAILED) {
		w->memory = memory;
		setvbuf(w->file, memory, _IOFBF, size);
	}
	errno = saved;
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
	if (offset > 0)
		return fsock__socket_error(w->stream->socket, "seek", ESPIPE);
	if (offset < 0 && !fsock__flush_keeps_input(w->file) &&
	    fsock__input_give_back(w, (size_t)-offset) < 0)
		return -1;
	return w->position;
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
 * Tells the peer that no more comes; one that is gone already needs not be told. Returns 0 or -1.
 */
static int
end_output(struct fsock *s)
{
	int saved = errno;

	atomic_fetch_or(&s->shut, FSOCK_OUTPUT);
	if (fsock__shutdown_output(s) < 0 && errno != ENOTCONN && errno != EINVAL)
		return fsock__socket_error(s, "close", errno);
	errno = saved;
	return 0;
}

/*
 * What closing a window does to the connection: the last window closes it, the last that writes
 * closes its writing side. Needs the socket's lock. Returns 0 or -1.
 */
static int
close_sides(struct fsock *s, const struct fsock__window *w)
{
	if (s->releasing)
		return 0;
	if (s->open_files == 0)
		return fsock__socket_close_nolock(s);
	if ((w->sides & FSOCK_OUTPUT) && !is_still_open(w->stream, FSOCK_OUTPUT, w))
		return end_output(s);
	return 0;
}

/* Whether what is queued is to be sent now, as nobody else would. */
static int
must_settle(struct fsock *s)
{
	int r;

	pthread_mutex_lock(&s->lock);
	r = s->open_files == 1 && s->queued > 0 && !fsock__wait_closing_may_defer(s);
	pthread_mutex_unlock(&s->lock);
	return r;
}

/* The FILE is being closed: stdio has written what it held, or has tried to. */
int
fsock__window_close(struct fsock__window *w)
{
	struct fsock *s = w->stream->socket;
	int last_output, is_cut = 0, r;

	fsock__registry_remove(w);
	pthread_mutex_lock(&s->lock);
	last_output = (w->sides & FSOCK_OUTPUT) && !is_still_open(w->stream, FSOCK_OUTPUT, w);
	pthread_mutex_unlock(&s->lock);
	/* A failure is kept in write_error. */
	if (last_output && !s->releasing)
		fsock__output_finish(w->stream);
	if (must_settle(s))
		is_cut = fsock__sender_settle(s) < 0;
	pthread_mutex_lock(&s->lock);
	if (is_cut) /* the peer is not to take it for the end */
		fsock__socket_reset_nolock(s);
	w->file = NULL;
	if (w->stream->reader == w)
		w->stream->reader = NULL;
	/* fclose() of no libc touches its buffer any more once it has called this. */
	if (w->memory != NULL)
		munmap(w->memory, buffer_size(w));
	s->open_files--;
	r = close_sides(s, w);
	if ((w->sides & FSOCK_OUTPUT) && s->write_error != 0)
		r = fsock__socket_error(s, "close", s->write_error);
	pthread_mutex_unlock(&s->lock);
	fsock__socket_unref(s);
	return r;
}

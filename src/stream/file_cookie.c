/* FILEs by fopencookie(3): glibc and musl. */
#include "../base/compat.h"

#if !defined(FSOCK_FILE_FUNOPEN)

#include "file.h"
#include "input.h"
#include "output.h"
#include "window.h"

#if defined(__GLIBC__)

/* glibc gives back by a seek, before it writes, what is unread in its buffer. */
static enum fsock__spare
spare_of(const struct fsock__window *w, const char *buf, size_t n)
{
	const FILE *f = w->file;

	(void)n;
	return buf >= f->_IO_buf_base && buf < f->_IO_buf_end ? FSOCK__SPARE_RETURNED
							      : FSOCK__SPARE_NONE;
}

/*
 * Before a write glibc has given back what was unread. It takes note of that only behind the write,
 * which a signal handler may leave: a later one would give it back again. And it remembers where
 * it was then, and does not count what it writes from there; at -1 it asks.
 */
static void
begin_write(struct fsock__window *w)
{
	FILE *f = w->file;

	f->_IO_read_ptr = f->_IO_read_end = f->_IO_write_base;
	f->_offset = -1;
}

/*
 * To go to a place glibc seeks to one before it and reads from there, over what the program has not
 * read yet, and then may fail. So there is no place but the one where it is.
 */
static int
can_seek(const struct fsock__window *w, off_t offset, int whence)
{
	return whence != SEEK_SET || offset == w->position;
}

/* glibc's FILE shows where fileno() looks; -1 there would mean that it is closed already. */
static void
set_fileno(FILE *file, int fd)
{
	if (fd >= 0)
		file->_fileno = fd;
}

#else

#include <stdio_ext.h>

/* musl discards what it has not read when it begins to write. */
static enum fsock__spare
spare_of(const struct fsock__window *w, const char *buf, size_t n)
{
	(void)buf;
	return n == __fbufsize(w->file) ? FSOCK__SPARE_LOST : FSOCK__SPARE_NONE;
}

static void
begin_write(struct fsock__window *w)
{
	(void)w;
}

static int
can_seek(const struct fsock__window *w, off_t offset, int whence)
{
	(void)w, (void)offset, (void)whence;
	return 1;
}

/* musl keeps its FILE to itself: fileno() fails. */
static void
set_fileno(FILE *file, int fd)
{
	(void)file;
	(void)fd;
}

#endif

static ssize_t
cookie_read(void *cookie, char *buf, size_t n)
{
	ssize_t r = fsock__input_read(cookie, buf, n, spare_of(cookie, buf, n));

	return r == 0 && n > 0 ? fsock__input_ended(cookie) : r;
}

static ssize_t
cookie_write(void *cookie, const char *buf, size_t n)
{
	ssize_t r;

	begin_write(cookie);
	r = fsock__output_write(cookie, buf, n);
	return r < 0 ? FSOCK__WRITE_FAILED : r;
}

static int
cookie_seek(void *cookie, off_t *offset, int whence)
{
	if (!can_seek(cookie, *offset, whence))
		whence = SEEK_END;                             /* which is refused */
	*offset = fsock__window_seek(cookie, *offset, whence); /* newlib wants the -1 there */
	return *offset < 0 ? -1 : 0;
}

static int
cookie_close(void *cookie)
{
	return fsock__window_close(cookie);
}

/* "r+" and not "a": append mode seeks to the end before it writes. */
static const char *
mode(int sides)
{
	return sides == FSOCK_IO ? "r+" : sides == FSOCK_INPUT ? "r" : "w";
}

static FILE *
cookie_open(struct fsock__window *w)
{
	cookie_io_functions_t functions = { .seek = cookie_seek, .close = cookie_close };

	/* A missing function makes a misused one-way stream fail on every libc. */
	if (w->sides & FSOCK_INPUT)
		functions.read = cookie_read;
	if (w->sides & FSOCK_OUTPUT)
		functions.write = cookie_write;
	return fopencookie(w, mode(w->sides), functions);
}

const struct fsock__file_ops fsock__file_ops = { .open = cookie_open, .set_fileno = set_fileno };

#else
typedef int fsock__file_cookie_unused;
#endif

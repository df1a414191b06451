/* FILEs by funopen(3): the BSDs, macOS, bionic; on glibc through libbsd, for the tests. */
#include "../base/compat.h"

#if defined(FSOCK_FILE_FUNOPEN)

#include <stdio.h> /* libbsd puts its own in front of glibc's */

#include "file.h"
#include "input.h"
#include "output.h"
#include "window.h"

/*
 * The interface is from 1993: counts are ints, and a short count is fine for reading but must not
 * happen when writing.
 */

static int
fun_read(void *cookie, char *buf, int n)
{
	ssize_t r = n < 0 ? -1 : fsock__input_read(cookie, buf, (size_t)n, FSOCK__SPARE_LOST);

	return (int)(r == 0 && n > 0 ? fsock__input_ended(cookie) : r);
}

static int
fun_write(void *cookie, const char *buf, int n)
{
	ssize_t r = n < 0 ? -1 : fsock__output_write(cookie, buf, (size_t)n);

	return r < 0 ? FSOCK__WRITE_FAILED : (int)r;
}

static off_t
fun_seek(void *cookie, off_t offset, int whence)
{
	return fsock__window_seek(cookie, offset, whence);
}

static int
fun_close(void *cookie)
{
	return fsock__window_close(cookie);
}

#if defined(__FreeBSD__) || defined(__APPLE__) || defined(__NetBSD__)

/* Their FILEs show where fileno() looks. */
static void
set_fileno(FILE *file, int fd)
{
	file->_file = fsock__file_number(fd);
}

#else

/* Elsewhere a FILE is opaque, or libbsd's is glibc's: fileno() fails. */
static void
set_fileno(FILE *file, int fd)
{
	(void)file;
	(void)fd;
}

#endif

static FILE *
fun_open(struct fsock__window *w)
{
	return funopen(w, w->sides & FSOCK_INPUT ? fun_read : NULL,
	    w->sides & FSOCK_OUTPUT ? fun_write : NULL, fun_seek, fun_close);
}

const struct fsock__file_ops fsock__file_ops = { .open = fun_open, .set_fileno = set_fileno };

#else
typedef int fsock__file_funopen_unused;
#endif

/*
 * How much input stdio holds in a FILE: no standard function tells, so each libc is asked its way.
 */
#include "../base/compat.h"
#include "file.h"

#if defined(__GLIBC__)

enum { IN_BACKUP = 0x100, WRITING = 0x800 }; /* of _flags; not to be had from a header */

/*
 * Between read_ptr and read_end; while something pushed back is read first, the rest is saved
 * aside. A FILE that has begun to write since it read keeps the unread in front of read_end, and
 * gives it back to us when it sends.
 */
size_t
fsock__file_unread(const struct fsock__window *w)
{
	const FILE *f = w->file;
	ptrdiff_t n = f->_IO_read_end - f->_IO_read_ptr;

	if (f->_flags & WRITING)
		n = f->_IO_read_end - f->_IO_write_base;
	else if (f->_flags & IN_BACKUP)
		n += f->_IO_save_end - f->_IO_save_base;
	return n > 0 ? (size_t)n : 0;
}

#elif (defined(__linux__) && !defined(__ANDROID__)) || defined(__OpenBSD__)

#include <stdio_ext.h>

/* musl, and OpenBSD, whose FILE is nobody's business either. */
size_t
fsock__file_unread(const struct fsock__window *w)
{
	return __freadahead(w->file);
}

#elif defined(__FreeBSD__) || defined(__APPLE__)

/* What is pushed back is counted apart, and what it hides is _ur. */
size_t
fsock__file_unread(const struct fsock__window *w)
{
	const FILE *f = w->file;
	int n = f->_r > 0 ? f->_r : 0;

	if (f->_ub._base != NULL && f->_ur > 0)
		n += f->_ur;
	return (size_t)n;
}

#elif defined(__NetBSD__)

size_t
fsock__file_unread(const struct fsock__window *w)
{
	return w->file->_r > 0 ? (size_t)w->file->_r : 0;
}

#else

/* A FILE that cannot be looked into: it tells where it is, and we know what it was handed. */
size_t
fsock__file_unread(const struct fsock__window *w)
{
	int saved = errno;
	off_t at = ftello(w->file);

	errno = saved;
	return at >= 0 && at < w->position ? (size_t)(w->position - at) : 0;
}

/* Asking would lock it. */
size_t
fsock__file_glance(const struct fsock__window *w)
{
	(void)w;
	return 0;
}

#define CANNOT_GLANCE 1
#endif

#if !defined(CANNOT_GLANCE)
size_t
fsock__file_glance(const struct fsock__window *w)
{
	return fsock__file_unread(w);
}
#endif

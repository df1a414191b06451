/*
 * The thread sanitizer does not see the locks of FILEs that libc takes by itself: of what a FILE's
 * functions do in one thread and then in another one, as fflush(NULL) calls them, it would believe
 * that it is a race. This tells it. The linker must be asked for it: see WRAPPED in tests/rules.mk.
 */
#ifndef TESTS_TSAN_FILES_H
#define TESTS_TSAN_FILES_H

#include <errno.h>

#include "cookie.h"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define file_is_locked(f)   __tsan_acquire(f)
#define file_is_unlocked(f) __tsan_release(f)
#define FCLOSE_SETS_ERRNO   1 /* to find out that it need not report it */
#else
#define file_is_locked(f)   ((void)(f))
#define file_is_unlocked(f) ((void)(f))
#define FCLOSE_SETS_ERRNO   0
#endif

static char every_file; /* libc's list of them */

static int
cookie_enter(struct cookie *c, const void *frame)
{
	(void)frame;
	file_is_locked(&every_file);
	if (c->file != NULL)
		file_is_locked(c->file);
	return 0;
}

static void
cookie_leave(struct cookie *c, int entered)
{
	(void)entered;
	if (c->file != NULL)
		file_is_unlocked(c->file);
}

FILE *__real_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions);
FILE *__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions);

static FILE *
open_known(void *cookie, const char *mode, cookie_io_functions_t functions)
{
	file_is_unlocked(&every_file);
	return __real_fopencookie(cookie, mode, functions);
}

FILE *
__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions)
{
	return cookie_open(open_known, cookie, mode, functions);
}

void __real_flockfile(FILE *f);
void __wrap_flockfile(FILE *f);

void
__wrap_flockfile(FILE *f)
{
	__real_flockfile(f);
	file_is_locked(f);
}

int __real_ftrylockfile(FILE *f);
int __wrap_ftrylockfile(FILE *f);

int
__wrap_ftrylockfile(FILE *f)
{
	int r = __real_ftrylockfile(f);

	if (r == 0)
		file_is_locked(f);
	return r;
}

void __real_funlockfile(FILE *f);
void __wrap_funlockfile(FILE *f);

void
__wrap_funlockfile(FILE *f)
{
	file_is_unlocked(f);
	__real_funlockfile(f);
}

/* Stdio as the program calls it: what it leaves in a FILE, fflush(NULL) finds in another thread. */
#define KNOWN(type, name, parameters, arguments) \
	type __real_##name parameters;           \
	type __wrap_##name parameters;           \
	type __wrap_##name parameters            \
	{                                        \
		type r;                          \
                                                 \
		__wrap_flockfile(f);             \
		r = __real_##name arguments;     \
		__wrap_funlockfile(f);           \
		return r;                        \
	}
KNOWN(size_t, fread, (void *p, size_t size, size_t n, FILE *f), (p, size, n, f))
KNOWN(size_t, fwrite, (const void *p, size_t size, size_t n, FILE *f), (p, size, n, f))
KNOWN(int, fputs, (const char *text, FILE *f), (text, f))

int __real_fclose(FILE *f);
int __wrap_fclose(FILE *f);

int
__wrap_fclose(FILE *f)
{
	int saved = errno, r = __real_fclose(f);

	if (r == 0 && FCLOSE_SETS_ERRNO)
		errno = saved;
	return r;
}

#endif

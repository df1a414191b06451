/*
 * FILEs whose functions are called with something done before and after. Who includes this defines
 * the two functions that do it, and calls cookie_open() instead of fopencookie(3).
 */
#ifndef TESTS_COOKIE_H
#define TESTS_COOKIE_H

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

struct cookie {
	void *cookie;
	cookie_io_functions_t functions;
	_Atomic(FILE *) file; /* NULL until fopencookie() has returned */
	int is_closing;       /* fclose() has taken it out of libc's list */
};

/* `frame` is that of the function in between; what the first one returns is for the other one. */
static int cookie_enter(struct cookie *, const void *frame);
static void cookie_leave(struct cookie *, int entered);

#define COOKIE_CALL(result, call)                                       \
	int entered = cookie_enter(cookie, __builtin_frame_address(0)); \
	result r = ((struct cookie *)cookie)->functions.call;           \
                                                                        \
	cookie_leave(cookie, entered);

#define COOKIE_OWN ((struct cookie *)cookie)->cookie

static ssize_t
cookie_read(void *cookie, char *buf, size_t n)
{
	COOKIE_CALL(ssize_t, read(COOKIE_OWN, buf, n))
	return r;
}

static ssize_t
cookie_write(void *cookie, const char *buf, size_t n)
{
	COOKIE_CALL(ssize_t, write(COOKIE_OWN, buf, n))
	return r;
}

static int
cookie_seek(void *cookie, off_t *offset, int whence)
{
	COOKIE_CALL(int, seek(COOKIE_OWN, offset, whence))
	return r;
}

static int
cookie_close(void *cookie)
{
	struct cookie *c = cookie;

	c->is_closing = 1;
	COOKIE_CALL(int, close(COOKIE_OWN))
	free(cookie);
	return r;
}

/* `open` is the fopencookie() to call. */
static FILE *
cookie_open(FILE *(*open)(void *, const char *, cookie_io_functions_t), void *cookie,
    const char *mode, cookie_io_functions_t functions)
{
	cookie_io_functions_t ours = { functions.read ? cookie_read : NULL,
		functions.write ? cookie_write : NULL, functions.seek ? cookie_seek : NULL,
		cookie_close };
	struct cookie *c = malloc(sizeof *c);
	FILE *f;

	if (c == NULL)
		return NULL;
	c->cookie = cookie;
	c->functions = functions;
	c->file = NULL;
	c->is_closing = 0;
	f = open(c, mode, ours);
	if (f == NULL)
		free(c);
	else
		c->file = f;
	return f;
}

#endif

/* The text layer over any FILE: a handle whose transport is stdio itself. */
#include "../base/compat.h"

#include <stdlib.h>

#include <fsock/format.h>

#include "../base/error.h"
#include "../sock/socket.h"
#include "../sock/transfer.h"
#include "stream.h"
#include "text.h"

enum { PIECE = 2048 };

/*
 * Takes a line, or PIECE octets: what an interactive inner stream has is not waited for beyond its
 * line. An error behind some octets is kept, to be told behind them. What the inner FILE says of
 * its state is this FILE's to remember and to clear.
 */
static ssize_t
file_receive(struct fsock *s, void *buf, size_t n)
{
	struct fsock__stream *stream = s->stream;
	FILE *f = s->inner;
	uint8_t *octets = buf;
	size_t got = 0;
	int c = 0, error, failed, saved = errno;

	if (n > PIECE)
		n = PIECE;
	flockfile(f);
	while (got < n && c != '\n' && (c = getc_unlocked(f)) != EOF)
		octets[got++] = (uint8_t)c;
	error = errno;
	failed = c == EOF && !feof(f);
	if (failed || got == 0)
		clearerr(f);
	funlockfile(f);
	if (failed && got == 0)
		return fsock__handle_error(s, "read", error);
	if (failed)
		stream->read_error = error;
	errno = saved;
	return (ssize_t)got;
}

/* No wait list ever has such a socket. */
static ssize_t
file_receive_now(struct fsock *s, void *buf, size_t n, int *is_drained)
{
	*is_drained = 0;
	return file_receive(s, buf, n);
}

/*
 * Flushing first lets go of what was read ahead: one may not write right after reading. A FILE
 * takes everything, however long that lasts.
 */
static ssize_t
file_offer(struct fsock *s, const void *buf, size_t n)
{
	int saved = errno;

	fflush(s->inner);
	errno = saved;
	if (fwrite(buf, 1, n, s->inner) == n && fflush(s->inner) == 0)
		return (ssize_t)n;
	return fsock__handle_error(s, "write", errno);
}

/* A FILE takes everything. */
static int
file_await_room(struct fsock *s, const char *operation, int64_t until)
{
	(void)s, (void)operation, (void)until;
	return 0;
}

static int
file_close(struct fsock *s)
{
	FILE *f = s->inner;

	s->inner = NULL;
	return f == NULL || fclose(f) == 0 ? 0 : -1;
}

static const struct fsock__transport_ops transport_file = {
	.receive = file_receive,
	.receive_now = file_receive_now,
	.offer = file_offer,
	.await_room = file_await_room,
	.close = file_close,
};

/* The window that a mode asks for, or -1. */
static int
window_of(const char *mode)
{
	if (mode == NULL)
		return -1;
	if (strcmp(mode, "r") == 0)
		return FSOCK__WINDOW_INPUT;
	if (strcmp(mode, "w") == 0)
		return FSOCK__WINDOW_OUTPUT;
	return strcmp(mode, "r+") == 0 ? FSOCK__WINDOW_IO : -1;
}

/* see fsock/format.h */
FILE *
fsock_recode(FILE *inner, const char *mode, const char *format)
{
	struct fsock_options options = { .format = format };
	struct fsock__settings settings;
	int which = window_of(mode), error, saved = errno;
	struct fsock *s;
	FILE *file;

	if (inner == NULL || which < 0 || format == NULL) {
		fsock__error_set("recode", NULL, FSOCK__NO_PORT, EINVAL);
		return NULL;
	}
	if (fsock__settings_make(&settings, &options, "recode", NULL, 0) < 0)
		return NULL;
	s = fsock__socket_new(
	    -1, FSOCK__CONNECTED, AF_UNSPEC, &settings, NULL, FSOCK__NO_PORT, &transport_file);
	if (s == NULL)
		return NULL;
	file = fsock__stream_open(s, which);
	error = errno;
	if (file != NULL) {
		s->inner = inner;
		errno = saved;
	} else {
		fsock__error_set("recode", NULL, FSOCK__NO_PORT, error);
	}
	fsock__socket_unref(s);
	return file;
}

/* As fsock_recode(), but what fails takes `inner` with it. */
static FILE *
recode_own(FILE *inner, const char *mode, const char *format)
{
	FILE *file = inner == NULL ? NULL : fsock_recode(inner, mode, format);

	if (inner == NULL)
		fsock__error_set("recode", NULL, FSOCK__NO_PORT, errno);
	if (inner != NULL && file == NULL) {
		int error = errno;

		fclose(inner);
		errno = error;
	}
	return file;
}

/* see fsock/format.h */
FILE *
fsock_octets_input(const void *octets, size_t n, const char *format)
{
	static const char nothing[1];
	FILE *inner;

	if (octets == NULL && n > 0) {
		fsock__error_set("recode", NULL, FSOCK__NO_PORT, EINVAL);
		return NULL;
	}
	/* For reading fmemopen() does not write; no libc takes a length of 0 the same way. */
	inner = fmemopen((void *)(uintptr_t)(n > 0 ? octets : nothing), n > 0 ? n : 1, "r");
	if (n == 0 && inner != NULL)
		getc(inner);
	return recode_own(inner, "r", format);
}

/* see fsock/format.h */
FILE *
fsock_octets_output(char **octets, size_t *n, const char *format)
{
	FILE *inner, *file;

	if (octets == NULL || n == NULL) {
		fsock__error_set("recode", NULL, FSOCK__NO_PORT, EINVAL);
		return NULL;
	}
	inner = open_memstream(octets, n);
	file = recode_own(inner, "w", format);
	if (inner != NULL && file == NULL) { /* closing makes octets, though none were written */
		free(*octets);
		*octets = NULL;
	}
	return file;
}

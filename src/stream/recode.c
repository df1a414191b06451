/* The text layer over any FILE: a handle whose transport is stdio itself. */
#include "../base/compat.h"

#include <sys/stat.h>

#include <stdlib.h>

#include <fsock/format.h>

#include "../base/error.h"
#include "../base/shield.h"
#include "../sock/socket.h"
#include "../sock/transfer.h"
#include "registry.h"
#include "stream.h"
#include "text.h"

enum { PIECE = 2048 };

/* Why a FILE has failed: those of other libraries may not say. */
static int
file_error(void)
{
	return errno != 0 ? errno : EIO;
}

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
	errno = 0;
	while (got < n && c != '\n' && (c = getc_unlocked(f)) != EOF)
		octets[got++] = (uint8_t)c;
	error = file_error();
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
	errno = 0;
	if (fwrite(buf, 1, n, s->inner) != n || fflush(s->inner) != 0)
		return fsock__handle_error(s, "write", file_error());
	errno = saved;
	return (ssize_t)n;
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

/* If the FILE below is one of ours, its peer is to be told. */
static void
file_fail(struct fsock *s, int errnum)
{
	struct fsock__window *w = s->inner == NULL ? NULL : fsock__registry_find(s->inner);

	if (w != NULL)
		fsock__socket_fail_output(w->stream->socket, errnum);
}

static ssize_t
pipe_offer(struct fsock *s, const void *buf, size_t n)
{
	struct fsock__shield shield;
	ssize_t r;

	fsock__shield_raise(&shield);
	r = file_offer(s, buf, n);
	fsock__shield_lower(&shield, 1);
	return r;
}

static int
pipe_close(struct fsock *s)
{
	struct fsock__shield shield;
	int r;

	fsock__shield_raise(&shield);
	r = file_close(s);
	fsock__shield_lower(&shield, 1);
	return r;
}

static const struct fsock__transport_ops transport_pipe = {
	.receive = file_receive,
	.offer = pipe_offer,
	.await_room = file_await_room,
	.fail = file_fail,
	.close = pipe_close,
};

static const struct fsock__transport_ops transport_file = {
	.receive = file_receive,
	.receive_now = file_receive_now,
	.offer = file_offer,
	.await_room = file_await_room,
	.fail = file_fail,
	.close = file_close,
};

/* What stands below: writing to what is no file may raise SIGPIPE. */
static const struct fsock__transport_ops *
choose_transport(FILE *inner)
{
	int fd, saved = errno;
	struct stat status;
	int may_break;

	fd = fileno(inner);
	may_break = fd >= 0 && fstat(fd, &status) == 0 && !S_ISREG(status.st_mode);
	errno = saved;
	return may_break ? &transport_pipe : &transport_file;
}

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
	unsigned before = fsock__error_count();
	int which = window_of(mode), saved = errno;
	struct fsock *s;
	FILE *file;

	if (inner == NULL || which < 0 || format == NULL) {
		/* A FILE that could not be opened: that is what has failed. */
		fsock__error_set(
		    "recode", NULL, FSOCK__NO_PORT, inner == NULL && errno != 0 ? errno : EINVAL);
		return NULL;
	}
	if (fsock__settings_make(&settings, &options, "recode", NULL, 0) < 0)
		return NULL;
	s = fsock__socket_new(
	    -1, FSOCK__CONNECTED, AF_UNSPEC, &settings, NULL, FSOCK__NO_PORT, &transport_file);
	if (s == NULL)
		return NULL;
	file = fsock__stream_open(s, which);
	if (file != NULL) {
		s->inner = inner;
		s->transport = choose_transport(inner);
	} else
		fsock__handle_ensure(s, "recode", before);
	if (file == NULL)
		saved = errno;
	fsock__socket_unref(s);
	errno = saved;
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

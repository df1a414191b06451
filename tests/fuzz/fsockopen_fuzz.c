/*
 * Modes of fsockopen(). What is refused is told, and connects to nobody. What is taken gives a
 * stream of the directions that the mode begins with, over which octets pass, and with the time
 * limits that it names.
 *
 * Input: the mode.
 */
#include "../../src/base/compat.h"
#include "fuzz.h"

#include <sys/socket.h>

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include <fsock.h>

static fsock *listener;
static char place[64];

static void
listen_once(void)
{
	static const struct fsock_options options = { .nonblocking = FSOCK_ON };

	if (listener != NULL)
		return;
	snprintf(place, sizeof place, "@fsockopen-%ld", (long)getpid());
	listener = fsock_listen(place, 0, &options);
	FUZZ_ASSERT(listener != NULL);
}

/* The directions: the first part is a letter, and perhaps '+', 'b', 't' and 'e'. */
static int
sides_of(const char *mode)
{
	size_t n = strcspn(mode, ",");

	FUZZ_ASSERT(n > 0 && n <= 5 && memchr("rwa", mode[0], 3) != NULL);
	if (memchr(mode, '+', n) != NULL)
		return FSOCK_IO;
	return mode[0] == 'r' ? FSOCK_INPUT : FSOCK_OUTPUT;
}

/* The last "timeout=" counts; none is none. */
static void
check_timeout(fsock *s, const char *mode)
{
	double expected = INFINITY, value;

	for (const char *at = mode; (at = strchr(at, ',')) != NULL;) {
		at += 1 + strspn(at + 1, " ");
		if (strncmp(at, "timeout=", 8) == 0)
			expected = strtod(at + 8, NULL);
	}
	FUZZ_ASSERT(fsock_get_option(s, FSOCK_OPTION_RECEIVE_TIMEOUT, &value) == 0);
	if (expected < 9e9) /* beyond that is never */
		FUZZ_ASSERT(fabs(value - expected) <= 1e-9 + expected * 1e-9);
	else
		FUZZ_ASSERT(value == INFINITY || value >= 9e9);
}

/*
 * A line out and a line in, as far as the stream goes. The charset may make anything of them. With
 * "batched" a flush sends nothing.
 */
static void
exchange(FILE *f, int peer, int sides)
{
	int puts =
	    fputs("hello\n", f) >= 0 && fflush(f) == 0 && fsock_send_pending(fsock_of(f)) == 0;
	char octet;

	FUZZ_ASSERT((sides & FSOCK_OUTPUT) || !puts);
	clearerr(f);
	FUZZ_ASSERT(!puts || recv(peer, &octet, 1, 0) == 1);
	FUZZ_ASSERT(send(peer, "hello\r\n\r\n", 9, 0) == 9);
	shutdown(peer, SHUT_WR);
	if (sides & FSOCK_INPUT)
		while (getc(f) != EOF)
			;
	else
		FUZZ_ASSERT(getc(f) == EOF && ferror(f));
}

static void
check_open(FILE *f, const char *mode)
{
	fsock *s = fsock_of(f);
	int peer = fsock_release(fsock_accept(listener, NULL), NULL, 0, NULL);

	FUZZ_ASSERT(s != NULL && peer >= 0);
	check_timeout(s, mode);
	exchange(f, peer, sides_of(mode));
	fclose(f);
	close(peer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char mode[256];
	FILE *f;

	if (size >= sizeof mode)
		return 0;
	memcpy(mode, data, size);
	mode[size] = '\0';
	listen_once();
	fsock_clear_error();
	errno = EDOM;
	f = fsockopen(place, 0, mode);
	if (f != NULL) {
		FUZZ_ASSERT(errno == EDOM);
		check_open(f, mode);
		return 0;
	}
	/* A limit may be shorter than any connect. */
	FUZZ_ASSERT(fsock_last_error()->errnum == errno);
	FUZZ_ASSERT(errno == EINVAL || (errno == ETIMEDOUT && strstr(mode, "=") != NULL));
	if (errno == EINVAL)
		FUZZ_ASSERT(fsock_accept(listener, NULL) == NULL && errno == EAGAIN);
	else
		fsock_close(fsock_accept(listener, NULL));
	return 0;
}

/*
 * A socket under test, and the far end of its connection as a bare descriptor: what the tests do
 * there goes by no code of the library. Every function asserts that it worked, so it is for the
 * main thread only.
 */
#ifndef FSOCK_TESTS_STDIO_LINK_H
#define FSOCK_TESTS_STDIO_LINK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <check.h>

#include <fsock.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

/*
 * As ck_assert() and ck_assert_int_eq(), which make a system call each: for what is asked a million
 * times.
 */
#define expect(condition)                                        \
	do {                                                     \
		if (!(condition))                                \
			ck_abort_msg("'%s' failed", #condition); \
	} while (0)
#define expect_int(got, expected)                                                    \
	do {                                                                         \
		long long got_ = (got), expected_ = (expected);                      \
		if (got_ != expected_)                                               \
			ck_abort_msg("%s is %lld, not %lld", #got, got_, expected_); \
	} while (0)

enum stdio_transport { STDIO_SOCKETPAIR, STDIO_TCP4, STDIO_TCP6, STDIO_UNIX, STDIO_TRANSPORTS };

extern const char *const stdio_transport_names[STDIO_TRANSPORTS];

struct stdio_link {
	enum stdio_transport transport;
	fsock *s;
	int far;
	char where[160]; /* the peer as error texts name it; "" for a socketpair */
};

/*
 * A listener without the library: a descriptor, and what fsock_connect() needs to reach it. A path
 * is in a directory of its own; stdio_listener_close() takes both away.
 */
struct stdio_listener {
	int fd;
	char host[64];
	int port;
};

void stdio_listener_open(struct stdio_listener *, enum stdio_transport);
void stdio_listener_close(struct stdio_listener *);

/* Accepts, and guards the descriptor against waiting for ever. */
int stdio_listener_accept(const struct stdio_listener *);

/* If not NULL, the listener that stdio_link_open() connects to, for tests that make thousands. */
extern const struct stdio_listener *stdio_link_listener;

void stdio_link_open(struct stdio_link *, enum stdio_transport, const struct fsock_options *);

/* The stream to read from: the two-way one, or that of the input alone. */
FILE *stdio_link_input(const struct stdio_link *, int two_way);

/* Makes little room in the connection, so that one that does not read soon blocks a writer. */
void stdio_link_narrow(const struct stdio_link *);

/* Closes what is left of both ends; `s` and `far` may have been closed and set to NULL and -1. */
void stdio_link_close(struct stdio_link *);

/* Nothing follows: else who closes with input unread waits for more of it. */
void stdio_far_says_all(const struct stdio_link *);

void stdio_far_send(const struct stdio_link *, const void *, size_t);
void stdio_far_puts(const struct stdio_link *, const char *);

/* The next n octets that come in are these. */
void stdio_far_expect(const struct stdio_link *, const void *, size_t);
void stdio_far_expect_text(const struct stdio_link *, const char *);

/* Nothing waits there, or end of file. */
void stdio_far_expect_nothing(const struct stdio_link *);
void stdio_far_expect_end(const struct stdio_link *);

/* Ends the far side's output; closes it; closes it such that the near side sees a reset. */
void stdio_far_end(const struct stdio_link *);
void stdio_far_close(struct stdio_link *);
void stdio_far_reset(struct stdio_link *);

/* The calling thread's last error is this one, and its line says so. errno is not looked at. */
void stdio_expect_error(const struct stdio_link *, const char *operation, enum fsock_error_kind,
    int errnum, const char *cause);

/*
 * A thread that sends from the far end piece by piece: each when the near end's descriptor has been
 * read empty. With `end` set it ends its output after the last.
 */
struct stdio_feeder {
	pthread_t thread;
	const struct stdio_link *link;
	int near;
	const char *data;
	size_t n, piece;
	int end;
	atomic_int stop;
};

void stdio_feeder_start(struct stdio_feeder *, const struct stdio_link *, const char *data,
    size_t n, size_t piece, int end);

/* Waits until everything is sent. */
void stdio_feeder_join(struct stdio_feeder *);

/* Ends it where it is: before the near end is closed. */
void stdio_feeder_stop(struct stdio_feeder *);

#endif

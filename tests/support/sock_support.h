/*
 * What the tests of sockets share: connections of every kind, children, threads, counting.
 * Only the main thread calls what asserts, and everything here but sock_thread's function does.
 */
#ifndef TESTS_SOCK_SUPPORT_H
#define TESTS_SOCK_SUPPORT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <check.h>

#include <fsock.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

/* Runs a suite. Returns what main() is to return. */
int sock_run(Suite *);

/* Asserts that the last call failed so; errno is looked at first. */
#define sock_assert_error(expected_kind, expected_errno)                                   \
	do {                                                                               \
		int sock_errno_ = errno;                                                   \
		const struct fsock_error *sock_error_ = fsock_last_error();                \
		ck_assert_str_eq(                                                          \
		    fsock_error_name(sock_error_->kind), fsock_error_name(expected_kind)); \
		ck_assert_int_eq(sock_errno_, (expected_errno));                           \
		ck_assert_int_eq(sock_error_->errnum, (expected_errno));                   \
	} while (0)

/* The same, and that the readable line is as the format says. */
#define sock_assert_failed(expected_kind, expected_errno, ...)          \
	do {                                                            \
		char sock_text_[FSOCK_ERROR_TEXT_MAX];                  \
		sock_assert_error(expected_kind, expected_errno);       \
		snprintf(sock_text_, sizeof sock_text_, __VA_ARGS__);   \
		ck_assert_str_eq(fsock_last_error()->text, sock_text_); \
	} while (0)

/* Kinds of connection; loop tests run over them. */
enum sock_transport { SOCK_PAIR, SOCK_TCP4, SOCK_TCP6, SOCK_UNIX, SOCK_TRANSPORTS };

/* Whether this machine has it: an IPv6 loopback address is not to be had everywhere. */
int sock_has(enum sock_transport);

/* The loopback address of a TCP transport. */
const char *sock_host(enum sock_transport);

/* Two connected ends, made by listening, connecting and accepting; `options` are for both. */
void sock_link(enum sock_transport, const struct fsock_options *options, fsock *ends[2]);

/* One end as a socket, the other as the bare descriptor *peer, which blocks. */
fsock *sock_raw(enum sock_transport, const struct fsock_options *options, int *peer);

/* A port of the transport's loopback address that refuses: *fd holds it without listening. */
int sock_dead_port(enum sock_transport, int *fd);

/*
 * A bare listener on the address whose backlog is full: the next connection has to wait. fds[0] is
 * the listener, the others fill it. Returns the port. End it with sock_full_free().
 */
enum { SOCK_FULL = 8 };
int sock_full(const char *host, int port, int fds[SOCK_FULL]);
void sock_full_free(int fds[SOCK_FULL]);

/*
 * Waits until poll() finds one of these events on the descriptor: what the loopback brings is not
 * there at once on every machine. With no events, until the connection has failed or ended both
 * ways.
 */
void sock_await(int fd, int events);

/*
 * Sends until the kernel takes no more. The other end of a TCP connection acknowledges late, and
 * makes room once more. Asserts nothing, so that any thread may call it.
 */
void sock_fill(int fd);

/* How many descriptors are open. */
int sock_open_fds(void);

/* Has the process open up to so many files. Returns how many that is, if the system allows less. */
int sock_may_open(int most);

/* Octets of memory that this process uses now. */
long sock_memory_used(void);

/* Seconds of the monotonic clock. */
double sock_now(void);

/* Asserts that between `least` and a generous most seconds have passed since `start`. */
#define sock_assert_took(start, least)                                    \
	do {                                                              \
		double sock_took_ = sock_now() - (start);                 \
		ck_assert_double_ge(sock_took_, (least)-SOCK_TICK);       \
		ck_assert_double_le(sock_took_, (least) + SOCK_PATIENCE); \
	} while (0)
#define SOCK_TICK     0.011 /* SO_RCVTIMEO counts in ticks of the kernel, 10 ms at the longest */
#define SOCK_PATIENCE 4.0   /* a loaded machine, valgrind */

/* Reads until n octets or end of file; returns how many, or -1. */
ssize_t sock_read_all(int fd, void *buf, size_t n);

/* Fixture: a directory for the files of a test, removed with what is in it. */
void sock_dir_make(void);
void sock_dir_remove(void);

/* The path of a name in that directory; good until the next call but three. */
const char *sock_path(const char *name);

/*
 * A host of a table: "unix" stands for a path in that directory, "abstract" for a name that no
 * other process uses, all others for themselves. Good as sock_path()'s.
 */
const char *sock_place(const char *host);

/*
 * Runs fn(arg) in a child process. Returns 0 if it returned 0 and nothing else happened to it. Such
 * a function uses SOCK_EXPECT, never an assertion of check.
 */
int sock_child(int (*fn)(void *), void *arg);

/*
 * Whether it may make threads where its parent has some. gcc's thread sanitizer does not permit
 * that, and a lock of the address sanitizer's allocator may then belong to a thread that is not
 * there.
 */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SOCK_MAY_FORK_THREADS 0
#else
#define SOCK_MAY_FORK_THREADS 1
#endif

#define SOCK_EXPECT(condition)                                                          \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, \
			    #condition, fsock_last_error()->text);                      \
			return 1;                                                       \
		}                                                                       \
	} while (0)

/*
 * A signal (SIGALRM) every millisecond from the one to the other, whose handler does not ask for
 * calls to be restarted; the first one has come when it begins. Only the main thread is hit, if
 * the others were started between sock_storm_shelter(1) and (0). Both keep errno.
 */
void sock_storm_begin(void);
void sock_storm_end(void);
void sock_storm_shelter(int on);

/* Whether a tool keeps its own count of descriptors, by which limits mean something else. */
int sock_is_watched(void);

/* A thread, and whether it sleeps in the kernel. */
struct sock_thread {
	pthread_t thread;
	void (*fn)(void *);
	void *arg;
	atomic_int id;
};

void sock_thread_start(struct sock_thread *, void (*fn)(void *), void *arg);
void sock_thread_join(struct sock_thread *);

/* Returns when the thread has entered `fn` and is blocked in it, or has ended. */
void sock_thread_await_blocked(struct sock_thread *);

/* As many threads as it was made for wait until all of them do: macOS has no pthread_barrier_t. */
struct sock_barrier {
	pthread_mutex_t mutex;
	pthread_cond_t everybody;
	int missing, all, round;
};

void sock_barrier_init(struct sock_barrier *, int threads);
void sock_barrier_wait(struct sock_barrier *);
void sock_barrier_destroy(struct sock_barrier *);

#endif

/* What benchmarks share. They measure in turn, many times in one run, and compare medians. */
#ifndef FSOCK_TESTS_BENCH_BENCH_H
#define FSOCK_TESTS_BENCH_BENCH_H

#include <sys/types.h>

#include <stddef.h>

/* Says what went wrong, with errno, and ends the process. */
_Noreturn void die(const char *what);

/* Seconds on a clock that does not jump. */
double now(void);

/*
 * Keeps the calling thread, and what it starts from now on, on one processor: who shares one with
 * whom must not be left to chance. Where there is only one there is nothing to choose.
 */
void pin(int processor);

/* Lets the process open n files. */
void raise_limit(unsigned n);

/* The value in the middle of n, which are at most MOST_ROUNDS. */
enum { MOST_ROUNDS = 1000 };
double median(const double *values, size_t n);

/* The median of what ours are in terms of theirs, round by round. */
double median_ratio(const double *ours, const double *theirs, size_t n);

/* Memory in use by a process, octets: what the system holds resident that is its own. */
double resident(pid_t);

/*
 * Starts the peer, in a process of its own on the second processor, with fds[1], which is closed
 * here. Returns its number.
 */
typedef void peer_fn(int fd);
pid_t start_peer(peer_fn *peer, const int fds[2]);

#endif

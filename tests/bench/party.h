/* Echo servers measured in turn: each has a process of its own, and so have its clients. */
#ifndef FSOCK_TESTS_BENCH_PARTY_H
#define FSOCK_TESTS_BENCH_PARTY_H

#include <sys/types.h>

#include <time.h>

#include "echo.h"

/* A server with its clients. */
struct party {
	int control;
	pid_t pid;
	clockid_t clock; /* the server's processor time */
};

/* What was measured: lines a second, and lines a second of the server's processor time. */
enum { PARTY_ROUNDS = 41, PARTY_LINES = 4000 };
struct figures {
	double rate[PARTY_ROUNDS], work[PARTY_ROUNDS];
};

/* Starts a server on the first processor, and n clients on the second. */
void party_start(struct party *, echo_fn *serve, const struct wire *, int n);

/* Has the clients send PARTY_LINES lines, and keeps what came of it. */
void party_measure(const struct party *, int window, struct figures *, int round);

/* One row, of the medians. */
void party_print_head(void);
void party_print(
    const char *what, const struct figures *ours, const struct figures *theirs, double target);

#endif

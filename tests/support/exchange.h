/*
 * A short life of a connection, made to be disturbed: a process with the library under test, and
 * its peer, the test itself, which uses none of it and outlives the process. Lines go out, the peer
 * answers, many lines go out, the peer answers again, and all is closed.
 */
#ifndef TESTS_EXCHANGE_H
#define TESTS_EXCHANGE_H

#include <stdatomic.h>
#include <stdio.h>
#include <sys/types.h>

#include <fsock.h>

struct exchange_kind {
	int serves;      /* listens and accepts, or connects */
	int nonblocking; /* with output that has to be queued, and a wait list */
	const char *format;
	int interruptible;
};

#define EXCHANGE_KINDS 8
extern const struct exchange_kind exchange_kinds[EXCHANGE_KINDS];
const char *exchange_name(const struct exchange_kind *);

/* What the processes tell the test; in memory that they share. Counts of lines. */
struct exchange_report {
	atomic_int accepted; /* by stdio: fputs() or fflush() went well */
	atomic_int promised; /* flushed, or closed without an error */
	atomic_int answers;  /* that came back */
	atomic_int done;     /* the exchange went through, all well */
	atomic_int child;    /* what a second process came to: see the test */
	atomic_int asks;     /* if not 0: each line from this one on is answered */
	char hit[32];        /* the disturbed call; "": there were not so many */
	char failed[160];    /* what went wrong first */
};

/* In the process under test. What is not made yet, or is ending, is NULL. */
struct exchange {
	const struct exchange_kind *kind;
	struct exchange_report *report;
	int port, life; /* `life` tells the peer of the port, and that a process lives */
	fsock *volatile listener, *volatile s;
	FILE *volatile file;
	fsock_waitlist *volatile list;
	int sends;           /* lines go out by fsock_send(), not by stdio */
	atomic_int in_stdio; /* stdio may hold output */
	atomic_int in_file; /* a function of the FILE runs, or one that looks at it: it is locked */
};

enum { EXCHANGE_LINES = 1 + 400, EXCHANGE_SECONDS = 6 };

/* Runs all of it. Returns 0, or -1 with report->failed set. */
int exchange_run(struct exchange *);

/* The steps of it up to where the first answer is due; a line more and its answer; the ends. */
int exchange_begin(struct exchange *);
int exchange_put(struct exchange *, int lines);
int exchange_get(struct exchange *);

/* How many answers the peer gives to the first so many lines, if nobody else asks. */
int exchange_due(int lines);

/*
 * Closes whatever there is: the stream first, or all by the handle; queued output is sent. Failing
 * is allowed. What is closed without an error has been promised.
 */
void exchange_close(struct exchange *, int stream_first);

/* Whether the library works still: a new pair, its streams and a list. Returns 0 or -1. */
int exchange_works(struct exchange *);

/* Notes what went wrong, if nothing did before. Returns -1. */
int exchange_fail(struct exchange *, const char *what);

/* What the test sees. */
enum exchange_end { EXCHANGE_NONE, EXCHANGE_PROPER, EXCHANGE_RESET };
struct exchange_outcome {
	int status; /* of the process, as wait(2) has it */
	struct exchange_report *report;
	size_t octets;         /* that the peer got, */
	int lines;             /* of which so many whole lines, */
	int is_prefix;         /* all of them as they were to be sent */
	enum exchange_end end; /* how the connection ended, if there was one */
};

/*
 * Forks a process that runs `body` and exits with what it returns, is its peer, and waits for all
 * processes to end. It is killed after EXCHANGE_SECONDS.
 */
void exchange_watch(const struct exchange_kind *, int (*body)(struct exchange *, void *), void *arg,
    struct exchange_outcome *);

/*
 * What holds whatever was disturbed. Returns what does not: a text, or NULL. `status` is what the
 * process is to exit with.
 */
const char *exchange_judge(const struct exchange_outcome *, int status);

#endif

/*
 * Other programs that a test talks to. The test framework kills those that a failed test leaves
 * running: they are in its process group.
 */
#ifndef FSOCK_TESTS_PEER_H
#define FSOCK_TESTS_PEER_H

#include <sys/types.h>

#include <stddef.h>
#include <stdio.h>

/* A running program. Its standard input, output and error are at the other ends of these. */
struct peer {
	pid_t pid;
	FILE *to, *from, *log;
};

/* Unchecked fixtures: make and remove the directory that peer_path() is about. */
void peer_make_directory(void);
void peer_remove_directory(void);

/* The path of a file in the directory, in one of four buffers used in turn. */
const char *peer_path(const char *name);

/* Whether a test must be passed over, for want of a program or of an address. Then it says so. */
int peer_is_missing(const char *program);
int peer_cannot_use(const char *host);

/*
 * Starts a shell command that may use $HOST, $PORT and $DIR, the directory above. Where it does not
 * redirect them its standard files are pipes; `to` sends line by line.
 */
void peer_start(struct peer *p, const char *command, const char *host, int port);

/*
 * Reads up to the first line with `text` in it and returns that line: the program is ready. If it
 * ends without saying so peer_says() returns NULL and peer_await() fails the test.
 */
const char *peer_says(FILE *from, const char *text);
const char *peer_await(FILE *from, const char *text);

/* The number at the end of a line, before its line end: the port, in what servers say. */
int peer_last_number(const char *line);

/* Closes the pipes, waits for the program to end by itself, and returns its exit status. */
int peer_end(struct peer *p);

/* Ends a program that would go on for ever. */
void peer_kill(struct peer *p);

#endif

/* A trace that is kept in a file, and read with its times, ports and numbers made comparable. */
#ifndef TESTS_TRACED_H
#define TESTS_TRACED_H

#include <stddef.h>

/* Begins a trace in a file of the fixture's directory, see sock_dir_make(). */
void traced_begin(void);

/*
 * Ends it. Returns what it says, good until the next call: times are T, ports P, numbers of
 * processes N, paths of that directory PATH, and sockets are numbered by their first appearance.
 */
const char *traced_end(void);

/* Makes a trace comparable, in place. */
void traced_mask(char *text);

#endif

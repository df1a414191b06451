/*
 * A layer that is as unkind as a layer may be: it cuts what it reads and writes into odd pieces,
 * keeps some of it, says WANTS_ where it need not, and xors every octet. Two of them, with the same
 * key, leave the octets as they are.
 *
 * With FSOCK_LAYERED=1 in the environment each socket under test gets such a pair: then the tests
 * of streams run over them.
 */
#ifndef TESTS_LAYERED_H
#define TESTS_LAYERED_H

#include <fsock.h>

/* What one of them does besides. */
struct mangle_plan {
	unsigned char key;
	int handshake;                            /* so many steps of start() want output */
	int keeps;                                /* small writes wait for flush() */
	int read_wants_output, write_wants_input; /* in every so many calls; 0: never */
	int fails_after;                          /* so many octets of input; 0: never */
	int ends_after;                           /* likewise: END */
};

/* Puts one on a socket: 0, or -1 with errno. `plan` has to stay. */
int mangle_push(fsock *s, const struct mangle_plan *plan, int flags);
extern const struct fsock_layer_ops mangle_ops;

/* How many of them are alive; how often their end() was done. */
int mangle_count(void);
int mangle_ended(void);

/* Counts from the start again: a fixture. */
void mangle_reset(void);

int layered_is_on(void);
void layered_make(fsock *s);

/* Puts a pair on, whatever the environment says: 0, or -1 with errno. */
int layered_push(fsock *s);

#endif

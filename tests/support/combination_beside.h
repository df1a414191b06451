/* The other threads of a cell: those beside the call, and the peer. */
#ifndef TESTS_COMBINATION_BESIDE_H
#define TESTS_COMBINATION_BESIDE_H

#include "combination.h"

#define COMBINATION_BLOCK 65536 /* far more than there is room for */

/* Starts them, and returns when they are where they are to be. Returns 0 or -1. */
int combination_begin_beside(struct world *);

/* Gets them out of there, and looks at what they have done. Returns 0 or -1. */
int combination_end_beside(struct world *);

/* From now on the peer reads all there is, until the end. */
void combination_listen(struct world *);

/* The peer sends a text. */
void combination_say(struct world *, const char *text);

#endif

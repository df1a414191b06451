/* A wait list with some pairs as members, each with its number as user pointer. */
#ifndef TESTS_MEMBERS_H
#define TESTS_MEMBERS_H

#include "sock_support.h"

enum { MEMBERS = 5 };

struct members {
	fsock_waitlist *list;
	fsock *s[MEMBERS];
	int peers[MEMBERS];
};

/* A number as user pointer. */
void *members_number(intptr_t i);

/* Makes the list, which waits by that backend, and its members, all for input. */
void members_begin(struct members *, int backend);

/* Ends what the test has not: those that it has are NULL. */
void members_finish(struct members *);

/* The peer of the i-th sends two octets, a line. */
void members_say(struct members *, int i);

/* Waits, and asserts that these members are reported, a bit for each. */
void members_assert_ready(struct members *, int ready);

#endif

/* A wait list inside another loop, with two sockets whose peers say records of a kind. */
#ifndef TESTS_PREPARED_H
#define TESTS_PREPARED_H

#include "records.h"
#include "sock_support.h"

enum {
	PREPARED_LONG = 60000, /* milliseconds that no sleep takes */
	PREPARED_RECORD = 4    /* the length of each */
};

/* The list, a member with its peer, and one that is not in the list yet. */
struct prepared {
	fsock_waitlist *list;
	fsock *s, *other;
	FILE *f;
	int peer, other_peer;
	const struct records_kind *kind; /* what lines that the peers say are */
	struct sock_thread thread;
};

/* Whether lists of a backend have a descriptor. */
int prepared_has_descriptor(int backend);

/* Makes the list and its sockets, for records of a kind or for lines. */
void prepared_begin_as(struct prepared *, int backend, const struct records_kind *);
void prepared_begin(struct prepared *, int backend);
void prepared_finish(struct prepared *);

/* A peer says a text as it is. */
void prepared_say(int peer, const char *text);

/* It says lines that are records of that kind. Returns whether that worked: asserts nothing. */
int prepared_say_records(const struct prepared *, int peer, const char *lines);

/* Sleeps as another loop does. Returns whether the descriptor is readable. */
int prepared_sleep(fsock_waitlist *, int milliseconds);

/*
 * Goes round until a member is ready, and returns its event. That the descriptor becomes readable
 * is seen from the sleeps that have no other end.
 */
struct fsock_event prepared_go_round(fsock_waitlist *);

/* Nothing is ready: the loop comes to rest, and may sleep for ever. */
void prepared_expect_rest(fsock_waitlist *);

#endif

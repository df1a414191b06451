/*
 * Rows of what makes a socket readable, or does not: a socket and its peer, something that happens
 * to them, the state that a wait finds then, and what a read yields.
 */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include "records.h"
#include "sock_support.h"

/* The socket that is waited for, its streams, and the peer. */
struct scene {
	fsock *s;
	FILE *f;                  /* a stream to read, if the row asks for one */
	int peer;                 /* a bare descriptor */
	int is_by_count;          /* a read is of as many octets as are expected, not of a line */
	struct records_turn said; /* what the peer says is turned into, if it has a kind */
};

enum scene_stream { NONE, TWO_WAY, INPUT };

struct scene_row {
	const char *what;
	const struct fsock_options *options;
	enum scene_stream stream;
	void (*prepare)(struct scene *);
	int state;
	const char *next; /* what a read yields then, "" for end of file */
	int error;        /* what it fails with */
};

/* Plays a row: `i` counts all ways to wait for each transport. */
void scene_play(const struct scene_row *, int i);

/* As if all its lines were records of a kind: of that length, where only a kind knows it. */
void scene_play_as(const struct scene_row *, int i, const struct records_kind *, size_t length);

/* The peer sends a text. */
void scene_say(struct scene *, const char *text);

/* Reads a line, or record, and asserts that it is the one. */
void scene_hear(struct scene *, const char *text);

/* What more than one program's rows prepare. */
void scene_nothing(struct scene *);
void scene_line_of_two(struct scene *);
void scene_end(struct scene *);
void scene_cr_with_lf(struct scene *);
void scene_cr_with_lf_and_more(struct scene *);
void scene_bound_reached(struct scene *);
void scene_bound_to_come(struct scene *);

#endif

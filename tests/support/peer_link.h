/*
 * Two connected ends in this process, for programs and libraries that take a FILE: every kind of
 * socket, with a two-way stream at each end or with one stream for each direction.
 */
#ifndef FSOCK_TESTS_PEER_LINK_H
#define FSOCK_TESTS_PEER_LINK_H

#include <stdio.h>

#include <fsock.h>

struct peer_link {
	fsock *ends[2];
	FILE *in[2], *out[2]; /* the same FILE if the streams are two-way */
};

#define PEER_LINK_COUNT 6

/* Whether the n-th kind of link has two-way streams. */
int peer_link_is_two_way(int n);

/* Opens the n-th kind of link. Returns 0, having said so, if this machine cannot. */
int peer_link_open(struct peer_link *, int n, const struct fsock_options *);

/* Closes an end, and asserts that all went out. */
void peer_link_close(struct peer_link *, int end);

#endif

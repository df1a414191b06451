/* A call of the functions of a socket's layers: the turn, what is told, what is waited for. */
#ifndef FSOCK_SOCK_LAYER_CALL_H
#define FSOCK_SOCK_LAYER_CALL_H

#include "../base/quiet.h"
#include "layer_state.h"

/* What it has changed for its thread. */
struct fsock__layer_call {
	struct fsock__quiet quiet;
	unsigned number;
};

/* 0 for reading, 1 for writing. */
static inline int
fsock__layer_call_index(int direction)
{
	return direction == FSOCK_OUTPUT;
}

/*
 * Takes the turn, with signals blocked; the thread is not cancelled before the end. In a child of
 * fork() whose parent was in a call, or has been in one ever, the layers are of no use.
 */
void fsock__layer_call_begin(struct fsock *, struct fsock__layer_call *);
void fsock__layer_call_end(struct fsock *, const struct fsock__layer_call *);

/* Stops waiting for input below, if it is this thread that does. Others may then. */
void fsock__layer_call_give_intake(struct fsock *);

/* Records why the layers have failed, and keeps it with the socket. Returns -1. */
int fsock__layer_call_tell(struct fsock *, const char *operation);

/* Notes what reading, or writing, waits for, if r says that it has to. */
void fsock__layer_call_set_wish(struct fsock__layers *, int direction, ssize_t r);

/* Reading waits for input, or writing for room, and for nothing else. */
void fsock__layer_call_reset_wish(struct fsock__layers *, int direction);

/* Goes on with the handshake, in the turn. Returns as a layer's start(). */
int fsock__layer_call_start(struct fsock__layers *);

#endif

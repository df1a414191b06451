/*
 * A session: what session.c and pump.c share.
 */
#ifndef FSOCK_COMMAND_SESSION_H
#define FSOCK_COMMAND_SESSION_H

#include "command.h"

/* Octets that have been read and are to be written. */
struct flow {
	char *octets;
	size_t begin, end;
	uint64_t passed;
	int is_over; /* nothing more is read */
	int is_done; /* and all is written */
};

struct session {
	const struct settings *settings;
	struct wire wire;
	struct output output;
	struct progress progress;
	struct flow up, down; /* from standard input, and to standard output */
	fsock_waitlist *list;
	fsock *keyboard,
	    *screen;     /* standard input, until its end; standard output, if it is waited for */
	fsock *clock;    /* of progress */
	fsock *patience; /* of silence after the end of standard input */
	int net_interest, screen_interest, keyboard_interest;
	int can_receive, can_type, can_show; /* what the last wait has found */
	int is_watched;                      /* whether the socket is in the list */
	int is_over;
	enum status status;
};

/* pump.c: passes on what can be passed on without waiting. */
void pump_up(struct session *session);
void pump_down(struct session *session);
void pump_note_activity(struct session *session); /* an octet has passed */
void pump_give_up(struct session *session, enum status status);
int pump_is_empty(const struct flow *flow);

#endif

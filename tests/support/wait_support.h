/* Waiting by every means: on a list of each backend, and by fsock_wait_for_input(). */
#ifndef TESTS_WAIT_SUPPORT_H
#define TESTS_WAIT_SUPPORT_H

#include <fsock.h>

/* How many backends there are, and how many ways to wait: those and fsock_wait_for_input(). */
int wait_backends(void);
int wait_ways(void);

/* The name of a way. */
const char *wait_name(int way);

/* A list that waits by the n-th backend. */
fsock_waitlist *wait_list(int backend);

/* The state of a socket that a wait for input of at most `timeout` seconds finds; 0: not ready. */
int wait_state(int way, fsock *s, double timeout);

/* How many of the wait's ready members are left; the last one is in *event. */
int wait_drain(fsock_waitlist *list, struct fsock_event *event);

#endif

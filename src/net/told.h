/* What the trace is told of looking up and connecting. Each does nothing without a trace. */
#ifndef FSOCK_NET_TOLD_H
#define FSOCK_NET_TOLD_H

#include <stdint.h>

#include "question.h"

#define FSOCK__TOLD_ADDRESS (FSOCK_ADDR_TEXT_SIZE + 16)

/* An address as it is told: "192.0.2.7 port 80", or a path. Returns `text`. */
const char *fsock__told_address(const struct fsock_addr *, char text[FSOCK__TOLD_ADDRESS]);

/*
 * Something is being looked up: `what` is "", "service " or "name of ". Returns the moment, for the
 * call that says what was found; `text` is NULL after a failure, which was recorded last.
 */
int64_t fsock__told_begin(int socket, const char *what, const char *name);
void fsock__told_found(
    int socket, int64_t began, const char *what, const char *name, const char *text);

/*
 * The same for a question: its host, or only its service if the host is an address; and what came
 * of it, after a failure without addresses.
 */
void fsock__told_question(struct fsock__question *, int is_service);
void fsock__told_answer(const struct fsock__question *, const struct fsock__addresses *);

/* The number of the socket that is being connected; 0 without a trace. */
int fsock__told_number(void);

/* An attempt begins; it has failed, or won (`errnum` is 0), having begun at `began`. */
void fsock__told_attempt(int socket, const struct fsock_addr *);
void fsock__told_outcome(int socket, const struct fsock_addr *, int64_t began, int errnum);

/* Connecting has failed as was recorded last. */
void fsock__told_failure(int socket);

#endif

/* What the trace is told of looking up and connecting. Each does nothing without a trace. */
#ifndef FSOCK_NET_TOLD_H
#define FSOCK_NET_TOLD_H

#include <stdint.h>

#include "question.h"

#define FSOCK__TOLD_ADDRESS (FSOCK_ADDR_TEXT_SIZE + 16)

/* An address as it is told: "192.0.2.7 port 80", or a path. Returns `text`. */
const char *fsock__told_address(const struct fsock_addr *, char text[FSOCK__TOLD_ADDRESS]);

/* A name is being looked up; and what came of it, after a failure without addresses. */
void fsock__told_question(struct fsock__question *);
void fsock__told_answer(const struct fsock__question *, const struct fsock__addresses *);

/* The number of the socket that is being connected; 0 without a trace. */
int fsock__told_number(void);

/* An attempt begins; it has failed, or won (`errnum` is 0), having begun at `began`. */
void fsock__told_attempt(int socket, const struct fsock_addr *);
void fsock__told_outcome(int socket, const struct fsock_addr *, int64_t began, int errnum);

/* Connecting has failed as was recorded last. */
void fsock__told_failure(int socket);

#endif

/*
 * What two connected sockets say to each other through their layers, whichever these are, as long
 * as they tell the end of output.
 */
#ifndef TESTS_CONVERSATION_H
#define TESTS_CONVERSATION_H

#include <fsock.h>

/* Each may close an end: that is NULL then. The sockets block, with a limit. */
enum { CONVERSATIONS = 4 };
extern void (*const conversations[CONVERSATIONS])(fsock *ends[2]);

#endif

/* The end of the process: exit() takes every FILE's lock, so blocked readers have to let go. */
#ifndef FSOCK_STREAM_EXIT_H
#define FSOCK_STREAM_EXIT_H

/* Makes exit() wake blocked readers; once is enough. Returns 0, or -1 (ENOMEM). */
int fsock__exit_prepare(void);

/* Whether exit() has begun in another thread: then this one must not wait for input any more. */
int fsock__exit_forbids_waiting(void);

#endif

/* Telling a process from those that it was forked from. */
#ifndef FSOCK_BASE_PROCESS_H
#define FSOCK_BASE_PROCESS_H

/* Makes fork() count; once is enough, and before the number below is asked for. */
void fsock__process_watch(void);

/*
 * How many forks, and one, this process is away from the first that watched: what was noted under
 * another number was noted by an ancestor. Never 0. Unlike getpid(2) it is no system call.
 */
int fsock__process(void);

#endif

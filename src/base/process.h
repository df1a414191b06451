/* Telling a process from those that it was forked from. */
#ifndef FSOCK_BASE_PROCESS_H
#define FSOCK_BASE_PROCESS_H

/*
 * Makes fork() count, and the locks of lock.h ready; once is enough, and before the numbers below
 * are asked for. For want of memory a child goes unnoticed.
 */
void fsock__process_watch(void);

/*
 * How many forks, and one, this process is away from the first that watched: what was noted under
 * another number was noted by an ancestor. Never 0. Unlike getpid(2) it is no system call.
 */
int fsock__process(void);

/*
 * Changes with every fork(), in the parent as well: of what was last used in another era, another
 * process may have a copy. Never 0.
 */
int fsock__process_era(void);

#endif

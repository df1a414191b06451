/*
 * What each thread holds of the library's locks and of libc's, and in what order they were taken.
 * The wrappers of calls.c tell; order.c compares with the order that ARCHITECTURE.md gives:
 *
 *	libc's list of FILEs, a FILE's lock, a server's, a wait list's, the registry's, a socket's,
 *	the lookups' and charsets'
 *
 * What is seen is shared by the processes of a program, so that tests that are forked one by one
 * add up. ORDER_TRACE=1 in the environment prints each new pair of locks, wrong or not.
 */
#ifndef TESTS_ORDER_H
#define TESTS_ORDER_H

#include <pthread.h>

/* Classes of locks. Mutexes made by one call are a class of their own, from ORDER_MUTEX on. */
enum { ORDER_LIST, ORDER_FILE, ORDER_MUTEX };

/* How a lock is taken. One that is tried for holds nobody up. */
enum order_way { ORDER_WAITS, ORDER_TRIES };

/* The folder of the call that makes mutexes tells their place in the order. */
void order_make(const void *mutex, const char *folder, const void *site);
int order_class(const void *mutex);

/*
 * The thread has taken a lock, or gives it back. `frame`, if not NULL, is that of the function
 * which does both: one that was jumped out of holds nothing any more.
 */
void order_take(int class, const void *lock, enum order_way, const void *frame);
void order_give(const void *lock);

/* How many it holds, and back to that: what was taken since should have been given back. */
int order_depth(void);
void order_return(int depth);

/* A call that must not be made with a mutex of the library's held; `why` says what is wrong. */
int order_holds_mutex(void);
void order_forbid(const char *call, const char *why);

/* Whether exit() has gone through what was registered: now libc flushes all FILEs. */
int order_is_exiting(void);

#endif

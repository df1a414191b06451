/*
 * What a thread that is cancelled while it waits leaves to be done. A handler of
 * pthread_cleanup_push(3) is a place on the stack: after a siglongjmp() out of the wait the thread
 * would still know it, and call it. These are in the memory of what is waited for. What a thread
 * has jumped out of is seen to when the thread ends.
 */
#ifndef FSOCK_BASE_ABANDON_H
#define FSOCK_BASE_ABANDON_H

/* All zero before it is used. It belongs to the thread that has pushed it. */
struct fsock__abandon {
	struct fsock__abandon *next; /* of those whose waits are not over */
	void (*fn)(struct fsock__abandon *);
};

/*
 * Has `fn` called if the thread ends before fsock__abandon_pop(). Returns 0; or -1 with errno, if
 * there is no memory for it.
 */
int fsock__abandon_push(struct fsock__abandon *, void (*fn)(struct fsock__abandon *));
void fsock__abandon_pop(struct fsock__abandon *);

/*
 * Pops all that the calling thread has pushed for `fn`, which it calls: for what allows no second
 * wait of a thread, so that those before have been jumped out of.
 */
void fsock__abandon_settle(void (*fn)(struct fsock__abandon *));

/* Whether the calling thread has pushed it, and was perhaps jumped out of that wait. */
int fsock__abandon_is_pushed(const struct fsock__abandon *);

#endif

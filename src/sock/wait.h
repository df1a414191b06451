/*
 * What waits are made of: the backends that ask the system, the members of wait lists, and what
 * sockets and streams tell the lists they are in.
 */
#ifndef FSOCK_SOCK_WAIT_H
#define FSOCK_SOCK_WAIT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <fsock/wait.h>

#include "ring.h"
#include "socket.h"

/* A socket in a list. All but `next` is guarded by the list's lock, `next` by the socket's. */
struct fsock__member {
	struct fsock__ring in_members, in_ready, in_suspects; /* rows of the list */
	struct fsock__member
	    *next; /* the same socket in another list; once removed, the graveyard */
	struct fsock_waitlist *list;
	struct fsock *socket; /* NULL once removed */
	void *user;
	int fd;       /* -1 once the socket is closed */
	int interest; /* FSOCK_INPUT, FSOCK_OUTPUT */
	int known;    /* the interest that the backend knows; 0: it does not know the member */
	int state;    /* what the last wait found */
	size_t slot;  /* the backend's own */
};

/* What a backend finds ready: `state` of one member. A member may be found twice in one wait. */
struct fsock__found {
	struct fsock__member *member; /* may have been removed meanwhile, but not freed */
	int state;
};

#define FSOCK__FOUND_MAX 256

/* What a backend keeps for a list. */
struct fsock__poller {
	pid_t owner;  /* the process that made it: nobody else may change what the kernel knows */
	int fd;       /* the kernel's queue, or -1 */
	void *memory; /* or this */
	struct fsock__found found[FSOCK__FOUND_MAX];
};

/*
 * A way to ask the system. All functions but `wait` are called with the list's lock held. Those
 * that return int return 0, or -1 with errno set.
 */
struct fsock__wait_ops {
	const char *name;
	int (*open)(struct fsock__poller *);
	void (*close)(struct fsock__poller *);
	/*
	 * Tells the system the new interest in a member, other than `known`; 0 makes it forget the
	 * member, whose descriptor is still open, and that does not fail for want of memory.
	 */
	int (*set)(struct fsock__poller *, struct fsock__member *, int interest);
	/* Gets ready to wait for what was set until now. */
	int (*prepare)(struct fsock__poller *);
	/*
	 * Waits for `left` nanoseconds (FSOCK__NEVER: for ever), without the lock: `set` may be
	 * called meanwhile. Returns how many were found, or -1.
	 */
	int (*wait)(struct fsock__poller *, int64_t left);
};

/* The backends that were built, the best one first; NULL ends them. */
extern const struct fsock__wait_ops *const fsock__wait_backends[];
extern const struct fsock__wait_ops fsock__wait_epoll, fsock__wait_kqueue, fsock__wait_poll;

/*
 * What must stay true:
 *  1. A member is in its list's `members` and in its socket's chain `waits`, or in neither. Both
 *     change with the locks of the socket and of the list held; who has one of the locks and finds
 *     the member there knows that the other side is alive.
 *  2. Every open member whose streams may hold input that it is waited for is among `suspects`:
 *     it is put there when it is added or changed and whenever its streams receive anything
 *     (fsock__wait_note()), and it leaves when a wait finds that they hold nothing. Closed members
 *     stay there. So a wait looks at no member that nothing happened to.
 *  3. `ready` is what the last wait found, `cursor` the next of it that is to be told of. `untold`
 *     is 0 only if there is none: it saves who asks in vain the lock.
 *  4. While `waiting`, a thread asks the system without the lock. Members removed then are kept in
 *     `graveyard` until it has looked at what was found, and whatever changes the list nudges it.
 *  5. `signalled` is 1 if and only if there is an octet in the pipe, or is about to be.
 */
struct fsock_waitlist {
	pthread_mutex_t lock;
	const struct fsock__wait_ops *ops;
	struct fsock__ring members, ready, suspects;
	struct fsock__ring *cursor;
	atomic_int untold;
	size_t member_count;
	int ready_count;
	int waiting;
	struct fsock__member *graveyard;
	atomic_int suspect_all; /* somebody could not get at `suspects`: look at all members */
	atomic_int woken;       /* fsock_waitlist_wake() was called */
	atomic_int signalled;
	int pipe[2];
	struct fsock__member pipe_member; /* the reading end; in no row and no chain */
	struct fsock__poller poller;
};

/* fsock_waitlist_new() with a backend of the caller's choice. */
struct fsock_waitlist *fsock__waitlist_new(const struct fsock__wait_ops *);

/*
 * What one thread does that the waiting one has to see. Nudging needs the list's lock; signalling
 * does not.
 */
void fsock__waitlist_nudge(struct fsock_waitlist *);
void fsock__waitlist_signal(struct fsock_waitlist *);

/* Puts a member among the suspects. Needs the list's lock. */
void fsock__wait_suspect(struct fsock__member *);

/* Makes a new member of both. Needs both locks. Returns it, or NULL (ENOMEM). */
struct fsock__member *fsock__wait_join(struct fsock_waitlist *, struct fsock *);

/* Takes a member out of its list and its socket. Needs both locks. */
void fsock__wait_part(struct fsock__member *);

/* The member that a socket is in a list, or NULL. Needs the socket's lock. */
struct fsock__member *fsock__wait_find(struct fsock_waitlist *, struct fsock *);

/* Tells the backend the interest in a member, if that is news. Needs the list's lock. */
int fsock__wait_set(struct fsock__member *, int interest);

/* The handle ends: it leaves its lists. */
void fsock__wait_leave(struct fsock *);

/* The descriptor is about to be closed. Needs the socket's lock. */
void fsock__wait_closing(struct fsock *);

/* The streams have received something, and may hold input now. */
void fsock__wait_note(struct fsock *);

/*
 * How much input the socket's streams hold that can be read without the kernel, or -1 if that
 * cannot be told now, as another thread is busy with them. May be called with a list's lock held.
 */
ssize_t fsock__wait_buffered(struct fsock *);

/*
 * Whether a socket that the kernel calls readable is so, too, for who reads its stream: always, but
 * for whole-line streams. Its other members are told if something was received on the way. `list`
 * is the one whose lock is held, or NULL. Returns 1 or 0.
 */
int fsock__wait_is_readable(struct fsock *, const struct fsock_waitlist *list);

/* While something cannot be told, the longest time to wait before looking again. */
#define FSOCK__WAIT_UNSURE 10000000

/* What is left of the time until the deadline, in seconds. */
double fsock__wait_remaining(int64_t deadline);

#endif

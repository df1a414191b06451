/*
 * What waits are made of: the backends that ask the system, the members of wait lists, and what
 * sockets and streams tell the lists they are in.
 */
#ifndef FSOCK_WAIT_WAIT_H
#define FSOCK_WAIT_WAIT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <fsock/wait.h>

#include "../base/process.h"
#include "../base/ring.h"
#include "../sock/socket.h"

/* A socket in a list. All but `next` is guarded by the list's lock, `next` by the socket's. */
struct fsock__member {
	/* Rows of the list. A hidden member is not among the ready ones, but may be `done`. */
	struct fsock__ring in_members, in_ready, in_suspects;
	struct fsock__member
	    *next; /* the same socket in another list; once removed, the graveyard */
	struct fsock_waitlist *list;
	struct fsock *socket; /* NULL once removed */
	void *user;
	int fd;          /* -1 once the socket is closed */
	int interest;    /* FSOCK_INPUT, FSOCK_OUTPUT */
	int known;       /* what the backend waits for; 0: it does not know the member */
	int state;       /* what the last wait found */
	int is_hidden;   /* the program has closed the socket: it hears no more of it */
	int is_closing;  /* and the list closes it once its output is sent: see wait_closing.c */
	int is_overdue;  /* or has not been sent in time */
	int is_pending;  /* not connected yet: see wait_connecting.c */
	struct fsock__member *watches;     /* for the descriptors of that, or NULL */
	struct fsock__member *watched_for; /* of such a one the member itself; else NULL */
	int64_t step;                      /* when the next step is due */
	int64_t timeout; /* when the program, or a closing socket, wants to be told; or NEVER */
	int64_t due;     /* what it is sorted by among the timers: at most when it is due */
	size_t timer;    /* its place there; FSOCK__NO_TIMER: in none */
	size_t slot;     /* the backend's own */
};

#define FSOCK__NO_TIMER SIZE_MAX

/* What a backend finds ready: `state` of one member. A member may be found twice in one wait. */
struct fsock__found {
	struct fsock__member *member; /* may have been removed meanwhile, but not freed */
	int state;
};

#define FSOCK__FOUND_MAX 256

/* What a backend keeps for a list. */
struct fsock__poller {
	int process;  /* fsock__process() that made it: no other changes what the kernel knows */
	int fd;       /* the kernel's queue, or -1 */
	void *memory; /* the backend's own */
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
	 * Tells the system what to wait for, other than `known`; 0 makes it forget the
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
 *  6. What the backend waits for is what fsock__wait_wanted() says, but for members that something
 *     has just happened to: those are among `suspects`.
 *  7. Hidden members are at the end of `members` and do not count in `member_count`. A closing one
 *     holds a reference of its socket.
 *  8. `timers` is a heap: a timer is not before its parent. Each member that is to be told of at a
 *     certain time is in it, with a `due` that is no later than that; there is room for all.
 */
struct fsock_waitlist {
	pthread_mutex_t lock;
	const struct fsock__wait_ops *ops;
	struct fsock__ring members, ready, suspects;
	struct fsock__ring done; /* closing members that have nothing left to send, or no time */
	struct fsock__ring *cursor;
	atomic_int untold;
	size_t member_count, hidden_count, closing_count;
	struct fsock__member **timers;
	size_t timer_count, timer_room;
	int ready_count;
	int waiting;
	struct fsock__member *graveyard;
	struct fsock__member *closed; /* no members any more, but references of their sockets */
	atomic_int suspect_all; /* somebody could not get at `suspects`: look at all members */
	atomic_int woken;       /* fsock_waitlist_wake() was called */
	atomic_int signalled;
	int pipe[2];
	struct fsock__member pipe_member; /* the reading end; in no row and no chain */
	struct fsock__poller poller;
};

/* Whether the list is this process's own: a child of fork() leaves its parent's lists alone. */
static inline int
fsock__waitlist_is_ours(const struct fsock_waitlist *list)
{
	return list->poller.process == fsock__process();
}

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

/* Frees a member that is in no list; and those in the graveyard, when nobody asks the system. */
void fsock__wait_free(struct fsock__member *);
void fsock__wait_bury(struct fsock_waitlist *);

/* The same, but its memory is the caller's to free, when nobody asks the system. */
void fsock__wait_detach(struct fsock__member *);

/* A member is not among those that the last wait found ready. Needs the list's lock. */
void fsock__wait_unready(struct fsock__member *);

/* The member that a socket is in a list, or NULL. Needs the socket's lock. */
struct fsock__member *fsock__wait_find(struct fsock_waitlist *, struct fsock *);

/*
 * What the backend is to wait for: what the program waits for, but no input from a peer that takes
 * no output; and that queued output can be sent.
 */
int fsock__wait_wanted(const struct fsock__member *, int interest);

/*
 * Sees to it that the backend waits for what is wanted. Needs the list's lock. Returns 0, or -1
 * with errno.
 */
int fsock__wait_set(struct fsock__member *, int interest);

/*
 * Something has happened to the socket that the kernel cannot tell of: there may be input in its
 * streams, or the end of it, that there was not; output was queued or sent, or has failed; it has
 * another deadline. The lists that it is in will look.
 */
void fsock__wait_note(struct fsock *);

/* The descriptor is about to be closed. Needs the socket's lock. */
void fsock__wait_drop_fd(struct fsock *);

/* The handle ends: it leaves its lists. */
void fsock__wait_leave(struct fsock *);

/*
 * wait_closing.c: sockets whose queued output the lists send after the program has closed them.
 *
 * The program is about to close the handle: it leaves its lists, but for one that may have to send
 * what is queued, and that will not tell of it any more.
 */
void fsock__wait_closing_retire(struct fsock *);

/*
 * Whether a list is there to send what is queued, so that nobody has to wait for that. Needs the
 * socket's lock.
 */
int fsock__wait_closing_may_defer(const struct fsock *);

/*
 * Leaves closing the socket to a list, if there is one. Needs the socket's lock. Returns whether
 * one has taken it over.
 */
int fsock__wait_closing_defer(struct fsock *);

/*
 * Both need the list's lock. The first closes what is `done`, as far as that is possible now: the
 * members, which are none any more, are then `closed`. The other one gives up the lock, and after
 * that their sockets, which may end with it.
 */
void fsock__wait_closing_finish(struct fsock_waitlist *);
void fsock__wait_closing_unlock(struct fsock_waitlist *);

/* Puts a closing member that has sent everything, or failed, among those that are done. */
void fsock__wait_closing_check(struct fsock__member *);

/*
 * wait_connecting.c: members that are not connected yet.
 *
 * Goes on connecting. Needs the list's lock; that of the socket is tried. Returns 0, or -1 if it is
 * to be tried again soon.
 */
int fsock__wait_connecting_step(struct fsock__member *);

/* Around a step that somebody else takes; between them the driving list's lock is held as well. */
void fsock__wait_connecting_pause(struct fsock *);
void fsock__wait_connecting_resume(struct fsock *, int is_pending);

/* The member's list drives its socket no more. Needs both locks. */
void fsock__wait_connecting_stop(struct fsock__member *);

/*
 * wait_timer.c: members by the time when they are to be told of. All need the list's lock.
 *
 * Makes room for one member more. Returns 0 or -1 (ENOMEM).
 */
int fsock__wait_timer_reserve(struct fsock_waitlist *);

/* Makes the timers know when a member is due, if that is earlier than they know. */
void fsock__wait_timer_set(struct fsock__member *);

void fsock__wait_timer_remove(struct fsock__member *);

/* When the first timer is due, or FSOCK__NEVER. */
int64_t fsock__wait_timer_first(const struct fsock_waitlist *);

/* Takes out a member whose time has come, or returns NULL. */
struct fsock__member *fsock__wait_timer_expired(struct fsock_waitlist *, int64_t now);

/*
 * wait_look.c: what only the library knows of a socket's readiness.
 *
 * fsock__wait_note() when `ours` is locked and others can only be tried. Needs the socket's lock.
 */
void fsock__wait_tell_others(struct fsock *, const struct fsock_waitlist *ours);

/*
 * How much input the socket's streams hold that can be read without the kernel, or -1 if that
 * cannot be told now, as another thread is busy with them. May be called with a list's lock held.
 */
ssize_t fsock__wait_buffered(struct fsock *);

/*
 * Whether a socket that the kernel calls readable is so, too, for who reads its stream: always, but
 * for whole-line streams, which receive what is there. `state` is what the kernel found. Its other
 * members are told if something was received on the way. `list` is the one whose lock is held, or
 * NULL. Returns 1 or 0.
 */
int fsock__wait_is_readable(struct fsock *, int state, const struct fsock_waitlist *list);

/*
 * Looks at a member that something may have happened to, which also makes the backend and the
 * timers know what they are to wait for. Needs the list's lock. Returns its state as far as the
 * system cannot know it, 0 for none, or -1 if that cannot be told now.
 */
int fsock__wait_look(struct fsock__member *);

/* While something cannot be told, the longest time to wait before looking again. */
#define FSOCK__WAIT_UNSURE 10000000

/* What is left of the time until the deadline, in seconds. */
double fsock__wait_remaining(int64_t deadline);

#endif

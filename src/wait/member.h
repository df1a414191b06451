/* The members of wait lists: how they come, go, and are told that something has happened. */
#ifndef FSOCK_WAIT_MEMBER_H
#define FSOCK_WAIT_MEMBER_H

#include "waitlist.h"

/* Drops a reference of the list; the last one frees what is left of it. */
void fsock__member_unref_list(struct fsock_waitlist *);

/* The calling thread has perhaps jumped out of a wait on the list: that one is over. */
void fsock__member_forget_jump(struct fsock_waitlist *);

/* What one thread does that the waiting one has to see. */
void fsock__member_signal(struct fsock_waitlist *);
void fsock__member_nudge(struct fsock_waitlist *);

/*
 * For whoever has none of the locks: a list of this process that the socket is in by a member of
 * which `is_due` says so with the handle's lock held (NULL: any), with a reference; or NULL.
 */
struct fsock_waitlist *fsock__member_list_of(
    struct fsock *, int (*is_due)(const struct fsock__member *));

/* see struct fsock__watch_ops */
void fsock__member_note(struct fsock *);

/*
 * All below need the list's lock; they take the handle's themselves.
 *
 * The member that a socket is in the list, or NULL.
 */
struct fsock__member *fsock__member_find(struct fsock_waitlist *, struct fsock *);

/*
 * Makes a member, and gives the socket its table. Returns 0 with it in *made, or an errno: ENOMEM,
 * EBADF (closed).
 */
int fsock__member_join(struct fsock_waitlist *, struct fsock *, const struct fsock__watch_ops *,
    struct fsock__member **made);

/*
 * Takes a member out of its list and its socket, and frees it when nobody asks the system. The
 * other one leaves it to the caller to free it, and leaves it its socket.
 */
void fsock__member_part(struct fsock__member *);
void fsock__member_detach(struct fsock__member *);

/* Frees a member that is in no list; and those in the graveyard, when nobody asks the system. */
void fsock__member_free(struct fsock__member *);
void fsock__member_bury(struct fsock_waitlist *);

/* Puts a member among the suspects; and all that are in the inbox. */
void fsock__member_suspect(struct fsock__member *);
void fsock__member_take_inbox(struct fsock_waitlist *);

/* A member is not among those that the last wait found ready. */
void fsock__member_unready(struct fsock__member *);

#endif

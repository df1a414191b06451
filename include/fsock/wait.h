/*
 * fsock/wait.h - waiting until sockets can be read or written. The conventions are in fsock.h.
 *
 * A few sockets, now and then: fsock_wait_for_input(), in the manner of poll(2). Many sockets,
 * again and again: a wait list, which is told once what to wait for; a wait costs what is ready,
 * however many members there are (where the system has epoll(7) or kqueue(2); elsewhere poll(2)
 * serves).
 *
 *	fsock_waitlist *list = fsock_waitlist_new();
 *	struct fsock_event event;
 *
 *	fsock_waitlist_add(list, listener, FSOCK_INPUT, NULL);
 *	while (fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
 *		while (fsock_waitlist_next(list, &event) != NULL)
 *			serve(&event);        may add, close and remove what it likes
 *
 * What counts as ready to be read, for both:
 *
 *	input in the kernel, in the library's buffers, or in stdio's: what a stream has read ahead
 *	is reported until it has been read; and so is a character pushed back by ungetc() if
 *	anything was read since the last wait
 *	end of file, and an error that reading will tell
 *	a connection that waits for fsock_accept(), or a listener that was shut down
 *	a datagram
 *
 * A stream of FSOCK_DELIVER_WHOLE_LINE is ready when a whole line is, or one longer than its
 * line_limit, end of file or an error: then fgets() does not block. Waiting receives what has come
 * of the line. The same holds for no other delivery: there is something to read then, but fgets()
 * waits for the rest of its line.
 *
 * Ready to be written is a socket that takes some more output without blocking; a non-blocking one
 * (fsock/stream.h), when the kernel takes some and then no more than low_water is queued.
 *
 * Sockets that do not block and wait lists belong together. Whatever a member is waited for, the
 * waits connect it and send its queued output as the peer takes it; a member whose output has
 * failed, or that cannot be connected, is reported as FSOCK_FAILED: take it out or close it, it is
 * reported again. One that is congested is not reported as ready to be read until it is not: a peer
 * that does not read is not served any further. A loop that takes one line of each event is fair to
 * all members, however much one of them sends: what is left is reported again. The deadline of a
 * member that passes is reported as its interest: reading or writing then tells. Queued output that
 * meets it has failed.
 *
 * Signals    A signal whose handler runs ends a wait with EINTR (FSOCK_INTERRUPTED_CONDITION), so
 *            that a loop can look at what the handler left for it.
 * Closed     A socket that is ended by fsock_close(), fsock_abort() or fsock_release(), or with its
 *            last stream after fsock_disown(), leaves its wait lists by itself. One that is closed,
 *            because its last stream was, but not ended is reported as FSOCK_FAILED.
 * Threads    One thread at a time waits on a list. Adding, changing, removing, closing members and
 *            fsock_waitlist_wake() are for any thread, also while it waits. Which thread may still
 *            use a socket that another one is about to close is the program's affair.
 * fork       A list belongs to the process that made it. A child may close the sockets it inherits
 *            and free its copy of the list, and changes nothing for its parent. In the child the
 *            list has no members (both counts are 0); adding, changing and waiting fail.
 * siglongjmp A handler may leave a wait that sleeps; the same thread may then wait on the list
 *            again. It must not leave any other function of a list.
 */
#ifndef FSOCK_WAIT_H
#define FSOCK_WAIT_H

#include <stddef.h>
#include <fsock/api.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

/*
 * The state of a socket, and what to wait for: FSOCK_INPUT (can be read), FSOCK_OUTPUT (can be
 * written), of fsock/socket.h. A state also has, on top of these:
 */
#define FSOCK_HANGUP 4 /* the peer has ended its side: after what is left to read is end of file */
#define FSOCK_FAILED 8 /* closed, or in error: the next operation on the socket tells (EBADF ...) */
#define FSOCK_TIMEOUT 16 /* the time set by fsock_waitlist_set_timeout() has come */

/*
 * Waits until at least one of the n sockets can be read, but at most `timeout` seconds: 0 only
 * looks, INFINITY waits for ever. fsock_state() then tells of each. A closed socket counts as
 * ready, as FSOCK_FAILED; one that is named twice counts once. With n = 0 it sleeps, or does
 * nothing for INFINITY. It costs all n sockets each time. One that is not connected yet goes on
 * connecting, and is ready as FSOCK_FAILED if it cannot be. When it is connected the wait ends,
 * with 0 if nothing is ready. Queued output is not sent here.
 * *remaining, if not NULL, is set to what is left of the timeout: 0 once it has run out, INFINITY
 * of INFINITY; also when the wait was interrupted.
 * Returns: how many are ready, 0 if the time ran out or a socket was connected, or -1.
 * Errors: EINVAL (a NULL socket, a negative timeout or NaN), EINTR, ENOMEM (n above 64).
 * Blocks: yes.  Threads: several may wait for the same socket; its state is the last one's.
 */
FSOCK_API int fsock_wait_for_input(
    fsock *const sockets[], size_t n, double timeout, double *remaining);

/*
 * What the last wait that had to do with the socket found: FSOCK_INPUT, FSOCK_OUTPUT, FSOCK_HANGUP,
 * FSOCK_FAILED, FSOCK_TIMEOUT, or 0. A wait on a list sets it for the members it reports; the next
 * wait on that list, and leaving it, take it back.
 * Returns: the state; -1 for NULL (EINVAL).
 */
FSOCK_API int fsock_state(const fsock *s);

typedef struct fsock_waitlist fsock_waitlist;

/* A member that is ready. */
struct fsock_event {
	fsock *socket;
	void *user; /* what fsock_waitlist_add() was given */
	int state;  /* FSOCK_INPUT, FSOCK_OUTPUT, FSOCK_HANGUP, FSOCK_FAILED, FSOCK_TIMEOUT */
	int error;  /* with FSOCK_FAILED: EBADF for a closed member, why the system does not watch
	               it (ENOSPC ...), or why it has failed: fsock_socket_error() tells more.
	               Else 0; also if nobody can tell why */
};

/*
 * Makes an empty wait list.
 * Returns: the list, or NULL. Errors: ENOMEM, EMFILE, ENFILE.
 * Ownership: the caller's; end it with fsock_waitlist_free().
 */
FSOCK_API fsock_waitlist *fsock_waitlist_new(void);

/*
 * Ends a list, which no thread may be waiting on. Its members stay as they are. NULL: does nothing.
 */
FSOCK_API void fsock_waitlist_free(fsock_waitlist *list);

/*
 * Adds a socket: `interest` is FSOCK_INPUT, FSOCK_OUTPUT or both, or 0 to have it reported only
 * when it is closed. A socket may be in any number of lists. Adding a member is changing it.
 * Returns: 0 or -1. Errors: EINVAL (NULL, no such interest), EBADF (closed), ENOMEM, ENOSPC (the
 *   system's limit), EPERM (in a child of the process that made the list).
 * Ownership: the list keeps the pointers; it never touches *user. Blocks: no.
 */
FSOCK_API int fsock_waitlist_add(fsock_waitlist *list, fsock *s, int interest, void *user);

/*
 * Changes what a member is waited for, and its user pointer.
 * Returns: 0 or -1. Errors: ENOENT (not a member), else as fsock_waitlist_add().
 */
FSOCK_API int fsock_waitlist_change(fsock_waitlist *list, fsock *s, int interest, void *user);

/*
 * Takes a member out. If it is among the ready ones that fsock_waitlist_next() has yet to tell of,
 * it is no longer. Its queued output is sent no more by this list. A socket that is not in the list
 * is no error.
 * Returns: 0 or -1. Errors: EINVAL (NULL).
 */
FSOCK_API int fsock_waitlist_remove(fsock_waitlist *list, fsock *s);

/* Takes all members out. NULL: does nothing. */
FSOCK_API void fsock_waitlist_remove_all(fsock_waitlist *list);

/*
 * Sets a time after which the member is reported as FSOCK_TIMEOUT, once: `seconds` from now,
 * INFINITY for never. Each call puts it off, or sets it anew after it has come: to be told of a
 * member that has been idle, set it whenever something comes. Putting it off costs next to nothing.
 * 0 is at once.
 * Returns: 0 or -1. Errors: ENOENT (not a member), EINVAL (NULL, a negative time or NaN).
 * Blocks: no.  Threads: any.
 */
FSOCK_API int fsock_waitlist_set_timeout(fsock_waitlist *list, fsock *s, double seconds);

/*
 * How many sockets that the program has closed still have output to be sent by waits on this list,
 * or input to be thrown away: see fsock_close(). A socket that was in several lists is counted by
 * each of them, and waits on any of them send its output. fsock_waitlist_free() resets the
 * connections of those with output that are in no other list. Before the end of a program:
 *
 *	while (fsock_waitlist_closing(list) > 0 && fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
 *		;
 *
 * Returns: the number; 0 for NULL.
 */
FSOCK_API size_t fsock_waitlist_closing(fsock_waitlist *list);

/* How many members there are, without those. Returns: the number; 0 for NULL. */
FSOCK_API size_t fsock_waitlist_count(fsock_waitlist *list);

/*
 * Waits until at least one member is ready, fsock_waitlist_wake() is called, or `timeout` seconds
 * have passed (0 only looks, INFINITY waits for ever; so does an empty list). Then
 * fsock_waitlist_next() yields the ready members. At most some hundreds are found at a time; the
 * others follow with the next wait, each in its turn. Those of the last wait that were not asked
 * for are dropped, and found again if they are still ready.
 * *remaining is as for fsock_wait_for_input().
 * A member that the system does not watch, for want of resources, is reported as FSOCK_FAILED, with
 * the reason in `error`.
 * Returns: how many are ready; 0 if the time ran out, the list was woken, or the last of the
 *   sockets that were closing (fsock_waitlist_closing()) has gone; or -1.
 * Errors: EINVAL (NULL, a negative timeout or NaN), EINTR, EBUSY (another thread waits on the
 *   list), EPERM (in a child of the process that made the list).
 * Blocks: yes.
 */
FSOCK_API int fsock_waitlist_wait(fsock_waitlist *list, double timeout, double *remaining);

/*
 * The next of the members that the last wait found ready, in *event (unless that is NULL). Those
 * that were removed or closed since then are passed over.
 * Returns: its socket; NULL if there is none left, or for NULL.
 */
FSOCK_API fsock *fsock_waitlist_next(fsock_waitlist *list, struct fsock_event *event);

/*
 * Ends the wait that another thread is in, or else the next one before it blocks. Many calls until
 * then are as one. May be called in a signal handler.
 * Returns: 0 or -1. Errors: EINVAL (NULL).  Threads: any.
 */
FSOCK_API int fsock_waitlist_wake(fsock_waitlist *list);

FSOCK_END_DECLS

#endif

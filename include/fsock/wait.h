/*
 * fsock/wait.h - waiting until sockets are readable or writable. The conventions are in fsock.h.
 *
 * To wait for a few sockets occasionally, use fsock_wait_for_input(), which works like poll(2). To
 * wait for many sockets repeatedly, use a wait list. The program tells the list once which sockets
 * to wait for. The cost of a wait then depends on the number of ready sockets and not on the number
 * of members (on systems with epoll(7) or kqueue(2); elsewhere the list uses poll(2)).
 *
 *	fsock_waitlist *list = fsock_waitlist_new();
 *	struct fsock_event event;
 *
 *	fsock_waitlist_add(list, listener, FSOCK_INPUT, NULL);
 *	while (fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
 *		while (fsock_waitlist_next(list, &event) != NULL)
 *			serve(&event);        may add, close and remove any sockets
 *
 * In both cases a socket is readable because of:
 *
 *	input in the kernel, in the library's buffers or in stdio's: input that a stream has read
 *	ahead is reported until the program has read it; so is a character pushed back by ungetc()
 *	if anything was read since the last wait
 *	end of file, or an error that a read will return
 *	a connection that waits for fsock_accept(), or the shutdown of a listener
 *	a datagram
 *
 * A stream with FSOCK_DELIVER_WHOLE_LINE is readable once it has a complete line, a line longer
 * than its line_limit, end of file or an error: fgets() then does not block. Waits receive the
 * parts of a line as they arrive. With the other delivery modes some input is available when a
 * stream is readable, but fgets() waits for the rest of the line.
 *
 * A socket is writable if it accepts some more output without blocking. A non-blocking socket
 * (fsock/stream.h) is writable if the kernel accepts output and no more than low_water octets
 * remain queued after that.
 *
 * Wait lists are designed for non-blocking sockets. Whatever the interest of a member is, waits
 * connect it and send its queued output as the peer takes it. If the output of a member has failed,
 * or it cannot be connected, it is reported as FSOCK_FAILED, repeatedly until the program removes
 * or closes it. A congested member is not reported as readable until the congestion ends: a peer
 * that does not read is not served any further. A loop that takes one line per event is fair to all
 * members, however much one of them sends: the rest is reported again. When the deadline of a
 * member passes, the member is reported as ready for its interest, and the read or write then
 * fails. Output that is still queued at the deadline has failed.
 *
 * Signals    A signal whose handler runs ends a wait with EINTR (FSOCK_INTERRUPTED_CONDITION), so
 *            that the loop can check for what the handler has recorded.
 * Closed     A socket leaves its wait lists when it is ended by fsock_close(), fsock_abort() or
 *            fsock_release(), or with its last stream after fsock_disown(). A socket that is closed
 *            because its last stream was closed, but that has not been ended, is reported as
 *            FSOCK_FAILED.
 * Threads    Only one thread at a time may wait on a list. Any thread may add, change, remove and
 *            close members and call fsock_waitlist_wake(), also during the wait. The program must
 *            ensure that no thread uses a socket that another thread closes.
 * fork       A list belongs to the process that created it. A child may close the sockets that it
 *            inherits and free its copy of the list; this does not affect the parent. In the child
 *            the list has no members (both counts are 0), and adding, changing and waiting fail.
 * siglongjmp A signal handler may leave a wait that sleeps. The same thread may then wait on the
 *            list again. A handler must not leave any other function of a list.
 */
#ifndef FSOCK_WAIT_H
#define FSOCK_WAIT_H

#include <stddef.h>
#include <fsock/api.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

/*
 * The state of a socket, and the interest in it: FSOCK_INPUT (readable) and FSOCK_OUTPUT (writable)
 * of fsock/socket.h. A state may also contain:
 */
#define FSOCK_HANGUP 4 /* the peer has ended its side: end of file follows the input that is left */
#define FSOCK_FAILED 8 /* closed or failed: the next operation fails with the reason (EBADF ...) */
#define FSOCK_TIMEOUT 16 /* the time set by fsock_waitlist_set_timeout() has passed */

/*
 * Waits until at least one of the n sockets is readable, for at most `timeout` seconds. 0 checks
 * without waiting, INFINITY waits without limit. fsock_state() then returns the state of each
 * socket. A closed socket counts as ready, with FSOCK_FAILED. A socket that is listed twice counts
 * once. If n is 0, the function sleeps; with INFINITY it then returns at once. Each call costs time
 * for all n sockets.
 *
 * A socket that is still connecting continues to connect. If it cannot be connected, it is ready
 * with FSOCK_FAILED. Once it is connected the wait ends, with 0 if no socket is ready. The function
 * sends the queued output of sockets with the option `batched`, and of no others.
 *
 * If `remaining` is not NULL, *remaining is set to the rest of the timeout, also if the wait was
 * interrupted: 0 if the time has run out, INFINITY if the timeout was INFINITY.
 * Returns: the number of ready sockets, 0 if the time has run out or a socket was connected, or -1.
 * Errors: EINVAL (a NULL socket, a negative timeout or NaN), EINTR, ENOMEM (n above 64).
 * Blocks: yes.
 * Threads: several threads may wait for the same socket; its state is that of the last wait.
 */
FSOCK_API int fsock_wait_for_input(
    fsock *const sockets[], size_t n, double timeout, double *remaining);

/*
 * Returns the result of the last wait that included the socket: FSOCK_INPUT, FSOCK_OUTPUT,
 * FSOCK_HANGUP, FSOCK_FAILED, FSOCK_TIMEOUT, or 0. A wait on a list sets the state of the members
 * that it reports. The state is reset by the next wait on that list, and when the socket leaves the
 * list.
 * Returns: the state; -1 for NULL (EINVAL).
 */
FSOCK_API int fsock_state(const fsock *s);

typedef struct fsock_waitlist fsock_waitlist;

/* A member that is ready. */
struct fsock_event {
	fsock *socket;
	void *user; /* the pointer passed to fsock_waitlist_add() */
	int state;  /* FSOCK_INPUT, FSOCK_OUTPUT, FSOCK_HANGUP, FSOCK_FAILED, FSOCK_TIMEOUT */
	int error;  /* with FSOCK_FAILED: EBADF for a closed member, the reason why the system
	               cannot watch it (ENOSPC ...), or the cause of its failure (see
	               fsock_socket_error()). Otherwise 0, and if the reason is unknown */
};

/*
 * Creates an empty wait list.
 * Returns: the list, or NULL.
 * Errors: ENOMEM, EMFILE, ENFILE.
 * Ownership: the caller owns the list; free it with fsock_waitlist_free().
 */
FSOCK_API fsock_waitlist *fsock_waitlist_new(void);

/* Frees a list. No thread may be waiting on it. Its members are unchanged. NULL: does nothing. */
FSOCK_API void fsock_waitlist_free(fsock_waitlist *list);

/*
 * Adds a socket. `interest` is FSOCK_INPUT, FSOCK_OUTPUT or both. With 0 the socket is reported
 * only when it is closed. A socket may be in any number of lists. Adding a member changes it.
 * Returns: 0 or -1.
 * Errors: EINVAL (NULL, invalid interest), EBADF (closed), ENOMEM, ENOSPC (the system's limit),
 *   EPERM (in a child of the process that created the list).
 * Ownership: the list keeps the pointers; it never accesses *user.
 * Blocks: no.
 */
FSOCK_API int fsock_waitlist_add(fsock_waitlist *list, fsock *s, int interest, void *user);

/*
 * Changes the interest in a member and its user pointer.
 * Returns: 0 or -1.
 * Errors: ENOENT (not a member), otherwise those of fsock_waitlist_add().
 */
FSOCK_API int fsock_waitlist_change(fsock_waitlist *list, fsock *s, int interest, void *user);

/*
 * Removes a member. If fsock_waitlist_next() has not yet returned it as ready, it no longer does.
 * The list stops sending the socket's queued output. Removing a socket that is not in the list is
 * not an error.
 * Returns: 0 or -1.
 * Errors: EINVAL (NULL).
 */
FSOCK_API int fsock_waitlist_remove(fsock_waitlist *list, fsock *s);

/* Removes all members. NULL: does nothing. */
FSOCK_API void fsock_waitlist_remove_all(fsock_waitlist *list);

/*
 * Sets a timer of a member: after `seconds` from now it is reported once as FSOCK_TIMEOUT. 0
 * reports it at once, INFINITY never. Each call replaces the previous time, or sets a new one after
 * it has expired. To detect idle members, call this function whenever input arrives; postponing a
 * timer costs almost nothing.
 * Returns: 0 or -1.
 * Errors: ENOENT (not a member), EINVAL (NULL, a negative time or NaN).
 * Blocks: no.  Threads: any.
 */
FSOCK_API int fsock_waitlist_set_timeout(fsock_waitlist *list, fsock *s, double seconds);

/*
 * Returns the number of sockets that the program has closed but that still have output to send, or
 * input to discard, in waits on this list: see fsock_close(). A socket that was in several lists is
 * counted by each of them, and waits on any of them send its output. fsock_waitlist_free() resets
 * the connections with unsent output that are in no other list. At the end of a program:
 *
 *	while (fsock_waitlist_closing(list) > 0 && fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
 *		;
 *
 * Returns: the number; 0 for NULL.
 */
FSOCK_API size_t fsock_waitlist_closing(fsock_waitlist *list);

/* Returns the number of members. Closing sockets do not count. Returns: the number; 0 for NULL. */
FSOCK_API size_t fsock_waitlist_count(fsock_waitlist *list);

/*
 * Waits until at least one member is ready, fsock_waitlist_wake() is called, or `timeout` seconds
 * have passed. 0 checks without waiting, INFINITY waits without limit, even on an empty list. After
 * the wait fsock_waitlist_next() returns the ready members. A wait finds at most a few hundred
 * members; the following waits find the others, each in its turn. Ready members of the previous
 * wait that the program has not fetched are dropped, and found again if they are still ready.
 * *remaining is set as by fsock_wait_for_input().
 *
 * A member that the system cannot watch, for lack of resources, is reported as FSOCK_FAILED, with
 * the reason in `error`.
 * Returns: the number of ready members; 0 if the time has run out, the list was woken, or the last
 *   closing socket (fsock_waitlist_closing()) has been closed; or -1.
 * Errors: EINVAL (NULL, a negative timeout or NaN), EINTR, EBUSY (another thread is waiting on the
 *   list), EPERM (in a child of the process that created the list).
 * Blocks: yes.
 */
FSOCK_API int fsock_waitlist_wait(fsock_waitlist *list, double timeout, double *remaining);

/*
 * Returns the next member that the last wait found ready. Unless `event` is NULL, the function
 * stores its event there. Members that were removed or closed since the wait are skipped.
 * Returns: the member's socket; NULL if there are no more, or for NULL.
 */
FSOCK_API fsock *fsock_waitlist_next(fsock_waitlist *list, struct fsock_event *event);

/*
 * Ends the wait that another thread is in. If no thread is waiting, the next wait ends before it
 * blocks. Several calls before that count as one. A signal handler may call this function.
 * Returns: 0 or -1.
 * Errors: EINVAL (NULL).
 * Threads: any.
 */
FSOCK_API int fsock_waitlist_wake(fsock_waitlist *list);

FSOCK_END_DECLS

#endif

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
 *			answer(&event); // may add, close and remove any sockets
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
 * A stream with FSOCK_DELIVER_WHOLE_LINE is readable once it has a complete line (or other record:
 * see fsock_set_record()), one longer than its line_limit, end of file or an error: fgets() then
 * does not block. Waits receive the parts of a line as they arrive. With the other delivery modes
 * some input is available when a stream is readable, but fgets() waits for the rest of the line.
 *
 * Descriptors that are not the library's (the keyboard, a pipe, an eventfd, the socket of another
 * library) and timers are waited for by handles of their own: see fsock_watch() and fsock_timer().
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
#define FSOCK_HANGUP  4 /* the peer has ended its side: end of file follows the remaining input */
#define FSOCK_FAILED  8 /* closed or failed: the next operation fails with the reason (EBADF ...) */
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
 * Threads: several threads may wait for the same socket; its state is that of the last wait. While
 *   the function sleeps for sockets that deliver records or have layers, it uses a descriptor. If
 *   none is left, it may report up to 100 ms late what another wait has received.
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

/*
 * Creates a handle for a descriptor that is not a socket of the library, so that waits can include
 * it: a terminal, a pipe, the output of a child, an eventfd, an inotify instance, the socket of
 * another library, the descriptor of another wait list. The handle can only be waited for:
 * fsock_wait_for_input(), fsock_state() and the functions of wait lists accept it, in any number of
 * lists, and fsock_socket() returns `descriptor`. Every other operation on it except closing it
 * fails with EOPNOTSUPP. The program reads and writes the descriptor itself. It may be blocking; a
 * read(2) then returns what is available when FSOCK_INPUT is reported. If stdio reads it, input
 * that stdio has read ahead is not reported.
 *
 *	FSOCK_INPUT    a read does not block: there is input, the end of file, or an error
 *	FSOCK_OUTPUT   a write of some octets does not block, or fails
 *	FSOCK_HANGUP   all writers of a pipe have closed it, or a terminal has hung up
 *	FSOCK_FAILED   the pipe has no reader any more (a write fails with EPIPE), or an error is
 *	               pending. fsock_event.error is 0: the next operation returns the error. Some
 *	               systems report FSOCK_HANGUP instead
 *
 * Waits report these until the program deals with the cause, or removes the member. Regular files,
 * directories and devices without readiness, such as /dev/null, are always ready. FSOCK_INPUT
 * for a file does not mean that more than the end of file is left to read.
 *
 * The handle watches what the descriptor refers to when this function is called, through a
 * duplicate (except of files). End the handle, with fsock_close(), before the program closes the
 * descriptor. The other order is harmless to lists, even if the number of the descriptor is reused.
 * But until the handle is closed, the pipe or socket stays open, and its other end gets no end of
 * file. The same is true of a child that inherits the handle.
 * Returns: a handle, or NULL.
 * Errors: EBADF (not open, or only a name: O_PATH), EMFILE, ENOMEM. A descriptor that one of the
 *   system's ways to wait does not support makes fsock_waitlist_add() fail.
 * Ownership: the caller owns the handle, which closes only its duplicate, and keeps the descriptor.
 * Blocks: no.
 */
FSOCK_API fsock *fsock_watch(int descriptor);

/*
 * Creates a handle that is never ready. It gives a wait list a timer of its own: add the handle
 * with an interest of 0 and set the timer with fsock_waitlist_set_timeout(), again after each
 * FSOCK_TIMEOUT if it is to be repeated. A handle has one timer in each of its lists. Otherwise it
 * is like those of fsock_watch(); fsock_socket() fails with EBADF.
 * Returns: a handle, or NULL.
 * Errors: ENOMEM.
 * Ownership: the caller owns the handle; end it with fsock_close().
 */
FSOCK_API fsock *fsock_timer(void);

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

/*
 * Return the descriptor of a list, with which another loop (poll(2), libevent, GLib) waits for it,
 * and prepare the list for the sleep of that loop. The descriptor becomes readable when a member is
 * ready as far as the system knows, when another thread changes something that the wait has to
 * handle, and by fsock_waitlist_wake(). fsock_waitlist_prepare() checks what the system does not
 * know: input in buffers, timers, deadlines, steps of connecting.
 *
 *	for (;;) {
 *		double seconds = fsock_waitlist_prepare(list); // before each sleep, as the last
 *
 *		// sleep until fsock_waitlist_descriptor(list) is readable, for `seconds` at most
 *		if (fsock_waitlist_wait(list, 0, NULL) < 0) // after each sleep
 *			break;
 *		while (fsock_waitlist_next(list, &event) != NULL)
 *			answer(&event);
 *	}
 *
 * The loop must wait until the descriptor is readable, level-triggered, and never read, write,
 * change or close it. It belongs to the list, stays the same, and is closed with the list. The loop
 * need not know why its sleep has ended. A sleep may end although no member is ready. Between
 * fsock_waitlist_prepare() and the following fsock_waitlist_wait() no other thread may wait on the
 * list. The preparation counts as a wait for fsock_state().
 *
 * fsock_waitlist_prepare() returns for how many seconds the loop may sleep: 0 if something is ready
 * or ready members are yet to be fetched, INFINITY if there is no limit. Round up when you convert
 * it to milliseconds.
 * Returns: a descriptor, and a number of seconds; or -1.
 * Errors: EINVAL (NULL), EOPNOTSUPP (the system has neither epoll(7) nor kqueue(2)), EPERM (in a
 *   child of the process that created the list); fsock_waitlist_prepare() also EBUSY (another
 *   thread is waiting on the list).
 * Blocks: no.
 */
FSOCK_API int fsock_waitlist_descriptor(const fsock_waitlist *list);
FSOCK_API double fsock_waitlist_prepare(fsock_waitlist *list);

FSOCK_END_DECLS

#endif

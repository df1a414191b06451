/* The beginning and the end of a handle and of its descriptor. */
#ifndef FSOCK_SOCK_SOCKET_H
#define FSOCK_SOCK_SOCKET_H

#include "handle.h"

/*
 * Makes a handle that owns `fd`, applies the settings that are options of the descriptor, and
 * starts the deadline's clock. With `fd` -1 it is to get a descriptor later, or has none: what it
 * stands on is the transport's to know; NULL is the socket that `fd` is.
 * Returns it, or NULL with `fd` still the caller's. Errors, recorded: ENOMEM, EMFILE, ENFILE.
 */
struct fsock *fsock__socket_new(int fd, enum fsock__role role, int family,
    const struct fsock__settings *settings, const char *host, int port,
    const struct fsock__transport_ops *transport);

/* Gives a socket that was made without a descriptor its own. Needs the handle's lock. */
void fsock__socket_set_fd(struct fsock *, int fd, int family);

/* The options that go with a descriptor: what fsock__socket_new() applies. */
void fsock__socket_apply_settings(
    int fd, enum fsock__role, int family, const struct fsock__settings *);

/*
 * Closes the descriptor, politely: see fsock_close(). With output queued that may be left to wait
 * lists. The other one closes it at once, whatever is queued. Both return 0, or -1 with the error
 * recorded. No lock is held.
 */
int fsock__socket_end(struct fsock *);
int fsock__socket_end_now(struct fsock *);

/*
 * Output has failed for good with `errnum`, unless it had before: octets are missing in what the
 * peer gets, which is told by a reset when the connection ends. Keeps errno.
 */
void fsock__socket_fail_output(struct fsock *, int errnum);

/* The same of a write that this thread is not told of. Keeps its record, too. */
void fsock__socket_cut_write(struct fsock *, int errnum);

/* Makes closing the descriptor a reset of the connection, if it is this process's alone. */
void fsock__socket_reset(struct fsock *);

/*
 * Ends the exchange from any thread, if it has not ended: who reads finds the end of file, who
 * writes fails (EPIPE), and closing resets the connection.
 */
void fsock__socket_cut(struct fsock *);

/*
 * Closes a foreign handle's descriptor, if it has one: what its transport's `close` does. Returns 0
 * or -1.
 */
int fsock__socket_close_foreign(struct fsock *);

/* Drops one reference; at the last the handle leaves its lists and goes. */
void fsock__socket_unref(struct fsock *);

/* Drops the reference of fsock__handle_visit(), likewise. */
void fsock__socket_leave(struct fsock *);

#endif

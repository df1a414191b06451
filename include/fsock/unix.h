/*
 * fsock/unix.h - what only Unix-domain sockets can do: identify the peer, and pass descriptors.
 * The conventions are in fsock.h. The permissions of a socket file are the option file_mode of
 * fsock/socket.h.
 */
#ifndef FSOCK_UNIX_H
#define FSOCK_UNIX_H

#include <stddef.h>
#include <sys/types.h>

#include <fsock/api.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

/* The identity of a peer. */
struct fsock_credentials {
	uid_t uid; /* the effective user and group */
	gid_t gid;
	pid_t pid; /* the process, or -1 if the system does not provide it */
};

/*
 * Identifies the peer of a connected Unix-domain stream: the process that called connect(2) or
 * listen(2) or created the pair, as it was then. The peer cannot forge this. The process may have
 * ended since, or may have passed the connection on, and another process may have its number now.
 * Returns: 0 with *peer set; or -1.
 * Errors: EINVAL (NULL; FSOCK_INVALID_SOCKET_ERROR: not a connected stream), EOPNOTSUPP (not a
 *   Unix-domain socket), ENOTCONN, EINPROGRESS, EBADF.
 * Blocks: no.  Threads: any.
 */
FSOCK_API int fsock_peer_credentials(fsock *s, struct fsock_credentials *peer);

/* The maximum number of descriptors in one call: every libc and system accepts this many. */
#define FSOCK_MAX_DESCRIPTORS 252

/*
 * Sends octets on a connected Unix-domain stream and passes copies of descriptors with the first of
 * them (SCM_RIGHTS, unix(7)). The caller keeps its descriptors, and may close them at once. The
 * octets follow the output that the FILEs hold, as with fsock_send(). On a non-blocking socket
 * nothing may be queued before them: they are sent as far as the system accepts them at once; send
 * the rest with fsock_send().
 *
 * The peer has to receive them with fsock_receive_descriptors() or recvmsg(2). If it receives the
 * octets in another way, the system closes the copies.
 * Returns: `size`, or on a non-blocking socket at least 1; or -1.
 * Errors: EINVAL (NULL; no octets; a count that is not 1 to FSOCK_MAX_DESCRIPTORS;
 *   FSOCK_INVALID_SOCKET_ERROR: not a connected stream), EOPNOTSUPP (not a Unix-domain socket, or
 *   it has layers), EBADF (also of one of the descriptors), EAGAIN (non-blocking: output is
 *   queued, or the system accepts nothing now), ETOOMANYREFS (too many descriptors are in
 *   transit), those of fsock_send(). If nothing was sent, output has not failed.
 * Blocks: as fsock_send(); not on a non-blocking socket.
 */
FSOCK_API ssize_t fsock_send_descriptors(
    fsock *s, const void *data, size_t size, const int descriptors[], size_t count);

/*
 * Receives up to `size` octets from a connected Unix-domain stream, as fsock_receive() does, and
 * the descriptors that come with them. *count is the room in `descriptors`, and is set to the
 * number received, which may be 0. The descriptors are close-on-exec. Descriptors of several calls
 * of the peer are not received together.
 *
 * Octets that the FILEs have read ahead are returned first, and descriptors that came with these
 * have been closed: reading with stdio never leaks a descriptor, but loses it. A program that
 * expects descriptors must not read with a FILE past the point at which they may come, or reads by
 * this function alone.
 * Returns: the number of octets; 0 at end of file or at the bound of fsock_set_bound(); or -1 with
 *   *count set to 0.
 * Errors: those of fsock_receive(); EINVAL (NULL, no room for octets; FSOCK_INVALID_SOCKET_ERROR:
 *   not a connected stream); EOPNOTSUPP (not a Unix-domain socket, or it has layers); EMSGSIZE
 *   (more descriptors arrived than *count) and EMFILE (more than the process may have open): all
 *   of them are closed, and the octets are lost.
 * Ownership: the caller owns the descriptors.
 * Blocks: as fsock_receive().
 */
FSOCK_API ssize_t fsock_receive_descriptors(
    fsock *s, void *data, size_t size, int descriptors[], size_t *count);

FSOCK_END_DECLS

#endif

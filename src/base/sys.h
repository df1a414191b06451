/*
 * System calls as the library wants them: EINTR is retried here and nowhere else, errno is
 * untouched on success, descriptors are close-on-exec.
 */
#ifndef FSOCK_BASE_SYS_H
#define FSOCK_BASE_SYS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Whether such a call was interrupted and is to be repeated: see fsock__sys_receive(). */
static inline int
fsock__sys_interrupted(ssize_t result, int *flags)
{
	if (result >= 0 || errno != EINTR)
		return 0;
	*flags |= MSG_DONTWAIT;
	return 1;
}

int fsock__sys_socket(int family, int type, int protocol);
int fsock__sys_accept(int fd, struct sockaddr *address, socklen_t *length);
int fsock__sys_socketpair(int family, int type, int fds[2]);

/* The ends of a wake-up, see wake.h, both non-blocking. */
int fsock__sys_wake(int ends[2]);

/* Closes the descriptor once: after EINTR it is gone on every system that matters, so no retry. */
int fsock__sys_close(int fd);

/*
 * recv(2) and send(2), without SIGPIPE. They wait only if the descriptor is blocking. A signal
 * would make the kernel count SO_RCVTIMEO and SO_SNDTIMEO from the start, so after one the call is
 * repeated without waiting and MSG_DONTWAIT is added to *flags: on EAGAIN the caller has to wait,
 * by fsock__sys_wait(), which keeps to its deadline.
 */
ssize_t fsock__sys_receive(int fd, void *buf, size_t n, int *flags);
ssize_t fsock__sys_send(int fd, const void *buf, size_t n, int *flags);
ssize_t fsock__sys_send_to(
    int fd, const void *buf, size_t n, const struct sockaddr *to, socklen_t length, int *flags);

/* recvmsg(2) and sendmsg(2), likewise. */
ssize_t fsock__sys_receive_message(int fd, struct msghdr *, int *flags);
ssize_t fsock__sys_send_message(int fd, const struct msghdr *, int *flags);

/* read(2) and write(2). Neither sees to SIGPIPE: see shield.h. */
ssize_t fsock__sys_read(int fd, void *buf, size_t n);
ssize_t fsock__sys_write(int fd, const void *buf, size_t n);

/*
 * A pipe that does not block, and splice(2) into it or out of it: of up to n octets as many as go
 * now. The socket at the other end must not block either. Errors: ENOSYS where there is none.
 */
int fsock__sys_pipe(int ends[2]);
ssize_t fsock__sys_splice(int from, int to, size_t n);

/*
 * write(2) of all n octets. A descriptor that does not block is given a second to take more.
 * Returns 0, or -1 with errno: EAGAIN if that was too short. SIGPIPE is the caller's concern.
 */
int fsock__sys_write_all(int fd, const void *buf, size_t n);

/*
 * Waits until `fd` is ready for `events` (poll(2)'s) or the absolute deadline has passed.
 * Returns 1 when ready or in error, 0 when the deadline passed, -1 on failure.
 */
int fsock__sys_wait(int fd, int events, int64_t deadline);

/* The same for several, which are poll(2)'s. Returns how many are ready or in error, 0, or -1. */
struct pollfd;
int fsock__sys_poll(struct pollfd *list, size_t count, int64_t deadline);

int fsock__sys_set_int(int fd, int level, int option, int value);
int fsock__sys_get_int(int fd, int level, int option, int *value);

/* SO_RCVTIMEO or SO_SNDTIMEO to `span` nanoseconds; FSOCK__NEVER switches it off. */
int fsock__sys_set_timeout(int fd, int option, int64_t span);

/* Likewise read; FSOCK__NEVER if it cannot be. */
int64_t fsock__sys_get_timeout(int fd, int option);

int fsock__sys_set_nonblocking(int fd, int on);

/* Returns 1 or 0; 1 also for a descriptor that cannot be asked, so that nobody waits on it. */
int fsock__sys_is_nonblocking(int fd);

#endif

/*
 * Every source file includes this first: it asks libc for what the library uses beyond POSIX, and
 * gives the platforms' differences one spelling. The only `#if`s outside an adapter file are here.
 */
#ifndef FSOCK_BASE_COMPAT_H
#define FSOCK_BASE_COMPAT_H

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE 1
#endif
#if !defined(_FILE_OFFSET_BITS)
#define _FILE_OFFSET_BITS 64
#endif
#if defined(__APPLE__)
#undef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1
#undef __APPLE_USE_RFC_3542
#define __APPLE_USE_RFC_3542 1 /* IPV6_RECVPKTINFO */
#endif

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

/*
 * Which mechanism makes a FILE out of functions: fopencookie() or funopen(). A build may ask for
 * funopen() on glibc, where libbsd supplies it.
 */
#if !defined(FSOCK_FILE_FUNOPEN) && (!defined(__linux__) || defined(__ANDROID__))
#define FSOCK_FILE_FUNOPEN 1
#endif

/* What a FILE's write function returns on failure: glibc takes a negative count for a huge one. */
#if defined(__GLIBC__)
#define FSOCK__WRITE_FAILED 0
#else
#define FSOCK__WRITE_FAILED (-1)
#endif

/*
 * With a character pushed back that was not the one read, glibc's fflush() seeks by the length of
 * what was pushed back and yet goes on with what it has read ahead: nothing must be given back.
 * Then its reading area is not its buffer.
 */
#if defined(__GLIBC__)
#define fsock__flush_keeps_input(file)                                       \
	((uintptr_t)(file)->_IO_read_end - (uintptr_t)(file)->_IO_buf_base > \
	    (uintptr_t)(file)->_IO_buf_end - (uintptr_t)(file)->_IO_buf_base)
#else
#define fsock__flush_keeps_input(file) 0
#endif

/*
 * A condition that is waited on until a moment of the monotonic clock; macOS has only waits of a
 * length, and both are given.
 */
#if defined(__APPLE__)
#define fsock__cond_init(cond) pthread_cond_init((cond), NULL)
#define fsock__cond_wait(cond, mutex, until, length) \
	pthread_cond_timedwait_relative_np((cond), (mutex), (length))
#else
#define fsock__cond_wait(cond, mutex, until, length) \
	pthread_cond_timedwait((cond), (mutex), (until))
static inline void
fsock__cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}
#endif

/* The calling thread as a number, never 0: on all systems pthread_t is an integer or a pointer. */
#define fsock__thread() ((uintptr_t)pthread_self())

/* Kept out of its callers' way: what happens rarely must not weigh on what happens per line. */
#if defined(__GNUC__)
#define FSOCK__COLD __attribute__((noinline))

/* A function that is NULL where nothing else links it in. */
#define FSOCK__WEAK __attribute__((weak))
#else
#define FSOCK__COLD
#define FSOCK__WEAK
#endif

/*
 * A thread is not cancelled where that would leave something half-done. Android's libc knows no
 * cancellation: there is nothing to hold off.
 */
#if defined(__ANDROID__)
#define PTHREAD_CANCEL_DISABLE 1
#define pthread_setcancelstate fsock__set_cancel_state
static inline int
fsock__set_cancel_state(int state, int *before)
{
	if (before != NULL)
		*before = state;
	return 0;
}
#endif

/* Where the libc has no iconv(3): that of OpenBSD is a port. A build may do without elsewhere. */
#if defined(__OpenBSD__) || (defined(__ANDROID__) && __ANDROID_API__ < 28)
#define FSOCK_NO_ICONV 1
#endif

/* strerror_r() comes in two shapes; this one always yields the text. */
#if defined(__GLIBC__) || defined(__ANDROID__)
#define fsock__strerror(errnum, buf, size) strerror_r((errnum), (buf), (size))
#else
#define fsock__strerror(errnum, buf, size) \
	(strerror_r((errnum), (buf), (size)) == 0 ? (buf) : "Unknown error")
#endif

/* No SIGPIPE: a flag of each send where there is one, else an option of the socket. */
#if defined(MSG_NOSIGNAL)
#define FSOCK__MSG_NOSIGNAL MSG_NOSIGNAL
#else
#define FSOCK__MSG_NOSIGNAL 0
#endif
#if defined(SO_NOSIGPIPE)
#define FSOCK__SO_NOSIGPIPE SO_NOSIGPIPE
#else
#define FSOCK__SO_NOSIGPIPE (-1)
#endif

/* The calling thread's name, for debuggers: 15 octets and a NUL. */
#if defined(__linux__)
#define fsock__set_thread_name(name) ((void)pthread_setname_np(pthread_self(), (name)))
#elif defined(__APPLE__)
#define fsock__set_thread_name(name) ((void)pthread_setname_np(name))
#else
#define fsock__set_thread_name(name) ((void)(name))
#endif

/* Close-on-exec from birth where the calls can do it; elsewhere fcntl() follows. */
#if defined(SOCK_CLOEXEC)
#define FSOCK__SOCK_CLOEXEC                SOCK_CLOEXEC
#define fsock__accept(fd, address, length) accept4((fd), (address), (length), SOCK_CLOEXEC)
#define fsock__pipe(fds)                   pipe2((fds), O_CLOEXEC | O_NONBLOCK)
#else
#define FSOCK__SOCK_CLOEXEC                0
#define fsock__accept(fd, address, length) accept((fd), (address), (length))
#define fsock__pipe(fds)                   pipe(fds)
#endif

/* Likewise of descriptors that are received; elsewhere fcntl() follows. */
#if defined(MSG_CMSG_CLOEXEC)
#define FSOCK__MSG_CMSG_CLOEXEC MSG_CMSG_CLOEXEC
#else
#define FSOCK__MSG_CMSG_CLOEXEC 0
#endif

/*
 * Who is at the other end of a Unix-domain stream; -1 for what the system does not know, and for
 * all without a peer on Linux. Returns 0 or -1.
 */
#if defined(__linux__)
static inline int
fsock__peer_ids(int fd, uid_t *uid, gid_t *gid, pid_t *pid)
{
	struct ucred ids = { .pid = 0 };
	socklen_t length = sizeof ids;
	int r = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ids, &length);

	*uid = ids.uid;
	*gid = ids.gid;
	*pid = ids.pid;
	return r;
}
#else
#include <unistd.h>
static inline int
fsock__peer_ids(int fd, uid_t *uid, gid_t *gid, pid_t *pid)
{
	*pid = -1;
	return getpeereid(fd, uid, gid);
}
#endif

/*
 * A descriptor that keeps a file's inode from being another's, of any type; -1 where there is none.
 */
#if defined(O_PATH)
#define fsock__open_path(path) open((path), O_PATH | O_NOFOLLOW | O_CLOEXEC)
#else
#define fsock__open_path(path) ((void)(path), -1)
#endif

/* A variable of the environment, unless the program has rights that who has set it has not. */
#if defined(__ANDROID__)
#include <sys/auxv.h>
#define fsock__getenv(name) (getauxval(AT_SECURE) != 0 ? NULL : getenv(name))
#elif defined(__linux__)
#define fsock__getenv(name) secure_getenv(name)
#else
#include <unistd.h>
#define fsock__getenv(name) (issetugid() ? NULL : getenv(name))
#endif

/*
 * fsock__splice() moves up to n octets between a pipe and a socket, in the kernel; as far as the
 * pipe is concerned it does not wait. Where there is no such call, or the kernel has none, it fails
 * with ENOSYS. fsock__wake_ends() makes two ends to wake a poll(2) by: of an eventfd both are the
 * same.
 */
#if defined(__linux__)
#include <sys/eventfd.h>
#define fsock__splice(from, to, n) \
	splice((from), NULL, (to), NULL, (n), SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
#define fsock__wake_ends(ends) \
	(((ends)[0] = (ends)[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0 ? -1 : 0)
#else
#define fsock__splice(from, to, n) ((void)(from), (void)(to), (void)(n), errno = ENOSYS, -1)
#define fsock__wake_ends(ends)     fsock__pipe(ends)
#endif

/* How batches of datagrams are moved. A build may ask for the way of systems other than Linux. */
#if defined(__linux__) && !defined(FSOCK_DATAGRAM_LOOP)
#define FSOCK__DATAGRAM_OPS fsock__datagram_mmsg
#else
#define FSOCK__DATAGRAM_OPS fsock__datagram_loop
#endif

/*
 * The destination of an IPv4 datagram, and the source of one to be sent: an option, the types of
 * its control messages and what these hold. `to` is the destination in the header, `own` the
 * address to answer from, if the system tells it. Where there is neither, nothing has these types.
 */
#if defined(__linux__) || (defined(__APPLE__) && defined(IP_PKTINFO))
#define FSOCK__IP_DESTINATION          IP_PKTINFO
#define FSOCK__IP_SOURCE               IP_PKTINFO
#define fsock__ip_path_to(path)        ((path)->ipi_addr)
#define fsock__ip_path_own(path)       ((path)->ipi_spec_dst)
#define fsock__ip_path_interface(path) ((unsigned)(path)->ipi_ifindex)
typedef struct in_pktinfo fsock__ip_path;
#else
#if defined(IP_RECVDSTADDR)
#define FSOCK__IP_DESTINATION IP_RECVDSTADDR
#else
#define FSOCK__IP_DESTINATION (-1)
#endif
#if defined(IP_SENDSRCADDR)
#define FSOCK__IP_SOURCE IP_SENDSRCADDR
#else
#define FSOCK__IP_SOURCE FSOCK__IP_DESTINATION
#endif
#define fsock__ip_path_to(path)        (*(path))
#define fsock__ip_path_own(path)       (*(path))
#define fsock__ip_path_interface(path) 0U
typedef struct in_addr fsock__ip_path;
#endif

/*
 * An IPv4 group, and the interface that datagrams to groups leave by, each with the number of an
 * interface; 0: the system's choice. NetBSD has no field for it, but reads the address 0.0.0.N as
 * the number N. Return 0 or -1.
 */
#if defined(__NetBSD__)
static inline int
fsock__ip_set_group(int fd, int option, struct in_addr group, unsigned index)
{
	struct ip_mreq request = { .imr_multiaddr = group, .imr_interface.s_addr = htonl(index) };

	return setsockopt(fd, IPPROTO_IP, option, &request, sizeof request);
}
static inline int
fsock__ip_set_interface(int fd, unsigned index)
{
	struct in_addr request = { .s_addr = htonl(index) };

	return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
}
#else
static inline int
fsock__ip_set_group(int fd, int option, struct in_addr group, unsigned index)
{
	struct ip_mreqn request = { .imr_multiaddr = group, .imr_ifindex = (int)index };

	return setsockopt(fd, IPPROTO_IP, option, &request, sizeof request);
}
#define fsock__ip_set_interface(fd, index) \
	fsock__ip_set_group((fd), IP_MULTICAST_IF, (struct in_addr){ 0 }, (index))
#endif

/* Several sockets on one port, told of in turn: not everywhere. */
#if defined(SO_REUSEPORT)
#define FSOCK__SO_REUSEPORT SO_REUSEPORT
#else
#define FSOCK__SO_REUSEPORT (-1)
#endif

/* Options with other names, or none. */
#if defined(TCP_KEEPIDLE)
#define FSOCK__TCP_KEEPIDLE TCP_KEEPIDLE
#elif defined(TCP_KEEPALIVE)
#define FSOCK__TCP_KEEPIDLE TCP_KEEPALIVE
#else
#define FSOCK__TCP_KEEPIDLE (-1)
#endif
#if defined(TCP_KEEPINTVL) && defined(TCP_KEEPCNT)
#define FSOCK__TCP_KEEPINTVL TCP_KEEPINTVL
#define FSOCK__TCP_KEEPCNT   TCP_KEEPCNT
#else
#define FSOCK__TCP_KEEPINTVL (-1)
#define FSOCK__TCP_KEEPCNT   (-1)
#endif
#if defined(SO_LINGER_SEC)
#define FSOCK__SO_LINGER SO_LINGER_SEC
#else
#define FSOCK__SO_LINGER SO_LINGER
#endif

/*
 * Where there is epoll(7) or kqueue(2). A build may ask for poll(2) alone, or for kqueue(2)
 * elsewhere, where a library supplies it.
 */
#if defined(FSOCK_WAIT_POLL)
#elif defined(FSOCK_WAIT_KQUEUE) || defined(__FreeBSD__) || defined(__NetBSD__) || \
    defined(__OpenBSD__) || defined(__DragonFly__) || defined(__APPLE__)
#define FSOCK__HAVE_KQUEUE 1
#elif defined(__linux__)
#define FSOCK__HAVE_EPOLL 1
#endif

/* poll()'s word for a peer that has ended its side only; elsewhere that is input like any other. */
#if defined(POLLRDHUP)
#define FSOCK__POLLRDHUP POLLRDHUP
#else
#define FSOCK__POLLRDHUP 0
#endif

/*
 * Whether a Unix-domain address that begins with a NUL byte is a name that is in no file system:
 * elsewhere than on Linux such an address is that of a socket without a name. And whether the
 * system spreads connections over listeners that share a port by SO_REUSEPORT.
 */
#if defined(__linux__)
#define FSOCK_ABSTRACT_NAMES     1
#define FSOCK__REUSEPORT_SPREADS 1
#else
#define FSOCK_ABSTRACT_NAMES     0
#define FSOCK__REUSEPORT_SPREADS 0
#endif

/* Names that some systems lack: values no call there ever yields. */
#if !defined(EAI_NODATA)
#define EAI_NODATA (-10005)
#endif
#if !defined(EAI_ADDRFAMILY)
#define EAI_ADDRFAMILY (-10009)
#endif
#if !defined(ESOCKTNOSUPPORT)
#define ESOCKTNOSUPPORT (-10094)
#endif
#if !defined(ESHUTDOWN)
#define ESHUTDOWN EPIPE
#endif
#if !defined(EHOSTDOWN)
#define EHOSTDOWN (-10112)
#endif

/* For loops that are compiled once for each function given to them. */
#if defined(__GNUC__)
#define FSOCK__ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define FSOCK__ALWAYS_INLINE static inline
#endif

#endif

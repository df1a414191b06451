/*
 * fsock.h - sockets whose streams are FILE*.
 *
 * Include this one header; it brings in the rest:
 *
 *	fsock/error.h    what went wrong: kinds, the last error of this thread
 *	fsock/addr.h     socket addresses and their text
 *	fsock/host.h     host and IP arithmetic on text and octets
 *	fsock/names.h    hosts by name, names by address
 *	fsock/codec.h    charsets and line ends on buffers
 *	fsock/socket.h   connect, listen, accept, pair, adopt, close, names
 *	fsock/stream.h   the FILE*s of a socket
 *	fsock/format.h   charset and line ends of a stream, octets next to text
 *	fsock/datagram.h datagrams; send and receive, also beside the FILE*s
 *	fsock/option.h   options by name
 *	fsock/wait.h     waiting for many sockets at once
 *	fsock/server.h   threads that take clients
 *	fsock/trivial.h  streams and nothing else
 *
 * CONVENTIONS, which hold for every function unless it says otherwise
 *
 * Results    A function that returns a pointer returns NULL on failure; one that returns int
 *            returns 0 or more on success and -1 on failure.
 * Errors     On failure errno is set, and fsock_last_error() tells the rest: the kind, the
 *            operation, the host and port, and one readable line. On success errno is untouched.
 *            The same holds inside stdio: when fgets() or fflush() on one of our streams fails,
 *            fsock_last_error() in the same thread says why. Nothing is ever printed, and the
 *            library never ends the process.
 * NULL       A NULL `fsock *` or `FILE *` where one is needed fails with EINVAL. The functions
 *            that end something (fsock_close, fsock_abort, fsock_disown) take NULL and do nothing.
 *            NULL options mean "all defaults"; a NULL buffer is allowed with length 0.
 * Closed     A socket whose connection has been closed by closing its last stream stays a valid
 *            handle; every operation on it but fsock_close() fails with EBADF. After fsock_close()
 *            the handle is gone and must not be used.
 * Hosts      A host is text: a name, an IPv4 or IPv6 address (`::1`, `[::1]`, `fe80::1%eth0`), a
 *            Unix-domain path (anything with a `/`) or `@name` in Linux's abstract name space. For
 *            Unix-domain hosts the port is ignored. Ports are integers from 0 to 65535.
 * Time       Times are seconds in a double: relative, 0 = the default, which is "no limit", unless
 *            said otherwise. Inside they are absolute and monotonic (clock_gettime(2)), so a
 *            changed wall clock does not matter. Negative values and NaN fail with EINVAL;
 *            INFINITY is "no limit".
 * Ownership  The handle belongs to whoever made it and is ended once, by fsock_close(),
 *            fsock_abort(), fsock_release() or fsock_disown(). Streams belong to their socket:
 *            closing them with fclose() is allowed at any time, and closing the socket closes those
 *            still open. Strings and structs passed in are copied.
 * Blocking   Functions block where their description says so and nowhere else. Signals do not
 *            interrupt them, EINTR is retried against the same deadline; but they end the waits of
 *            fsock/wait.h. On a non-blocking socket (fsock/stream.h) what would wait fails with
 *            EAGAIN instead.
 * Threads    Different sockets may be used by different threads freely. On one socket, one thread
 *            may read, another write, and a third may call fsock_shutdown(), all at once (through
 *            separate input and output streams: a FILE's own lock covers a whole call). Ending the
 *            handle, or closing a stream, while another thread is still in a call on it is an error
 *            of the program, as it is with close(2) and fclose(3): shut down first, then join.
 *            What the library does with several FILEs of a socket never waits for a FILE that
 *            another thread is using. Where it needs the input that this FILE holds, it fails with
 *            EBUSY. Where it would send the output that this FILE holds, it passes it over.
 * Cancelling Cancellation is held off while a stream waits for the network, while anything waits on
 *            an interruptible socket, and while something is closed. A wait of fsock/wait.h may be
 *            cancelled: all is then as if it had ended. To get a thread out of a blocked fgets()
 *            call fsock_shutdown(s, FSOCK_INPUT), or fsock_interrupt() if the connection is to go
 *            on.
 * Signals    No SIGPIPE is ever raised and no signal's disposition is changed. A handler may call
 *            fsock_interrupt(), fsock_waitlist_wake() and fsock_server_shutdown(). It may also call
 *            exit(3), or leave a call that waits by siglongjmp(3): see fsock/stream.h.
 * fork       Descriptors are close-on-exec. A child inherits the streams with what is in their
 *            buffers, as with any FILE: flush before fork(2), and let parent and child not both
 *            use one stream. A process that has not used a socket since the last fork(2) only
 *            closes its descriptor when it ends the socket: it neither discards input, nor resets
 *            the connection, nor shuts it down. So the server that forks for each client works:
 *            the parent closes its copy, and the child goes on. Queued output is sent by the
 *            process that queued it.
 * dlclose    The shared library stays mapped: its look-up threads may be at work still.
 */
#ifndef FSOCK_H
#define FSOCK_H

#include <fsock/api.h>
#include <fsock/error.h>
#include <fsock/addr.h>
#include <fsock/codec.h>
#include <fsock/host.h>
#include <fsock/names.h>
#include <fsock/socket.h>
#include <fsock/stream.h>
#include <fsock/format.h>
#include <fsock/datagram.h>
#include <fsock/option.h>
#include <fsock/layer.h>
#include <fsock/wait.h>
#include <fsock/server.h>
#include <fsock/trivial.h>

#endif

/*
 * fsock.h - sockets whose streams are FILE*.
 *
 * Include this header. It includes the others:
 *
 *	fsock/error.h    errors: kinds, the last error of the calling thread
 *	fsock/addr.h     socket addresses and their text
 *	fsock/host.h     host and IP arithmetic on text and octets
 *	fsock/names.h    hosts by name, names by address
 *	fsock/codec.h    charsets and line ends on buffers
 *	fsock/socket.h   connect, listen, accept, pair, adopt, close, names
 *	fsock/stream.h   the FILE streams of a socket
 *	fsock/format.h   charset and line ends of a stream, octets next to text
 *	fsock/datagram.h datagrams; send and receive, also alongside the FILEs
 *	fsock/unix.h     Unix-domain sockets: who the peer is, passing descriptors
 *	fsock/option.h   options by name
 *	fsock/layer.h    layers below the streams, such as TLS
 *	fsock/wait.h     waiting for many sockets at once
 *	fsock/relay.h    relays of octets between two sockets
 *	fsock/server.h   threads that accept clients
 *	fsock/trace.h    a trace of what goes over the wire, statistics of a socket
 *	fsock/trivial.h  streams only
 *
 * CONVENTIONS, which apply to every function unless its description says otherwise
 *
 * Results    A function that returns a pointer returns NULL on failure. A function that returns int
 *            returns 0 or more on success and -1 on failure.
 * Errors     On failure errno is set. fsock_last_error() returns the details: the kind, the
 *            operation, the host and port, and one readable line. On success errno is unchanged.
 *            This also applies within stdio: if fgets() or fflush() fails on a stream of this
 *            library, fsock_last_error() in the same thread gives the reason. The library never
 *            prints anything, and never ends the process.
 * NULL       A NULL `fsock *` or `FILE *` fails with EINVAL where one is required. The functions
 *            that end a socket (fsock_close, fsock_abort, fsock_disown) accept NULL and do nothing.
 *            NULL options mean all defaults. A NULL buffer is allowed with length 0.
 * Closed     A socket whose connection was closed by closing its last stream remains a valid
 *            handle. Every operation on it except fsock_close() fails with EBADF. After
 *            fsock_close() the handle is freed and must not be used.
 * Hosts      A host is text: a name, an IPv4 or IPv6 address (`::1`, `[::1]`, `fe80::1%eth0`), a
 *            Unix-domain path (any text with a `/`), or `@name` in Linux's abstract namespace. For
 *            Unix-domain hosts the port is ignored. Ports are integers from 0 to 65535. With port
 *            -1 (FSOCK_PORT_IN_HOST) the host is an address as people write it: "example.org:80",
 *            "[::1]:https", "unix:/path" and others, see fsock/addr.h.
 * Time       Times are seconds in a double, relative to the call. 0 selects the default, which is
 *            "no limit" unless specified otherwise. Internally times are absolute and monotonic
 *            (clock_gettime(2)), so changes of the wall clock have no effect. Negative values and
 *            NaN fail with EINVAL. INFINITY means "no limit".
 * Ownership  The code that creates a handle owns it, and ends it once, with fsock_close(),
 *            fsock_abort(), fsock_release() or fsock_disown(). Streams belong to their socket. They
 *            may be closed with fclose() at any time, and closing the socket closes those that are
 *            still open. Strings and structs passed to the library are copied.
 * Blocking   A function blocks only if its description says so. Signals do not interrupt it: EINTR
 *            is retried with the same deadline. Signals do end the waits of fsock/wait.h. On a
 *            non-blocking socket (fsock/stream.h) a call that would have to wait fails with EAGAIN.
 * Threads    Different threads may use different sockets without restriction. On one socket, one
 *            thread may read, another may write, and a third may call fsock_shutdown(), all at once
 *            (with separate input and output streams, because a FILE is locked during a whole
 *            call). Ending the handle, or closing a stream, while another thread is in a call on it
 *            is a programming error, as with close(2) and fclose(3): shut down first, then join the
 *            thread. Functions of the library that work on several FILEs of a socket never wait for
 *            a FILE that another thread is using. If they need the input that this FILE holds, they
 *            fail with EBUSY. If they would send the output that this FILE holds, they skip it.
 * Cancelling Cancellation is deferred while a stream waits for the network, while any call waits on
 *            an interruptible socket, and while something is closed. A wait of fsock/wait.h may be
 *            cancelled; the state is then as if the wait had ended. To end a blocked fgets() in
 *            another thread, call fsock_shutdown(s, FSOCK_INPUT), or fsock_interrupt() if the
 *            connection is to continue.
 * Signals    The library never raises SIGPIPE and does not change the disposition of any signal. A
 *            handler may call fsock_interrupt(), fsock_waitlist_wake() and fsock_server_shutdown().
 *            It may also call exit(3), or leave a waiting call by siglongjmp(3): see
 *            fsock/stream.h.
 * fork       Descriptors are close-on-exec. A child inherits the streams with the contents of their
 *            buffers, as with any FILE. Flush before fork(2), and do not use the same stream in
 *            both parent and child. A process that has not used a socket since the last fork(2)
 *            only closes its descriptor when it ends the socket: it does not discard input, reset
 *            the connection or shut it down. A server may therefore fork for each client: the
 *            parent closes its copy, and the child continues. Queued output is sent by the process
 *            that queued it.
 * dlclose    The shared library stays mapped, because its lookup threads may still be running.
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
#include <fsock/unix.h>
#include <fsock/option.h>
#include <fsock/layer.h>
#include <fsock/wait.h>
#include <fsock/relay.h>
#include <fsock/server.h>
#include <fsock/trace.h>
#include <fsock/trivial.h>

#endif

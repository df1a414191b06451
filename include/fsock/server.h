/*
 * fsock/server.h - servers: threads that accept clients and pass them to a function of the program.
 * The conventions are in fsock.h.
 *
 *	static int
 *	greet(FILE *client, void *arg)
 *	{
 *		fprintf(client, "hello %s\n", fsock_remote_host());
 *		return 0;
 *	}
 *
 *	server = fsock_server_start(NULL, 8080, greet, NULL, NULL);
 *	...
 *	fsock_server_stop(server, 5);
 *
 * There are these kinds of server. They differ in what the handler receives:
 *
 *	fsock_server_start()           a client, in a thread: the handler reads and writes freely
 *	fsock_server_start_lines()     a line from a client: a few threads serve tens of thousands
 *	                               of clients, whose reads and writes never wait
 *	fsock_server_start_records()   the same for records other than lines
 *	fsock_server_start_datagram()  a datagram
 *
 * A server keeps running: whatever one client or one handler does, the others are not affected. It
 * reports each failure to the `error` function of the options, with a text suitable for a log.
 *
 * Handlers     Handlers run in threads of the server, several at a time unless there is only one
 *              thread. In a handler, fsock_remote_host(), fsock_remote_port() and
 *              fsock_server_current() identify the client and the server. A handler must return: it
 *              must not call pthread_exit(), and its thread must not be cancelled.
 * Threads      The server's threads have the signal mask of the thread that starts the server. To
 *              handle all signals in one thread, block them before that call, as with any other
 *              thread.
 * fork         Only the process that started a server may use its handle.
 *
 * A program that does not use this header needs no threads: a static link leaves this part out.
 */
#ifndef FSOCK_SERVER_H
#define FSOCK_SERVER_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include <fsock/api.h>
#include <fsock/error.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

typedef struct fsock_server fsock_server;

/*
 * Handles one client. `client` is its two-way stream, and fsock_of(client) is its socket. The
 * handler may use the one-way streams of that socket instead. It may close streams. The socket
 * belongs to the server, which flushes and closes it when the handler returns.
 * Returns: 0; or -1 with errno set, which is reported to the server's `error` function. errno is 0
 *   when the handler starts; if it is still 0, ECANCELED is reported.
 */
typedef int fsock_stream_handler(FILE *client, void *arg);

/*
 * Handles one line of a client. `line` has `length` octets. Its line end (LF or CR LF) has been
 * removed, and a NUL follows it. The handler may modify the line, which is valid until the handler
 * returns. If the client disconnects in the middle of a line, that part is discarded and the
 * handler is not called for it.
 *
 * The handler writes its answer, if any, to `client`. Writes never wait. The output is sent once
 * the lines that have arrived from this client are handled; output that the client does not take is
 * queued. The other clients of the thread wait while a handler runs, so a handler should not wait.
 * Other handlers and threads may also write to `client` while it exists (see `closed`); they must
 * call fflush(). The stream belongs to the server: to end the client, return FSOCK_END_CLIENT, and
 * do not call fclose().
 * Returns: 0 to continue; FSOCK_END_CLIENT to close the connection after the output has been sent;
 *   or -1 with errno set to do the same and report the error to the server's `error` function.
 */
typedef int fsock_line_handler(FILE *client, char *line, size_t length, void *arg);

/*
 * Handles one record of a client, as a line handler handles a line. What ends a line or a delimited
 * record has been removed. A NUL always follows the `length` octets. The handler may call
 * fsock_set_record() for `client` to change what the next record is.
 */
typedef fsock_line_handler fsock_record_handler;
#define FSOCK_END_CLIENT 1

/* A datagram, in a buffer that also takes the answer. */
struct fsock_request {
	void *data;     /* the datagram; its octets may be changed, the pointer may not */
	size_t length;  /* its length; may be 0 */
	size_t room;    /* the size of the buffer `data` in octets */
	ssize_t answer; /* initially -1; the handler sets the number of octets to send back */

	/*
	 * `local` is the address of this machine to which the datagram was sent, and from which the
	 * answer is sent. `group` is the group or broadcast address, if it was sent to one, or no
	 * address. `interface_number` is the interface on which it arrived, or 0. All are as in
	 * struct fsock_message. They are unknown for Unix-domain sockets, and if
	 * receive_destination is off.
	 */
	const struct fsock_addr *local, *group;
	unsigned interface_number;

	unsigned long reserved[1];
};

/*
 * Handles one datagram. To answer, the handler writes to request->data and sets request->answer to
 * a value from 0 to request->room. The answer is sent to the sender of the datagram, from the
 * address to which the datagram was sent.
 * Returns: 0; or -1 with errno set: no answer is sent, and the error is reported to the server's
 *   `error` function.
 */
typedef int fsock_datagram_handler(struct fsock_request *request, void *arg);

/* The options of a server. Zero selects the default of each option. */
struct fsock_server_options {
	/*
	 * Options for the listener (addresses, backlog, reuse_address, reuse_port) and for each
	 * client's socket (timeouts, element type, delivery, line_limit, nodelay; a deadline starts
	 * when the client is accepted).
	 */
	struct fsock_options socket;

	/*
	 * The number of threads in the pool, which is created when the server starts. At
	 * most that many clients are served at a time. 0 for streams: no pool, but one thread for
	 * each client, created when needed and ended when not. 0 for datagrams: one thread. For
	 * lines: the number of threads, where 0 is one. Each of them serves any number of clients,
	 * and a client stays with its thread.
	 */
	int threads;

	/*
	 * The maximum number of clients at a time. Further clients wait in the listener's backlog.
	 * Default 1000; for lines: no limit. A pool serves no more clients than it has threads.
	 */
	int max_clients;

	size_t max_datagram; /* longest datagram or answer; default 65507 octets. Longer ones are
	                        discarded, and reported to `error` as EMSGSIZE */
	size_t stack_size;   /* of each thread, in octets; default: the system's */
	double idle;         /* seconds without a client after which the server shuts down */
	const char *name; /* of the threads, for debuggers, which show 15 octets; "fsock server" */

	/*
	 * Sockets to serve instead of listening on host and port: those from fsock_activated(), or
	 * fsock_adopt(0, NULL) under inetd, or fsock_listen(). The server owns them once it has
	 * started; if it cannot be started, the caller still owns them. They are listeners (for
	 * datagrams: datagram sockets), and the server serves all of them. A connected socket is
	 * served once, as a client. When nothing else is left to serve, the server then shuts down
	 * by itself.
	 */
	fsock *const *sockets;
	size_t socket_count;

	/*
	 * Called when the server is listening, before it accepts a client. Use it to print the port
	 * or to drop privileges.
	 */
	void (*ready)(fsock_server *server, void *arg);

	/*
	 * Called for each failure after which the server continues. The operation of `error` is:
	 *
	 * "accept"       A client cannot be accepted. Without free descriptors the server tries
	 *                again after a pause, of 10 ms at first and one second at most. It closes a
	 *                listener that will never return a client again.
	 * "serve client" A handler returned -1. In a server of lines also: a client was cut off
	 *                because of EMSGSIZE (a line beyond line_limit), ENOBUFS (output beyond
	 *                output_limit), ETIMEDOUT (client_idle, a deadline), ECONNRESET or similar.
	 * "close"        Output was not sent.
	 * "answer"       An answer was not sent; EAGAIN if the client takes none.
	 * "receive"      A datagram was too long.
	 * "start thread" A thread could not be created.
	 *
	 * A client that disconnects abruptly is an error of the kind FSOCK_CONNECTION_RESET_ERROR,
	 * or FSOCK_BROKEN_PIPE_ERROR if a write notices it. A program that serves the public gets
	 * many of these, and may ignore both kinds.
	 *
	 * The function runs in the server's threads, several at a time. `error` is valid until it
	 * returns.
	 */
	void (*error)(fsock_server *server, const struct fsock_error *error, void *arg);

	/*
	 * The remaining options are for servers of lines. `opened` is called for each new client,
	 * before its first line, and may write to it. It returns as a line handler does; -1 also
	 * ends the client. `closed` is called when the client leaves: once for each client, unless
	 * `opened` returned -1 for it. fsock_last_error() tells the reason, which is FSOCK_NO_ERROR
	 * if the client or the program ended the connection normally. `closed` may still write; the
	 * client receives that if its connection is still open. So a client that is ended because
	 * of a line beyond line_limit (FSOCK_LINE_TOO_LONG_ERROR) or client_idle can be told why,
	 * in the words of the protocol. Both functions run in the thread that serves the client.
	 */
	int (*opened)(FILE *client, void *arg);
	void (*closed)(FILE *client, void *arg);

	double client_idle; /* seconds without a complete line after which a client is ended */

	/*
	 * The number of lines of a client that are handled per second, and the number handled at
	 * once (`burst`; default: those of one second, at least one). Further input waits, and
	 * eventually the client itself has to wait.
	 */
	double rate;
	int burst;

	/* A text that is sent to clients beyond max_clients, unchanged, before they are closed. */
	const char *refusal;

	unsigned long reserved[10]; /* room for later; must be zero */
};

/*
 * Starts a server of stream clients (TCP, or Unix-domain for a path or an @name) in threads of its
 * own. If `host` is NULL, it listens on all addresses of the machine. For port 0 the system chooses
 * a port; fsock_local_port(fsock_server_socket(server)) returns it. `arg` is passed to all
 * functions.
 * Returns: the server, which is already listening; or NULL, with nothing started.
 * Errors: EINVAL (handler is NULL, an option has an invalid value, sockets of the wrong kind),
 *   EAGAIN (a thread cannot be created), those of fsock_listen().
 * Ownership: the caller owns the server; end it with fsock_server_stop().
 * Blocks: only to look up a name.
 */
FSOCK_API fsock_server *fsock_server_start(const char *host, int port,
    fsock_stream_handler *handler, void *arg, const struct fsock_server_options *options);

/*
 * Starts a server of datagrams (UDP or Unix-domain). It behaves as described for
 * fsock_server_start(). The timeouts and the deadline of the socket options have no effect here.
 */
FSOCK_API fsock_server *fsock_server_start_datagram(const char *host, int port,
    fsock_datagram_handler *handler, void *arg, const struct fsock_server_options *options);

/*
 * Starts a server of lines from stream clients. Each line is one call of the handler, and no call
 * ever waits for a client. It behaves as described for fsock_server_start(). These options of the
 * clients' sockets have a special meaning:
 *
 *	line_limit     a client that sends a longer line is ended; default 65536 octets
 *	output_limit   a client that does not read is cut off (reset) once more is queued
 *	high_water     lines of a client with this much queued output wait until it has
 *	               read some of it
 *	format         charset and line ends of lines and answers; with "binary" a line ends at
 *	               its LF, as without a format
 *	close_timeout  time for a client that was ended to take its queued output
 *
 * The lines of a client are handled in order. Only some lines of a client are handled at a time, so
 * the others have their turn however much one client sends. A client that ends its side is answered
 * and then closed.
 *
 * Each thread waits for its own clients. On Linux each thread also has a listener of its own, if
 * there are several threads and the server opens the listeners itself, for TCP. These listeners
 * share the port (SO_REUSEPORT), and the system distributes the clients. Another program of the
 * same user that sets SO_REUSEPORT can then listen on the port as well.
 *
 * fsock_server_stop() and the other ways to end the server stop reading lines. `closed` is called
 * for each client, and its connection is then ended. `grace` is the time that all clients together
 * have to take their queued output. Clients that have not taken it by then are cut off, and
 * counted.
 */
FSOCK_API fsock_server *fsock_server_start_lines(const char *host, int port,
    fsock_line_handler *handler, void *arg, const struct fsock_server_options *options);

/*
 * Starts a server of records: a server of lines whose clients send what the option `record` of
 * their sockets describes, which is a line by default. The description of lines above, line_limit,
 * `rate`, `burst` and `client_idle` apply to records. fsock_server_start_lines() ignores the
 * option: its records are always lines.
 */
FSOCK_API fsock_server *fsock_server_start_records(const char *host, int port,
    fsock_record_handler *handler, void *arg, const struct fsock_server_options *options);

/*
 * Start a server as the functions above do, and serve until it shuts down: because of
 * fsock_server_shutdown() or of `idle`. The `ready` function gets the handle for the former; a
 * handler, a signal handler or another thread may call it. These functions then end the server as
 * fsock_server_stop() does; do not call that for such a server. Here, too, handlers run in threads
 * of the server.
 * Returns: the number of handlers (for a server of lines: clients) that were cut off, 0 if none; -1
 *   if the server could not be started.
 * Blocks: yes.
 */
FSOCK_API int fsock_server_run(const char *host, int port, fsock_stream_handler *handler, void *arg,
    const struct fsock_server_options *options);
FSOCK_API int fsock_server_run_lines(const char *host, int port, fsock_line_handler *handler,
    void *arg, const struct fsock_server_options *options);
FSOCK_API int fsock_server_run_records(const char *host, int port, fsock_record_handler *handler,
    void *arg, const struct fsock_server_options *options);
FSOCK_API int fsock_server_run_datagram(const char *host, int port, fsock_datagram_handler *handler,
    void *arg, const struct fsock_server_options *options);

/*
 * Asks a server to accept no more clients, and returns at once. Its handlers continue for at most
 * `grace` seconds. Then fsock_server_run() or fsock_server_stop(), whichever the program is waiting
 * in, cuts them off. Of several calls, the one whose time ends first applies.
 * Returns: 0 or -1.
 * Errors: EINVAL (NULL; a negative grace or NaN).
 * Blocks: no.
 * Threads: any, including handlers; the function is async-signal-safe (signal-safety(7)).
 */
FSOCK_API int fsock_server_shutdown(fsock_server *server, double grace);

/*
 * Ends a server. It closes the listeners, so new clients are refused. Handlers may continue for
 * `grace` seconds (0: not at all, INFINITY: without limit). Handlers that are still running are
 * then cut off: they read end of file, their writes fail (EPIPE), and their clients get a reset.
 * The function returns when all handlers have returned and all threads have ended. It also waits
 * for a handler that waits for something other than its client. To make this possible, a client
 * uses two more descriptors (four without eventfd(2)) as soon as a write to it has to wait.
 * Returns: the number of handlers that were cut off, 0 if none; the handle is freed. NULL: 0. On
 *   failure -1, and the server is unchanged: EDEADLK (called by a handler, which would wait for
 *   itself: use fsock_server_shutdown()), EINVAL (a negative grace or NaN).
 * Blocks: until the last handler has returned.
 */
FSOCK_API int fsock_server_stop(fsock_server *server, double grace);

/*
 * Returns the listening socket, or the first that still listens, for its name and options. It
 * belongs to the server: do not close it or accept from it.
 * Returns: the socket, valid until the server is stopped; NULL (EINVAL) for NULL, and for a server
 *   that was given only connected sockets.
 */
FSOCK_API fsock *fsock_server_socket(fsock_server *server);

/* The number of clients (datagrams) being served. Returns: 0 or more; -1 (EINVAL) for NULL. */
FSOCK_API int fsock_server_clients(fsock_server *server);

/*
 * Returns the server that runs the calling thread, or NULL in any other thread. errno is unchanged.
 */
FSOCK_API fsock_server *fsock_server_current(void);

/*
 * Return the address of the calling thread's client as text ("" for a Unix-domain client without a
 * name), and its port (0 for Unix-domain clients). They are known from the moment the client is
 * accepted, even if it has disconnected since.
 * Returns: text that is valid until the handler returns, and 0 to 65535; outside handlers NULL and
 *   -1 (ENOTCONN).
 */
FSOCK_API const char *fsock_remote_host(void);
FSOCK_API int fsock_remote_port(void);

/*
 * Returns the place of a pointer that the program may attach to a client: the one for which the
 * calling thread runs the handler, `opened` or `closed`. The pointer is kept as long as the client.
 * It is NULL at first.
 *
 *	*fsock_client_state() = calloc(1, sizeof(struct member));     in `opened`
 *	struct member *m = *fsock_client_state();                     in the handler
 *	free(*fsock_client_state());                                  in `closed`
 *
 * Returns: the place; NULL (ENOTCONN) outside the functions of a server of lines.
 */
FSOCK_API void **fsock_client_state(void);

/*
 * Predefined handlers. They ignore `arg`.
 *
 * default_tcp sends "Hello world!" and closes. echo_tcp sends each octet back as it arrives, until
 * end of file. default_udp sends each datagram back.
 */
FSOCK_API int fsock_default_tcp_handler(FILE *client, void *arg);
FSOCK_API int fsock_echo_tcp_handler(FILE *client, void *arg);
FSOCK_API int fsock_default_udp_handler(struct fsock_request *request, void *arg);

/* The longest name of an activated socket, including its NUL. */
#define FSOCK_ACTIVATED_NAME_SIZE 256

/*
 * Takes over the sockets that systemd, or another supervisor with the same protocol, opened for
 * this process: those that sd_listen_fds_with_names(3) finds by LISTEN_PID, LISTEN_FDS and
 * LISTEN_FDNAMES. The function stores them in `list`, with the given options. Unless `names` is
 * NULL, it stores their names there (FileDescriptorName= of systemd.socket(5); "unknown" if there
 * is none). It then removes the three variables from the environment, so that neither a second call
 * nor a child process takes over the same sockets.
 *
 * A server that also works without a supervisor:
 *
 *	fsock *sockets[8];
 *	int n = fsock_activated(sockets, NULL, 8, NULL);
 *	fsock_server_run(NULL, 8080, serve, NULL, &(struct fsock_server_options){
 *	    .sockets = sockets, .socket_count = n > 0 && n <= 8 ? n : 0 });
 *
 * Returns: the number of sockets that were passed to this process, 0 if none; if it is greater than
 *   `room`, no socket was taken over. -1 on failure, with no socket taken over and the environment
 *   unchanged.
 * Errors: EINVAL (the variables are malformed), ENOTSOCK (a descriptor is not a socket), EBADF.
 * Ownership: the caller owns the sockets.
 * Blocks: no.
 * Threads: the function changes the environment; call it before starting other threads.
 */
FSOCK_API int fsock_activated(fsock *list[], char (*names)[FSOCK_ACTIVATED_NAME_SIZE], size_t room,
    const struct fsock_options *options);

FSOCK_END_DECLS

#endif

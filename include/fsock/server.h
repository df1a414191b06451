/*
 * fsock/server.h - servers: threads that take clients and hand them to a function of the program.
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
 * Three kinds of server, which differ in what the function is given:
 *
 *	fsock_server_start()           a client, in a thread: it reads and writes as it likes
 *	fsock_server_start_lines()     a line that a client has sent: a few threads serve clients by
 *	                               the ten thousand, whose reads and writes never wait
 *	fsock_server_start_datagram()  a datagram
 *
 * A server keeps serving: whatever one client or one handler does, the others do not feel it. What
 * went wrong is told to the `error` function of the options, in words ready for a log.
 *
 * Handlers     run in threads of the server, several at a time unless there is only one thread. In
 *              them fsock_remote_host(), fsock_remote_port() and fsock_server_current() say who is
 *              served. They return; they neither call pthread_exit() nor are cancelled.
 * Threads      have the signal mask of the thread that starts the server. A program that wants its
 *              signals in one thread blocks them before that call, as with any other thread.
 * fork         Only the process that started a server may use its handle.
 *
 * Programs that use nothing of this header do not need threads: a static link leaves it all out.
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
 * Serves one client. `client` is its two-way stream; fsock_of(client) is the socket, of which the
 * handler may take the one-way streams instead. The handler may close streams. The socket is the
 * server's: when the handler returns it is flushed and closed.
 * Returns: 0; or -1 with errno set: the server's `error` function is told (of ECANCELED if errno is
 *   0, as it was at the start).
 */
typedef int fsock_stream_handler(FILE *client, void *arg);

/*
 * Serves one line of a client. `line` has `length` octets, without its line end (LF or CR LF) but
 * with a NUL behind it; it may be changed, and is gone when the handler returns. If the client goes
 * in the middle of a line, that part of a line is discarded, and no function is called for it.
 *
 * The answer, if any, is written to `client`, which never waits: it goes out when the lines that
 * have come from this client are served, and what the client does not take is queued for it. The
 * other clients of the thread wait while a handler runs, so it should not. `client` can also be
 * written to by other handlers and threads as long as it is there (see `closed`); they call
 * fflush(). It is the server's: to end it, FSOCK_END_CLIENT is returned, not fclose() called.
 * Returns: 0 to go on; FSOCK_END_CLIENT: what was written is sent, then the connection is closed;
 *   or -1 with errno set: the same, and the server's `error` function is told.
 */
typedef int fsock_line_handler(FILE *client, char *line, size_t length, void *arg);
#define FSOCK_END_CLIENT 1

/* A datagram, in a buffer to answer from. */
struct fsock_request {
	void *data;     /* the datagram; its octets may be changed, the pointer not */
	size_t length;  /* how long it is; 0 is possible */
	size_t room;    /* how many octets `data` has room for */
	ssize_t answer; /* -1; set by the handler: how many octets of `data` to send back */
	unsigned long reserved[4];
};

/*
 * Serves one datagram. To answer, the handler writes to request->data and sets request->answer, 0
 * or more and at most request->room; an answer goes to where the datagram came from.
 * Returns: 0; or -1 with errno set: no answer is sent and the server's `error` function is told.
 */
typedef int fsock_datagram_handler(struct fsock_request *request, void *arg);

/* Everything that can be chosen for a server. Zero means the default. */
struct fsock_server_options {
	/*
	 * Of the listener (addresses, backlog, reuse_address, reuse_port) and of each client's
	 * socket (timeouts, element type, delivery, line_limit, nodelay; a deadline counts from
	 * when the client was taken).
	 */
	struct fsock_options socket;

	/*
	 * A pool of so many threads, made at the start: as many clients are served at a time. 0
	 * for streams: a thread for each client, made when needed, ended when not. 0 for
	 * datagrams: one thread. For lines: so many threads, 0 is one, of which each serves any
	 * number of clients; a client stays with its thread.
	 */
	int threads;

	/*
	 * At most so many clients at a time: the next ones wait in the listener's backlog. Default
	 * 1000; for lines: any number. A pool serves no more than it has threads.
	 */
	int max_clients;

	size_t max_datagram; /* longest datagram, and answer; default 65507 octets. One that is
	                        longer is thrown away, and the `error` function told: EMSGSIZE */
	size_t stack_size;   /* of each thread, in octets; default: the system's */
	double idle;         /* with no client for so long the server shuts down by itself */
	const char *name; /* of the threads, for debuggers; 15 octets are shown; "fsock server" */

	/*
	 * Sockets to serve, instead of listening on host and port: what fsock_activated() gave, or
	 * fsock_adopt(0, NULL) under inetd, or fsock_listen(). A server that is started owns them,
	 * one that could not be started does not. Listeners (for datagrams: datagram sockets), all
	 * of which are served; a connected socket is served once, as a client, and when there is
	 * nothing else the server then shuts down by itself.
	 */
	fsock *const *sockets;
	size_t socket_count;

	/*
	 * Called when the server listens, before it takes a client: a place to print the port or
	 * to give up privileges.
	 */
	void (*ready)(fsock_server *server, void *arg);

	/*
	 * Told what went wrong while the server goes on: clients that cannot be taken (operation
	 * "accept"; for want of descriptors it is tried again after a pause, 10 ms at first and
	 * one second at most), a handler that returned -1 ("serve client"), output or an answer
	 * that did not go out ("close"; "answer", with EAGAIN if the client takes none),
	 * datagrams that were too long ("receive"), a thread that could not be made ("start
	 * thread"). A listener that will never give a client again is closed. In a server of
	 * lines "serve client" is also said of clients that were cut off, by what they did:
	 * EMSGSIZE (a line beyond line_limit), ENOBUFS (output beyond output_limit), ETIMEDOUT
	 * (client_idle, a deadline), ECONNRESET and the like. Runs in the server's threads,
	 * several at a time; `error` is good until it returns.
	 */
	void (*error)(fsock_server *server, const struct fsock_error *error, void *arg);

	/*
	 * The rest is for servers of lines. `opened` is called when a client has come, before its
	 * first line, and may write to it; it returns as a line handler does, and -1 as well ends
	 * the client. `closed` is called when it goes, once for each client for which `opened`,
	 * if there is one, did not return -1; fsock_last_error() tells why, FSOCK_NO_ERROR if the
	 * client or the program wanted it so. It may still write, which reaches a client whose
	 * connection stands. Both run in the thread that serves the client.
	 */
	int (*opened)(FILE *client, void *arg);
	void (*closed)(FILE *client, void *arg);

	double client_idle; /* a client that sends no whole line for so many seconds is ended */

	/*
	 * So many lines of a client in a second, and `burst` at once (default: those of a second,
	 * at least one). What it sends beyond that waits, in the end with the client itself.
	 */
	double rate;
	int burst;

	/* What clients beyond max_clients are sent, octets as they are, before they are closed. */
	const char *refusal;

	unsigned long reserved[10]; /* room for later; must be zero */
};

/*
 * Starts a server of stream clients (TCP, or Unix-domain for a path or an @name) in threads of its
 * own. host NULL is every address of the machine; port 0 lets the system choose:
 * fsock_local_port(fsock_server_socket(server)) tells. `arg` is passed to all functions.
 * Returns: the server, which listens; or NULL, and nothing was started.
 * Errors: EINVAL (handler NULL, an invalid option, sockets of the wrong kind), EAGAIN (no
 *   thread to be had), fsock_listen()'s.
 * Ownership: the caller's; end it with fsock_server_stop().  Blocks: only to look up a name.
 */
FSOCK_API fsock_server *fsock_server_start(const char *host, int port,
    fsock_stream_handler *handler, void *arg, const struct fsock_server_options *options);

/*
 * Starts a server of datagrams (UDP or Unix-domain). All as for fsock_server_start(); `timeout`s
 * and a deadline of the socket mean nothing here.
 */
FSOCK_API fsock_server *fsock_server_start_datagram(const char *host, int port,
    fsock_datagram_handler *handler, void *arg, const struct fsock_server_options *options);

/*
 * Starts a server of lines that stream clients send: each line is a call of the handler, and no
 * call ever waits for a client. All as for fsock_server_start(), and of the clients' sockets:
 *
 *	line_limit     a client with a longer line is ended; default 65536 octets
 *	output_limit   one that does not read is cut off (reset) when more than so much is queued
 *	high_water     one with so much in the queue is not served until it has read some of it
 *	format         lines and answers are in the charset and with the line ends it says; under
 *	               "binary" a line ends at its LF, as without
 *	close_timeout  one that is ended has so long to take what is queued for it
 *
 * Lines of one client are handled in their order, and some of one client's at a time: however much
 * it sends, the others have their turn. A client that ends its side is answered and then closed.
 *
 * Each thread waits on its own for clients of its own. On Linux it has a listener of its own, too,
 * if there are several and they are opened here, for TCP: they share the port (SO_REUSEPORT), and
 * the system spreads the clients. Then another program of the same user that asks for that can
 * listen on the port as well.
 *
 * fsock_server_stop() and the like: no line is read any more. `closed` is called for each client,
 * whose connection is then ended; `grace` is the time that they have, together, to take what is
 * queued for them. Those that have not are cut off, and counted.
 */
FSOCK_API fsock_server *fsock_server_start_lines(const char *host, int port,
    fsock_line_handler *handler, void *arg, const struct fsock_server_options *options);

/*
 * The same, but serve until the server shuts down: by fsock_server_shutdown() (the `ready` function
 * gets the handle; a handler, a signal handler or another thread may call it) or by `idle`. Then
 * end as fsock_server_stop() does, which is not for such a server. Handlers run in threads of the
 * server here as well.
 * Returns: how many handlers (of a server of lines: clients) had to be cut off, 0 at best; -1 if
 *   the server could not be started.
 * Blocks: yes.
 */
FSOCK_API int fsock_server_run(const char *host, int port, fsock_stream_handler *handler, void *arg,
    const struct fsock_server_options *options);
FSOCK_API int fsock_server_run_lines(const char *host, int port, fsock_line_handler *handler,
    void *arg, const struct fsock_server_options *options);
FSOCK_API int fsock_server_run_datagram(const char *host, int port, fsock_datagram_handler *handler,
    void *arg, const struct fsock_server_options *options);

/*
 * Asks a server to take no more clients, and returns at once. Its handlers go on, for `grace`
 * seconds at most: after that fsock_server_run() cuts them off, or fsock_server_stop(), whichever
 * the program waits in. Of several calls the one whose time is up first counts.
 * Returns: 0 or -1. Errors: EINVAL (NULL; a negative grace or NaN).  Blocks: no.
 * Threads: any, handlers included; it is async-signal-safe (signal-safety(7)).
 */
FSOCK_API int fsock_server_shutdown(fsock_server *server, double grace);

/*
 * Ends a server. Its listeners are closed: new clients are refused. Handlers may go on for `grace`
 * seconds (0: not at all, INFINITY: as long as they like); those still at work are then cut off:
 * they read end of file and fail to write (EPIPE), and their clients get a reset. Returns when all
 * have returned and all threads are gone: a handler that waits for something else than its client
 * is waited for. For this a client takes two descriptors more (four where there is no eventfd(2))
 * when a write to it first has to wait.
 * Returns: how many handlers had to be cut off, 0 at best; the handle is gone. NULL: 0. On failure
 *   -1, and the server is as it was: EDEADLK (called by a handler, which could only wait for
 *   itself: use fsock_server_shutdown()), EINVAL (a negative grace or NaN).
 * Blocks: until the last handler has returned.
 */
FSOCK_API int fsock_server_stop(fsock_server *server, double grace);

/*
 * The listening socket, or the first one that still listens, for its name and options; the server's
 * own: not to be closed or accepted from.
 * Returns: the socket, good until the server is stopped; NULL (EINVAL) for NULL, and for a server
 *   that was given nothing but connected sockets.
 */
FSOCK_API fsock *fsock_server_socket(fsock_server *server);

/* How many clients (datagrams) are being served now. Returns: 0 or more; -1 (EINVAL) for NULL. */
FSOCK_API int fsock_server_clients(fsock_server *server);

/* The server in whose thread this is called, or NULL: any other thread. errno is left alone. */
FSOCK_API fsock_server *fsock_server_current(void);

/*
 * The client that the calling thread serves: the text of its address ("" for a Unix-domain client
 * without a name), and its port (0 for Unix-domain clients). They are known from the moment the
 * client was taken, even if it has vanished since.
 * Returns: text that is good until the handler returns, and 0 to 65535; outside handlers NULL and
 *   -1 (ENOTCONN).
 */
FSOCK_API const char *fsock_remote_host(void);
FSOCK_API int fsock_remote_port(void);

/*
 * A place for a pointer of the program's, which is kept as long as the client that the calling
 * thread serves a line of, opens or closes; NULL at first.
 *
 *	*fsock_client_state() = calloc(1, sizeof(struct member));     in `opened`
 *	struct member *m = *fsock_client_state();                     in the handler
 *	free(*fsock_client_state());                                  in `closed`
 *
 * Returns: the place; elsewhere than in the functions of a server of lines NULL (ENOTCONN).
 */
FSOCK_API void **fsock_client_state(void);

/*
 * Handlers ready for use; they take any `arg`.
 *
 * default_tcp says "Hello world!" and closes. echo_tcp sends every octet back as it comes, until
 * end of file. default_udp sends every datagram back.
 */
FSOCK_API int fsock_default_tcp_handler(FILE *client, void *arg);
FSOCK_API int fsock_echo_tcp_handler(FILE *client, void *arg);
FSOCK_API int fsock_default_udp_handler(struct fsock_request *request, void *arg);

/* The room that the name of an activated socket takes, with the NUL at its end. */
#define FSOCK_ACTIVATED_NAME_SIZE 256

/*
 * Takes over the sockets that systemd, or another supervisor that speaks its protocol, opened for
 * this process: those that sd_listen_fds_with_names(3) would find by LISTEN_PID, LISTEN_FDS and
 * LISTEN_FDNAMES. They become sockets in `list` with the options, and their names ("unknown" if
 * not given; FileDescriptorName= of systemd.socket(5)) are stored in `names` unless it is NULL. The
 * three variables are then removed from the environment, so that neither a second call nor a child
 * process takes the sockets for its own.
 *
 * A server that works alone, too:
 *
 *	fsock *sockets[8];
 *	int n = fsock_activated(sockets, NULL, 8, NULL);
 *	fsock_server_run(NULL, 8080, serve, NULL, &(struct fsock_server_options){
 *	    .sockets = sockets, .socket_count = n > 0 && n <= 8 ? n : 0 });
 *
 * Returns: how many sockets were passed to this process, 0 if none; if more than `room` none was
 *   taken over. -1 on failure, with nothing taken over and the environment as it was.
 * Errors: EINVAL (the variables are malformed), ENOTSOCK (one of them is something else), EBADF.
 * Ownership: the sockets are the caller's.  Blocks: no.
 * Threads: it changes the environment: call it before other threads are started.
 */
FSOCK_API int fsock_activated(fsock *list[], char (*names)[FSOCK_ACTIVATED_NAME_SIZE], size_t room,
    const struct fsock_options *options);

FSOCK_END_DECLS

#endif

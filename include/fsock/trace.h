/*
 * fsock/trace.h - what goes over the wire: a trace, and statistics of a socket. The conventions are
 * in fsock.h.
 *
 * A trace reports everything that the library does on its sockets: names and services that are
 * looked up and the results, attempts to connect, connections, handshakes of layers, every octet
 * sent and received, time limits that have passed, resets, and the end of each socket. The program
 * selects a trace with the functions below. The user selects one with the environment variable
 * FSOCK_TRACE, which is read when the first socket is created or the first name is looked up. A
 * number, such as "2" (or "&2"), is an open descriptor. Any other text is the name of a file, which
 * is created with mode 0600 or appended to, and must not be a symbolic link. Programs that run with
 * the rights of another user (set-user-ID, set-group-ID, capabilities) ignore the variable.
 *
 * Octets are traced as the streams exchange them with the socket: on a plain connection these are
 * the octets on the wire, on one with layers (TLS) the octets before encryption and after
 * decryption. Keys are not traced; passwords that the program sends are. On a socket made by
 * fsock_recode() only the socket below is traced.
 *
 * A trace on a descriptor consists of lines. Octets are shown as text with the escapes \n, \r, \t,
 * \\ and \xHH. A line ends after each LF, and after 128 octets.
 *
 *	0.000102 #1 * look up example.org
 *	0.013521 #1 * example.org: 2 addresses: 2001:db8::1, 192.0.2.7 (0.013411 s)
 *	0.013544 #1 * try 2001:db8::1 port 80
 *	0.013590 #1 ! 2001:db8::1 port 80: Network is unreachable (0.000031 s)
 *	0.013601 #1 * try 192.0.2.7 port 80
 *	0.031090 #1 * connected to 192.0.2.7 port 80 (0.017489 s)
 *	0.031140 #1 > GET / HTTP/1.0\r\n
 *	0.031140 #1 > \r\n
 *	0.048772 #1 < HTTP/1.0 200 OK\r\n
 *	0.048790 #1 * end of input
 *	0.048850 #1 * closed: 17 octets received, 18 sent (0.048748 s)
 *
 * The first column is the time in seconds since the trace began, and #1 the number of the socket.
 * In a child of fork(2) the number of the process follows the time, in brackets.
 *
 * While no trace is selected, the library tests one flag for each system call. The counters of
 * fsock_statistics() are always kept.
 */
#ifndef FSOCK_TRACE_H
#define FSOCK_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <fsock/api.h>
#include <fsock/error.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

enum fsock_trace_kind {
	FSOCK_TRACE_LOOKUP,    /* a name or service is being looked up, or the result is known */
	FSOCK_TRACE_ATTEMPT,   /* an attempt to connect to one address begins, or has failed */
	FSOCK_TRACE_OPEN,      /* a socket is connected, accepted, adopted, bound or listening */
	FSOCK_TRACE_HANDSHAKE, /* the layers are ready */
	FSOCK_TRACE_RECEIVED,  /* octets */
	FSOCK_TRACE_SENT,
	FSOCK_TRACE_END,      /* the peer has ended its output */
	FSOCK_TRACE_FAILED,   /* a time limit, a reset or another failure: see `error` */
	FSOCK_TRACE_SHUTDOWN, /* the program has shut down a direction */
	FSOCK_TRACE_CLOSED    /* the socket is closed, reset or released */
};

/* One event. Pointers are valid until the function that was called with it returns. */
struct fsock_trace_event {
	enum fsock_trace_kind kind;
	int socket;      /* the number of the socket, from 1; 0 if there is none */
	double time;     /* seconds since the trace began */
	double duration; /* how many seconds the lookup, attempt, ... took; -1 if it has none */
	enum fsock_error_kind error; /* of a failure or a failed attempt; else FSOCK_NO_ERROR */
	const char *text;            /* one line: "connected to 192.0.2.7 port 80" */
	const void *octets;          /* of FSOCK_TRACE_RECEIVED and _SENT; NULL otherwise */
	size_t count;                /* their number */
};

/*
 * A function of the program's that receives the events. It runs in the thread that does the work,
 * within the call, and none of the library's locks is held. It may use the library, except for the
 * socket of the event; these calls are not traced. It must return, and must not wait for long. The
 * last error and errno are unaffected by what it does.
 */
typedef void fsock_tracer(const struct fsock_trace_event *event, void *arg);

/*
 * Selects a function as the trace of the process. It replaces the previous trace, including one
 * that FSOCK_TRACE has selected. NULL ends tracing.
 * Ownership: `arg` must remain valid. A thread that was in the previous function at the time of the
 *   call may still be there when the call returns.
 * Select it before other threads wait on lists: events of a wait that has already begun may be
 * passed on with the list's lock held, and the function must then not use that list.
 * Threads: any.
 */
FSOCK_API void fsock_set_trace(fsock_tracer *function, void *arg);

/*
 * The same for a descriptor, to which lines are written; -1 ends tracing. Each event is written by
 * one write(2), or by several if it has many octets. A trace that cannot be written ends silently,
 * without SIGPIPE. An event that a non-blocking descriptor does not take within one second is lost;
 * each such event waits that long.
 * Returns: 0, or -1 with the trace unchanged.
 * Errors: EBADF (not open for writing).
 * Ownership: the descriptor remains the program's, which must end tracing before it closes it.
 * Threads: any.
 */
FSOCK_API int fsock_set_trace_descriptor(int descriptor);

/*
 * What has gone over a socket. Octets are counted as the trace shows them; `wire` counts those that
 * the layers have exchanged with the descriptor, and is the same without layers. Pieces are
 * datagrams, and on a stream the parts in which octets were received or sent, each by a system call
 * or a call of a layer.
 *
 * Records are datagrams, and on a socket that delivers whole lines or records (see `delivery` in
 * struct fsock_options, and fsock_set_record()) those that end in what its streams have delivered
 * and sent, not counting twice what was given back. Other sockets count none; nor are sent records
 * of FSOCK_RECORD_MEASURED counted.
 *
 * Moments are seconds since the socket was created, for example by fsock_connect(); -1 means that
 * the event has not happened, or does not happen on this kind of socket. For example, the
 * connection took `connected - looked_up` seconds, and its handshake `ready - connected`.
 */
struct fsock_statistics {
	uint64_t octets_received, octets_sent;
	uint64_t wire_received, wire_sent;
	uint64_t pieces_received, pieces_sent;
	double age;         /* now */
	double looked_up;   /* fsock_connect(): the addresses were known */
	double connected;   /* the connection was made or accepted */
	double ready;       /* the handshakes of the layers were complete; without: as connected */
	double first_octet; /* the first octet arrived */
	uint64_t records_received, records_sent;
	double reserved[9]; /* room for later */
};

/*
 * Fills in the statistics of a socket, also of a listener (only its age). For a stream:
 * fsock_statistics(fsock_of(f), &statistics). They are counted whether or not there is a trace.
 * Returns: 0 or -1.
 * Errors: EINVAL (NULL).
 * Threads: any; a transfer under way in another thread is counted when it returns.
 */
FSOCK_API int fsock_statistics(fsock *s, struct fsock_statistics *statistics);

FSOCK_END_DECLS

#endif

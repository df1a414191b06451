/*
 * fsock/error.h - what went wrong.
 *
 * The kinds are the conditions of Common Lisp's usocket, in its hierarchy, plus a kind for what
 * usocket leaves unmapped. Groups are kinds as well: fsock_error_is() asks whether a kind belongs
 * to a group, so a program tests as coarsely or as finely as it likes.
 */
#ifndef FSOCK_ERROR_H
#define FSOCK_ERROR_H

#include <fsock/api.h>

FSOCK_BEGIN_DECLS

enum fsock_error_kind {
	FSOCK_NO_ERROR = 0,

	/* Groups: never the kind of an error, only asked for in fsock_error_is(). */
	FSOCK_SOCKET_CONDITION,            /* anything to do with a socket */
	FSOCK_SOCKET_ERROR,                /* the part of it that is an error */
	FSOCK_NS_CONDITION,                /* anything to do with looking up a name */
	FSOCK_NS_ERROR,                    /* the part of it that is an error */
	FSOCK_INSUFFICIENT_IMPLEMENTATION, /* not offered here */

	/* In FSOCK_SOCKET_CONDITION. */
	FSOCK_INTERRUPTED_CONDITION, /* a wait was interrupted: EINTR */
	FSOCK_UNKNOWN_CONDITION,
	FSOCK_END_OF_FILE, /* a read came to the end of input, or to a bound; errnum is 0 */

	/* In FSOCK_SOCKET_ERROR: usocket's. */
	FSOCK_ADDRESS_IN_USE_ERROR,
	FSOCK_ADDRESS_NOT_AVAILABLE_ERROR,
	FSOCK_ALREADY_SHUTDOWN_ERROR, /* the direction was shut down before: ESHUTDOWN */
	FSOCK_BAD_FILE_DESCRIPTOR_ERROR,
	FSOCK_CONNECTION_REFUSED_ERROR,
	FSOCK_CONNECTION_ABORTED_ERROR,
	FSOCK_CONNECTION_RESET_ERROR,
	FSOCK_INVALID_ARGUMENT_ERROR,
	FSOCK_NO_BUFFERS_ERROR, /* also: more output than output_limit is to be queued */
	FSOCK_OPERATION_NOT_SUPPORTED_ERROR,
	FSOCK_OPERATION_NOT_PERMITTED_ERROR,
	FSOCK_PROTOCOL_NOT_SUPPORTED_ERROR,
	FSOCK_SOCKET_TYPE_NOT_SUPPORTED_ERROR,
	FSOCK_NETWORK_UNREACHABLE_ERROR,
	FSOCK_NETWORK_DOWN_ERROR,
	FSOCK_NETWORK_RESET_ERROR,
	FSOCK_HOST_DOWN_ERROR,
	FSOCK_HOST_UNREACHABLE_ERROR,
	FSOCK_OUT_OF_MEMORY_ERROR,
	FSOCK_SHUTDOWN_ERROR,         /* shutting down failed because there is no peer to tell */
	FSOCK_TIMEOUT_ERROR,          /* a connect, read or write timeout ran out */
	FSOCK_DEADLINE_TIMEOUT_ERROR, /* the deadline of the whole exchange passed */
	FSOCK_INVALID_SOCKET_ERROR,   /* not a socket, a NULL handle, or the wrong kind of socket */
	FSOCK_INVALID_SOCKET_STREAM_ERROR, /* not a stream of this library, or NULL */
	FSOCK_UNKNOWN_ERROR,

	/* In FSOCK_SOCKET_ERROR: what usocket passes through raw. */
	FSOCK_BROKEN_PIPE_ERROR,
	FSOCK_NOT_CONNECTED_ERROR,
	FSOCK_ALREADY_CONNECTED_ERROR,
	FSOCK_IN_PROGRESS_ERROR, /* not connected yet */
	FSOCK_WOULD_BLOCK,       /* nothing to read, or no room to write, right now: EAGAIN */
	FSOCK_TOO_MANY_FILES_ERROR,
	FSOCK_MESSAGE_TOO_LONG_ERROR,
	FSOCK_ADDRESS_FAMILY_NOT_SUPPORTED_ERROR,
	FSOCK_DESTINATION_REQUIRED_ERROR,
	FSOCK_NO_SUCH_FILE_ERROR,     /* a Unix-domain path that does not exist: ENOENT, ENOTDIR */
	FSOCK_NAME_TOO_LONG_ERROR,    /* a Unix-domain path longer than the system takes */
	FSOCK_LINE_TOO_LONG_ERROR,    /* a line longer than the stream's line_limit */
	FSOCK_ENCODING_ERROR,         /* bytes that mean nothing in the stream's charset: EILSEQ */
	FSOCK_CANCELED_ERROR,         /* fsock_interrupt() ended the call: ECANCELED */
	FSOCK_NOT_SEEKABLE_ERROR,     /* a seek that is more than giving back unread input */
	FSOCK_BUFFER_TOO_SMALL_ERROR, /* a caller's buffer is smaller than the result: ERANGE */

	/* In FSOCK_SOCKET_ERROR: of layers such as TLS. EPROTO; ECONNRESET for the last. */
	FSOCK_TLS_ERROR,         /* what the peer says is not TLS, or is not agreed to */
	FSOCK_CERTIFICATE_ERROR, /* a certificate is not accepted */
	FSOCK_TRUNCATED_ERROR,   /* input ended, but the peer has not said that it does */

	/* In FSOCK_NS_CONDITION. */
	FSOCK_NS_UNKNOWN_CONDITION,

	/* In FSOCK_NS_ERROR. */
	FSOCK_NS_HOST_NOT_FOUND_ERROR,
	FSOCK_NS_NO_DATA_ERROR, /* the name exists, but has no address of the family asked for */
	FSOCK_NS_NO_RECOVERY_ERROR,
	FSOCK_NS_TRY_AGAIN_ERROR,
	FSOCK_NS_UNKNOWN_ERROR,

	/* In FSOCK_INSUFFICIENT_IMPLEMENTATION. */
	FSOCK_UNSUPPORTED,   /* this system cannot do it */
	FSOCK_UNIMPLEMENTED, /* it means nothing for this kind of socket */

	FSOCK_ERROR_KIND_COUNT
};

#define FSOCK_ERROR_HOST_MAX 256
#define FSOCK_ERROR_TEXT_MAX 512

struct fsock_error {
	enum fsock_error_kind kind;
	int errnum;            /* what errno was set to */
	int eai;               /* getaddrinfo(3)'s code (EAI_...), or 0 if no name was looked up */
	const char *operation; /* "connect", "read", ...; static text */
	char host[FSOCK_ERROR_HOST_MAX]; /* "" if no host was concerned; cut if longer */
	int port;                        /* -1 if no port was concerned */
	char text[FSOCK_ERROR_TEXT_MAX]; /* "connect to example.org port 81: Connection refused" */
};

/*
 * The last error of the calling thread. Successes do not change it. A read that comes to the end of
 * input is told as FSOCK_END_OF_FILE, with errnum 0 and errno left alone; the end of input behind a
 * reset is told as that reset, with errno left alone as well. What a libc's stdio refuses without
 * asking us, as it does to read a stream that only writes (EBADF), is not told here. Why a socket
 * has failed, whoever met it: fsock_socket_error().
 * Returns: never NULL; kind is FSOCK_NO_ERROR while nothing has failed. The struct is the thread's
 *   own and static: the next failure in this thread overwrites it. Ask anew then, as it is this
 *   call that makes the text.
 */
FSOCK_API const struct fsock_error *fsock_last_error(void);

/* Forgets the calling thread's last error: fsock_last_error()->kind is FSOCK_NO_ERROR again. */
FSOCK_API void fsock_clear_error(void);

/*
 * The name of a kind as usocket spells it: "connection-refused-error".
 * Returns: static text; "unknown-error" for a value that is no kind.
 */
FSOCK_API const char *fsock_error_name(enum fsock_error_kind kind);

/*
 * Whether `kind` is `group` or belongs to it, directly or through other groups.
 * Returns: 1 or 0.
 */
FSOCK_API int fsock_error_is(enum fsock_error_kind kind, enum fsock_error_kind group);

/*
 * The kind that an errno value stands for. errno(3); values are matched by name, never by number.
 * Returns: FSOCK_NO_ERROR for 0, FSOCK_UNKNOWN_ERROR for a value with no kind of its own.
 */
FSOCK_API enum fsock_error_kind fsock_error_kind_of_errno(int errnum);

/*
 * The kind that a getaddrinfo(3) code stands for. EAI_SYSTEM looks at errno.
 * Returns: FSOCK_NO_ERROR for 0, FSOCK_NS_UNKNOWN_ERROR for a code with no kind of its own.
 */
FSOCK_API enum fsock_error_kind fsock_error_kind_of_eai(int eai);

FSOCK_END_DECLS

#endif

/*
 * fsock/error.h - errors.
 *
 * The kinds of errors are the conditions of Common Lisp's usocket, in its hierarchy, plus kinds for
 * errors that usocket does not map. Groups are kinds as well: fsock_error_is() tells whether a kind
 * belongs to a group, so a program can test as coarsely or as finely as it needs.
 */
#ifndef FSOCK_ERROR_H
#define FSOCK_ERROR_H

#include <fsock/api.h>

FSOCK_BEGIN_DECLS

enum fsock_error_kind {
	FSOCK_NO_ERROR = 0,

	/* Groups: never the kind of an error, for use in fsock_error_is() only. */
	FSOCK_SOCKET_CONDITION,            /* all conditions of sockets */
	FSOCK_SOCKET_ERROR,                /* those that are errors */
	FSOCK_NS_CONDITION,                /* all conditions of name lookups */
	FSOCK_NS_ERROR,                    /* those that are errors */
	FSOCK_INSUFFICIENT_IMPLEMENTATION, /* not available */

	/* In FSOCK_SOCKET_CONDITION. */
	FSOCK_INTERRUPTED_CONDITION, /* a wait was interrupted: EINTR */
	FSOCK_UNKNOWN_CONDITION,
	FSOCK_END_OF_FILE, /* a read reached the end of input, or a bound; errnum is 0 */

	/* In FSOCK_SOCKET_ERROR: those of usocket. */
	FSOCK_ADDRESS_IN_USE_ERROR,
	FSOCK_ADDRESS_NOT_AVAILABLE_ERROR,
	FSOCK_ALREADY_SHUTDOWN_ERROR, /* the direction has already been shut down: ESHUTDOWN */
	FSOCK_BAD_FILE_DESCRIPTOR_ERROR,
	FSOCK_CONNECTION_REFUSED_ERROR,
	FSOCK_CONNECTION_ABORTED_ERROR,
	FSOCK_CONNECTION_RESET_ERROR,
	FSOCK_INVALID_ARGUMENT_ERROR,
	FSOCK_NO_BUFFERS_ERROR, /* also: queued output would exceed output_limit */
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
	FSOCK_SHUTDOWN_ERROR,         /* shutting down failed because there is no peer */
	FSOCK_TIMEOUT_ERROR,          /* a connect, read or write timeout has expired */
	FSOCK_DEADLINE_TIMEOUT_ERROR, /* the deadline of the whole exchange has passed */
	FSOCK_INVALID_SOCKET_ERROR,   /* not a socket, a NULL handle, or the wrong kind of socket */
	FSOCK_INVALID_SOCKET_STREAM_ERROR, /* not a stream of this library, or NULL */
	FSOCK_UNKNOWN_ERROR,

	/* In FSOCK_SOCKET_ERROR: errors that usocket does not map. */
	FSOCK_BROKEN_PIPE_ERROR,
	FSOCK_NOT_CONNECTED_ERROR,
	FSOCK_ALREADY_CONNECTED_ERROR,
	FSOCK_IN_PROGRESS_ERROR, /* not connected yet */
	FSOCK_WOULD_BLOCK,       /* no input, or no room for output, at the moment: EAGAIN */
	FSOCK_TOO_MANY_FILES_ERROR,
	FSOCK_MESSAGE_TOO_LONG_ERROR,
	FSOCK_ADDRESS_FAMILY_NOT_SUPPORTED_ERROR,
	FSOCK_DESTINATION_REQUIRED_ERROR,
	FSOCK_NO_SUCH_FILE_ERROR,     /* a Unix-domain path does not exist: ENOENT, ENOTDIR */
	FSOCK_NAME_TOO_LONG_ERROR,    /* a Unix-domain path is longer than the system permits */
	FSOCK_LINE_TOO_LONG_ERROR,    /* a line is longer than the stream's line_limit */
	FSOCK_ENCODING_ERROR,         /* bytes that are invalid in the stream's charset: EILSEQ */
	FSOCK_CANCELED_ERROR,         /* fsock_interrupt() ended the call: ECANCELED */
	FSOCK_NOT_SEEKABLE_ERROR,     /* a seek other than one that returns unread input */
	FSOCK_BUFFER_TOO_SMALL_ERROR, /* the caller's buffer is smaller than the result: ERANGE */

	/* In FSOCK_SOCKET_ERROR: those of layers such as TLS. EPROTO; ECONNRESET for the last. */
	FSOCK_TLS_ERROR,         /* the peer does not use TLS, or the negotiation failed */
	FSOCK_CERTIFICATE_ERROR, /* a certificate was rejected */
	FSOCK_TRUNCATED_ERROR,   /* input ended, but the peer did not announce its end */

	/* In FSOCK_NS_CONDITION. */
	FSOCK_NS_UNKNOWN_CONDITION,

	/* In FSOCK_NS_ERROR. */
	FSOCK_NS_HOST_NOT_FOUND_ERROR,
	FSOCK_NS_NO_DATA_ERROR, /* the name exists, but has no address of the requested family */
	FSOCK_NS_NO_RECOVERY_ERROR,
	FSOCK_NS_TRY_AGAIN_ERROR,
	FSOCK_NS_UNKNOWN_ERROR,

	/* In FSOCK_INSUFFICIENT_IMPLEMENTATION. */
	FSOCK_UNSUPPORTED,   /* not supported by this system */
	FSOCK_UNIMPLEMENTED, /* not applicable to this kind of socket */

	FSOCK_ERROR_KIND_COUNT
};

#define FSOCK_ERROR_HOST_MAX 256
#define FSOCK_ERROR_TEXT_MAX 512

struct fsock_error {
	enum fsock_error_kind kind;
	int errnum;            /* the errno value of the failure */
	int eai;               /* the getaddrinfo(3) code (EAI_...), or 0 without a lookup */
	const char *operation; /* "connect", "read", ...; static text */
	char host[FSOCK_ERROR_HOST_MAX]; /* "" if no host is involved; truncated if longer */
	int port;                        /* -1 if no port is involved */
	char text[FSOCK_ERROR_TEXT_MAX]; /* "connect to example.org port 81: Connection refused" */
};

/*
 * Returns the last error of the calling thread. Successful calls do not change it.
 *
 * A read at the end of input is recorded as FSOCK_END_OF_FILE, with errnum 0, and errno is
 * unchanged. If the input ended because of a reset, that reset is recorded, and errno is unchanged
 * as well. Errors that the libc's stdio detects without calling this library, such as EBADF for
 * reading a stream that only writes, are not recorded. To learn why a socket has failed, regardless
 * of the thread that met the failure, use fsock_socket_error().
 * Returns: never NULL; kind is FSOCK_NO_ERROR if nothing has failed. The struct is static and
 *   belongs to the thread: the next failure in this thread overwrites it. After that call this
 *   function again, because this call generates the text.
 */
FSOCK_API const struct fsock_error *fsock_last_error(void);

/* Clears the calling thread's last error: fsock_last_error()->kind is FSOCK_NO_ERROR again. */
FSOCK_API void fsock_clear_error(void);

/*
 * Returns the name of a kind in usocket's spelling: "connection-refused-error".
 * Returns: static text; "unknown-error" for a value that is not a kind.
 */
FSOCK_API const char *fsock_error_name(enum fsock_error_kind kind);

/*
 * Tells whether `kind` is `group` or belongs to it, directly or through other groups.
 * Returns: 1 or 0.
 */
FSOCK_API int fsock_error_is(enum fsock_error_kind kind, enum fsock_error_kind group);

/*
 * Returns the kind of an errno(3) value. Values are matched by name, never by number.
 * Returns: FSOCK_NO_ERROR for 0, FSOCK_UNKNOWN_ERROR for a value that has no kind.
 */
FSOCK_API enum fsock_error_kind fsock_error_kind_of_errno(int errnum);

/*
 * Returns the kind of a getaddrinfo(3) code. For EAI_SYSTEM it examines errno.
 * Returns: FSOCK_NO_ERROR for 0, FSOCK_NS_UNKNOWN_ERROR for a code that has no kind.
 */
FSOCK_API enum fsock_error_kind fsock_error_kind_of_eai(int eai);

FSOCK_END_DECLS

#endif

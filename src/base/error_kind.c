/* The tables of error kinds: names, hierarchy, and what errno values and resolver codes mean. */
#include "compat.h"

#include <fsock/error.h>

struct kind {
	const char *name; /* usocket's, where it has one */
	enum fsock_error_kind parent;
};

#define SOCKET FSOCK_SOCKET_ERROR

static const struct kind kinds[FSOCK_ERROR_KIND_COUNT] = {
	[FSOCK_NO_ERROR] = { "no-error", FSOCK_NO_ERROR },
	[FSOCK_SOCKET_CONDITION] = { "socket-condition", FSOCK_NO_ERROR },
	[FSOCK_SOCKET_ERROR] = { "socket-error", FSOCK_SOCKET_CONDITION },
	[FSOCK_NS_CONDITION] = { "ns-condition", FSOCK_NO_ERROR },
	[FSOCK_NS_ERROR] = { "ns-error", FSOCK_NS_CONDITION },
	[FSOCK_INSUFFICIENT_IMPLEMENTATION] = { "insufficient-implementation", FSOCK_NO_ERROR },
	[FSOCK_INTERRUPTED_CONDITION] = { "interrupted-condition", FSOCK_SOCKET_CONDITION },
	[FSOCK_UNKNOWN_CONDITION] = { "unknown-condition", FSOCK_SOCKET_CONDITION },
	[FSOCK_END_OF_FILE] = { "end-of-file", FSOCK_SOCKET_CONDITION },
	[FSOCK_ADDRESS_IN_USE_ERROR] = { "address-in-use-error", SOCKET },
	[FSOCK_ADDRESS_NOT_AVAILABLE_ERROR] = { "address-not-available-error", SOCKET },
	[FSOCK_ALREADY_SHUTDOWN_ERROR] = { "already-shutdown-error", SOCKET },
	[FSOCK_BAD_FILE_DESCRIPTOR_ERROR] = { "bad-file-descriptor-error", SOCKET },
	[FSOCK_CONNECTION_REFUSED_ERROR] = { "connection-refused-error", SOCKET },
	[FSOCK_CONNECTION_ABORTED_ERROR] = { "connection-aborted-error", SOCKET },
	[FSOCK_CONNECTION_RESET_ERROR] = { "connection-reset-error", SOCKET },
	[FSOCK_INVALID_ARGUMENT_ERROR] = { "invalid-argument-error", SOCKET },
	[FSOCK_NO_BUFFERS_ERROR] = { "no-buffers-error", SOCKET },
	[FSOCK_OPERATION_NOT_SUPPORTED_ERROR] = { "operation-not-supported-error", SOCKET },
	[FSOCK_OPERATION_NOT_PERMITTED_ERROR] = { "operation-not-permitted-error", SOCKET },
	[FSOCK_PROTOCOL_NOT_SUPPORTED_ERROR] = { "protocol-not-supported-error", SOCKET },
	[FSOCK_SOCKET_TYPE_NOT_SUPPORTED_ERROR] = { "socket-type-not-supported-error", SOCKET },
	[FSOCK_NETWORK_UNREACHABLE_ERROR] = { "network-unreachable-error", SOCKET },
	[FSOCK_NETWORK_DOWN_ERROR] = { "network-down-error", SOCKET },
	[FSOCK_NETWORK_RESET_ERROR] = { "network-reset-error", SOCKET },
	[FSOCK_HOST_DOWN_ERROR] = { "host-down-error", SOCKET },
	[FSOCK_HOST_UNREACHABLE_ERROR] = { "host-unreachable-error", SOCKET },
	[FSOCK_OUT_OF_MEMORY_ERROR] = { "out-of-memory-error", SOCKET },
	[FSOCK_SHUTDOWN_ERROR] = { "shutdown-error", SOCKET },
	[FSOCK_TIMEOUT_ERROR] = { "timeout-error", SOCKET },
	[FSOCK_DEADLINE_TIMEOUT_ERROR] = { "deadline-timeout-error", SOCKET },
	[FSOCK_INVALID_SOCKET_ERROR] = { "invalid-socket-error", SOCKET },
	[FSOCK_INVALID_SOCKET_STREAM_ERROR] = { "invalid-socket-stream-error", SOCKET },
	[FSOCK_UNKNOWN_ERROR] = { "unknown-error", SOCKET },
	[FSOCK_BROKEN_PIPE_ERROR] = { "broken-pipe-error", SOCKET },
	[FSOCK_NOT_CONNECTED_ERROR] = { "not-connected-error", SOCKET },
	[FSOCK_ALREADY_CONNECTED_ERROR] = { "already-connected-error", SOCKET },
	[FSOCK_IN_PROGRESS_ERROR] = { "in-progress-error", SOCKET },
	[FSOCK_WOULD_BLOCK] = { "would-block", SOCKET },
	[FSOCK_TOO_MANY_FILES_ERROR] = { "too-many-files-error", SOCKET },
	[FSOCK_MESSAGE_TOO_LONG_ERROR] = { "message-too-long-error", SOCKET },
	[FSOCK_ADDRESS_FAMILY_NOT_SUPPORTED_ERROR] = { "address-family-not-supported-error",
	    SOCKET },
	[FSOCK_DESTINATION_REQUIRED_ERROR] = { "destination-required-error", SOCKET },
	[FSOCK_NO_SUCH_FILE_ERROR] = { "no-such-file-error", SOCKET },
	[FSOCK_NAME_TOO_LONG_ERROR] = { "name-too-long-error", SOCKET },
	[FSOCK_LINE_TOO_LONG_ERROR] = { "line-too-long-error", SOCKET },
	[FSOCK_ENCODING_ERROR] = { "encoding-error", SOCKET },
	[FSOCK_CANCELED_ERROR] = { "canceled-error", SOCKET },
	[FSOCK_NOT_SEEKABLE_ERROR] = { "not-seekable-error", SOCKET },
	[FSOCK_BUFFER_TOO_SMALL_ERROR] = { "buffer-too-small-error", SOCKET },
	[FSOCK_TLS_ERROR] = { "tls-error", SOCKET },
	[FSOCK_CERTIFICATE_ERROR] = { "certificate-error", SOCKET },
	[FSOCK_TRUNCATED_ERROR] = { "truncated-error", SOCKET },
	[FSOCK_NS_UNKNOWN_CONDITION] = { "ns-unknown-condition", FSOCK_NS_CONDITION },
	[FSOCK_NS_HOST_NOT_FOUND_ERROR] = { "ns-host-not-found-error", FSOCK_NS_ERROR },
	[FSOCK_NS_NO_DATA_ERROR] = { "ns-no-data-error", FSOCK_NS_ERROR },
	[FSOCK_NS_NO_RECOVERY_ERROR] = { "ns-no-recovery-error", FSOCK_NS_ERROR },
	[FSOCK_NS_TRY_AGAIN_ERROR] = { "ns-try-again-error", FSOCK_NS_ERROR },
	[FSOCK_NS_UNKNOWN_ERROR] = { "ns-unknown-error", FSOCK_NS_ERROR },
	[FSOCK_UNSUPPORTED] = { "unsupported", FSOCK_INSUFFICIENT_IMPLEMENTATION },
	[FSOCK_UNIMPLEMENTED] = { "unimplemented", FSOCK_INSUFFICIENT_IMPLEMENTATION },
};

struct code {
	int code;
	enum fsock_error_kind kind;
};

/* Searched in order: where two names share a number on some system, the first one decides. */
static const struct code errnos[] = {
	{ 0, FSOCK_NO_ERROR },
	{ EADDRINUSE, FSOCK_ADDRESS_IN_USE_ERROR },
	{ EADDRNOTAVAIL, FSOCK_ADDRESS_NOT_AVAILABLE_ERROR },
	{ EBADF, FSOCK_BAD_FILE_DESCRIPTOR_ERROR },
	{ ECONNREFUSED, FSOCK_CONNECTION_REFUSED_ERROR },
	{ ECONNRESET, FSOCK_CONNECTION_RESET_ERROR },
	{ ECONNABORTED, FSOCK_CONNECTION_ABORTED_ERROR },
	{ EPIPE, FSOCK_BROKEN_PIPE_ERROR },
	{ ESHUTDOWN, FSOCK_ALREADY_SHUTDOWN_ERROR },
	{ ETIMEDOUT, FSOCK_TIMEOUT_ERROR },
	{ EAGAIN, FSOCK_WOULD_BLOCK },
	{ EWOULDBLOCK, FSOCK_WOULD_BLOCK },
	{ EINTR, FSOCK_INTERRUPTED_CONDITION },
	{ EINVAL, FSOCK_INVALID_ARGUMENT_ERROR },
	{ ENOBUFS, FSOCK_NO_BUFFERS_ERROR },
	{ ENOMEM, FSOCK_OUT_OF_MEMORY_ERROR },
	{ EOPNOTSUPP, FSOCK_OPERATION_NOT_SUPPORTED_ERROR },
	{ ENOTSUP, FSOCK_OPERATION_NOT_SUPPORTED_ERROR },
	{ EPERM, FSOCK_OPERATION_NOT_PERMITTED_ERROR },
	{ EACCES, FSOCK_OPERATION_NOT_PERMITTED_ERROR },
	{ EPROTONOSUPPORT, FSOCK_PROTOCOL_NOT_SUPPORTED_ERROR },
	{ EPROTOTYPE, FSOCK_SOCKET_TYPE_NOT_SUPPORTED_ERROR },
	{ ESOCKTNOSUPPORT, FSOCK_SOCKET_TYPE_NOT_SUPPORTED_ERROR },
	{ ENETUNREACH, FSOCK_NETWORK_UNREACHABLE_ERROR },
	{ ENETDOWN, FSOCK_NETWORK_DOWN_ERROR },
	{ ENETRESET, FSOCK_NETWORK_RESET_ERROR },
	{ EHOSTDOWN, FSOCK_HOST_DOWN_ERROR },
	{ EHOSTUNREACH, FSOCK_HOST_UNREACHABLE_ERROR },
	{ ENOTCONN, FSOCK_NOT_CONNECTED_ERROR },
	{ EISCONN, FSOCK_ALREADY_CONNECTED_ERROR },
	{ EINPROGRESS, FSOCK_IN_PROGRESS_ERROR },
	{ EALREADY, FSOCK_IN_PROGRESS_ERROR },
	{ EBUSY, FSOCK_IN_PROGRESS_ERROR },
	{ EMFILE, FSOCK_TOO_MANY_FILES_ERROR },
	{ ENFILE, FSOCK_TOO_MANY_FILES_ERROR },
	{ ENOTSOCK, FSOCK_INVALID_SOCKET_ERROR },
	{ EMSGSIZE, FSOCK_MESSAGE_TOO_LONG_ERROR },
	{ EAFNOSUPPORT, FSOCK_ADDRESS_FAMILY_NOT_SUPPORTED_ERROR },
	{ EDESTADDRREQ, FSOCK_DESTINATION_REQUIRED_ERROR },
	{ ENOENT, FSOCK_NO_SUCH_FILE_ERROR },
	{ ENOTDIR, FSOCK_NO_SUCH_FILE_ERROR },
	{ ENAMETOOLONG, FSOCK_NAME_TOO_LONG_ERROR },
	{ EILSEQ, FSOCK_ENCODING_ERROR },
	{ ECANCELED, FSOCK_CANCELED_ERROR },
	{ ESPIPE, FSOCK_NOT_SEEKABLE_ERROR },
	{ ERANGE, FSOCK_BUFFER_TOO_SMALL_ERROR },
	{ ENOPROTOOPT, FSOCK_UNIMPLEMENTED },
	{ ENOSYS, FSOCK_UNSUPPORTED },
};

static const struct code eais[] = {
	{ 0, FSOCK_NO_ERROR },
	{ EAI_NONAME, FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ EAI_NODATA, FSOCK_NS_NO_DATA_ERROR },
	{ EAI_ADDRFAMILY, FSOCK_NS_NO_DATA_ERROR },
	{ EAI_AGAIN, FSOCK_NS_TRY_AGAIN_ERROR },
	{ EAI_FAIL, FSOCK_NS_NO_RECOVERY_ERROR },
	{ EAI_MEMORY, FSOCK_OUT_OF_MEMORY_ERROR },
	{ EAI_FAMILY, FSOCK_ADDRESS_FAMILY_NOT_SUPPORTED_ERROR },
	{ EAI_SOCKTYPE, FSOCK_SOCKET_TYPE_NOT_SUPPORTED_ERROR },
	{ EAI_SERVICE, FSOCK_INVALID_ARGUMENT_ERROR },
	{ EAI_BADFLAGS, FSOCK_INVALID_ARGUMENT_ERROR },
	{ EAI_OVERFLOW, FSOCK_BUFFER_TOO_SMALL_ERROR },
};

static enum fsock_error_kind
look_up(const struct code *codes, size_t n, int code, enum fsock_error_kind otherwise)
{
	for (size_t i = 0; i < n; i++)
		if (codes[i].code == code)
			return codes[i].kind;
	return otherwise;
}

/* see fsock/error.h */
enum fsock_error_kind
fsock_error_kind_of_errno(int errnum)
{
	return look_up(errnos, sizeof errnos / sizeof errnos[0], errnum, FSOCK_UNKNOWN_ERROR);
}

/* see fsock/error.h */
enum fsock_error_kind
fsock_error_kind_of_eai(int eai)
{
	if (eai == EAI_SYSTEM)
		return fsock_error_kind_of_errno(errno);
	return look_up(eais, sizeof eais / sizeof eais[0], eai, FSOCK_NS_UNKNOWN_ERROR);
}

static int
is_kind(enum fsock_error_kind kind)
{
	return (int)kind >= 0 && kind < FSOCK_ERROR_KIND_COUNT;
}

/* see fsock/error.h */
const char *
fsock_error_name(enum fsock_error_kind kind)
{
	return kinds[is_kind(kind) ? kind : FSOCK_UNKNOWN_ERROR].name;
}

/* see fsock/error.h */
int
fsock_error_is(enum fsock_error_kind kind, enum fsock_error_kind group)
{
	if (!is_kind(kind) || group == FSOCK_NO_ERROR)
		return kind == group;
	for (; kind != FSOCK_NO_ERROR; kind = kinds[kind].parent)
		if (kind == group)
			return 1;
	return 0;
}

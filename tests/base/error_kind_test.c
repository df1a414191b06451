/* Kinds of errors: names, hierarchy, and what errno values and resolver codes mean. */
#include "../../src/base/compat.h"

#include "../support/sock_support.h"

/* usocket's name of every kind, and the kind it belongs to; in the order of the enum. */
static const struct kind {
	enum fsock_error_kind kind;
	const char *name;
	enum fsock_error_kind parent;
} kinds[] = {
	{ FSOCK_NO_ERROR, "no-error", FSOCK_NO_ERROR },
	{ FSOCK_SOCKET_CONDITION, "socket-condition", FSOCK_NO_ERROR },
	{ FSOCK_SOCKET_ERROR, "socket-error", FSOCK_SOCKET_CONDITION },
	{ FSOCK_NS_CONDITION, "ns-condition", FSOCK_NO_ERROR },
	{ FSOCK_NS_ERROR, "ns-error", FSOCK_NS_CONDITION },
	{ FSOCK_INSUFFICIENT_IMPLEMENTATION, "insufficient-implementation", FSOCK_NO_ERROR },
	{ FSOCK_INTERRUPTED_CONDITION, "interrupted-condition", FSOCK_SOCKET_CONDITION },
	{ FSOCK_UNKNOWN_CONDITION, "unknown-condition", FSOCK_SOCKET_CONDITION },
	{ FSOCK_END_OF_FILE, "end-of-file", FSOCK_SOCKET_CONDITION },
	{ FSOCK_ADDRESS_IN_USE_ERROR, "address-in-use-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_ADDRESS_NOT_AVAILABLE_ERROR, "address-not-available-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_ALREADY_SHUTDOWN_ERROR, "already-shutdown-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_BAD_FILE_DESCRIPTOR_ERROR, "bad-file-descriptor-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_CONNECTION_REFUSED_ERROR, "connection-refused-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_CONNECTION_ABORTED_ERROR, "connection-aborted-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_CONNECTION_RESET_ERROR, "connection-reset-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_INVALID_ARGUMENT_ERROR, "invalid-argument-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_NO_BUFFERS_ERROR, "no-buffers-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_OPERATION_NOT_SUPPORTED_ERROR, "operation-not-supported-error",
	    FSOCK_SOCKET_ERROR },
	{ FSOCK_OPERATION_NOT_PERMITTED_ERROR, "operation-not-permitted-error",
	    FSOCK_SOCKET_ERROR },
	{ FSOCK_PROTOCOL_NOT_SUPPORTED_ERROR, "protocol-not-supported-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_SOCKET_TYPE_NOT_SUPPORTED_ERROR, "socket-type-not-supported-error",
	    FSOCK_SOCKET_ERROR },
	{ FSOCK_NETWORK_UNREACHABLE_ERROR, "network-unreachable-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_NETWORK_DOWN_ERROR, "network-down-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_NETWORK_RESET_ERROR, "network-reset-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_HOST_DOWN_ERROR, "host-down-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_HOST_UNREACHABLE_ERROR, "host-unreachable-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_OUT_OF_MEMORY_ERROR, "out-of-memory-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_SHUTDOWN_ERROR, "shutdown-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_TIMEOUT_ERROR, "timeout-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_DEADLINE_TIMEOUT_ERROR, "deadline-timeout-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_INVALID_SOCKET_ERROR, "invalid-socket-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_INVALID_SOCKET_STREAM_ERROR, "invalid-socket-stream-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_UNKNOWN_ERROR, "unknown-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_BROKEN_PIPE_ERROR, "broken-pipe-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_NOT_CONNECTED_ERROR, "not-connected-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_ALREADY_CONNECTED_ERROR, "already-connected-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_IN_PROGRESS_ERROR, "in-progress-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_WOULD_BLOCK, "would-block", FSOCK_SOCKET_ERROR },
	{ FSOCK_TOO_MANY_FILES_ERROR, "too-many-files-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_MESSAGE_TOO_LONG_ERROR, "message-too-long-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_ADDRESS_FAMILY_NOT_SUPPORTED_ERROR, "address-family-not-supported-error",
	    FSOCK_SOCKET_ERROR },
	{ FSOCK_DESTINATION_REQUIRED_ERROR, "destination-required-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_NO_SUCH_FILE_ERROR, "no-such-file-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_NAME_TOO_LONG_ERROR, "name-too-long-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_LINE_TOO_LONG_ERROR, "line-too-long-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_ENCODING_ERROR, "encoding-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_CANCELED_ERROR, "canceled-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_NOT_SEEKABLE_ERROR, "not-seekable-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_BUFFER_TOO_SMALL_ERROR, "buffer-too-small-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_TLS_ERROR, "tls-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_CERTIFICATE_ERROR, "certificate-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_TRUNCATED_ERROR, "truncated-error", FSOCK_SOCKET_ERROR },
	{ FSOCK_NS_UNKNOWN_CONDITION, "ns-unknown-condition", FSOCK_NS_CONDITION },
	{ FSOCK_NS_HOST_NOT_FOUND_ERROR, "ns-host-not-found-error", FSOCK_NS_ERROR },
	{ FSOCK_NS_NO_DATA_ERROR, "ns-no-data-error", FSOCK_NS_ERROR },
	{ FSOCK_NS_NO_RECOVERY_ERROR, "ns-no-recovery-error", FSOCK_NS_ERROR },
	{ FSOCK_NS_TRY_AGAIN_ERROR, "ns-try-again-error", FSOCK_NS_ERROR },
	{ FSOCK_NS_UNKNOWN_ERROR, "ns-unknown-error", FSOCK_NS_ERROR },
	{ FSOCK_UNSUPPORTED, "unsupported", FSOCK_INSUFFICIENT_IMPLEMENTATION },
	{ FSOCK_UNIMPLEMENTED, "unimplemented", FSOCK_INSUFFICIENT_IMPLEMENTATION },
};

START_TEST(every_kind_is_here)
{
	ck_assert_int_eq(COUNT(kinds), FSOCK_ERROR_KIND_COUNT);
}
END_TEST

START_TEST(name_of_kind)
{
	ck_assert_int_eq(kinds[_i].kind, _i);
	ck_assert_str_eq(fsock_error_name(kinds[_i].kind), kinds[_i].name);
	for (int other = 0; other < _i; other++)
		ck_assert_str_ne(fsock_error_name(kinds[other].kind), kinds[_i].name);
}
END_TEST

/* Asked of every kind: it belongs to itself and to what is above it, and to nothing else. */
START_TEST(belonging)
{
	for (int group = 1; group < COUNT(kinds); group++) {
		int belongs = 0;

		for (int k = _i; k != FSOCK_NO_ERROR; k = kinds[k].parent)
			belongs |= k == group;
		ck_assert_msg(fsock_error_is(kinds[_i].kind, kinds[group].kind) == belongs,
		    "%s is %sa %s?", kinds[_i].name, belongs ? "" : "not ", kinds[group].name);
	}
	ck_assert_int_eq(fsock_error_is(kinds[_i].kind, FSOCK_NO_ERROR), _i == 0);
}
END_TEST

static const int no_kinds[] = { -1, FSOCK_ERROR_KIND_COUNT, 1000, -1000 };

START_TEST(no_such_kind)
{
	enum fsock_error_kind kind = (enum fsock_error_kind)no_kinds[_i];

	ck_assert_str_eq(fsock_error_name(kind), "unknown-error");
	ck_assert_int_eq(fsock_error_is(kind, FSOCK_SOCKET_ERROR), 0);
	ck_assert_int_eq(fsock_error_is(FSOCK_TIMEOUT_ERROR, kind), 0);
}
END_TEST

static const struct code {
	int code;
	enum fsock_error_kind kind;
} errnos[] = {
	{ 0, FSOCK_NO_ERROR },
	{ EADDRINUSE, FSOCK_ADDRESS_IN_USE_ERROR },
	{ EADDRNOTAVAIL, FSOCK_ADDRESS_NOT_AVAILABLE_ERROR },
	{ EBADF, FSOCK_BAD_FILE_DESCRIPTOR_ERROR },
	{ ECONNREFUSED, FSOCK_CONNECTION_REFUSED_ERROR },
	{ ECONNRESET, FSOCK_CONNECTION_RESET_ERROR },
	{ ECONNABORTED, FSOCK_CONNECTION_ABORTED_ERROR },
	{ EINVAL, FSOCK_INVALID_ARGUMENT_ERROR },
	{ ENOBUFS, FSOCK_NO_BUFFERS_ERROR },
	{ EOPNOTSUPP, FSOCK_OPERATION_NOT_SUPPORTED_ERROR },
	{ ENOTSUP, FSOCK_OPERATION_NOT_SUPPORTED_ERROR },
	{ EPROTONOSUPPORT, FSOCK_PROTOCOL_NOT_SUPPORTED_ERROR },
	{ ENETUNREACH, FSOCK_NETWORK_UNREACHABLE_ERROR },
	{ ENETDOWN, FSOCK_NETWORK_DOWN_ERROR },
	{ ENETRESET, FSOCK_NETWORK_RESET_ERROR },
	{ ESHUTDOWN, FSOCK_ALREADY_SHUTDOWN_ERROR },
	{ ETIMEDOUT, FSOCK_TIMEOUT_ERROR },
	{ EHOSTDOWN, FSOCK_HOST_DOWN_ERROR },
	{ EHOSTUNREACH, FSOCK_HOST_UNREACHABLE_ERROR },
	{ ENOMEM, FSOCK_OUT_OF_MEMORY_ERROR },
	{ EPERM, FSOCK_OPERATION_NOT_PERMITTED_ERROR },
	{ EACCES, FSOCK_OPERATION_NOT_PERMITTED_ERROR },
	{ ESOCKTNOSUPPORT, FSOCK_SOCKET_TYPE_NOT_SUPPORTED_ERROR },
	{ EPROTOTYPE, FSOCK_SOCKET_TYPE_NOT_SUPPORTED_ERROR },
	{ EINTR, FSOCK_INTERRUPTED_CONDITION },
	{ EPIPE, FSOCK_BROKEN_PIPE_ERROR },
	{ ENOTCONN, FSOCK_NOT_CONNECTED_ERROR },
	{ EISCONN, FSOCK_ALREADY_CONNECTED_ERROR },
	{ EINPROGRESS, FSOCK_IN_PROGRESS_ERROR },
	{ EALREADY, FSOCK_IN_PROGRESS_ERROR },
	{ EMFILE, FSOCK_TOO_MANY_FILES_ERROR },
	{ ENFILE, FSOCK_TOO_MANY_FILES_ERROR },
	{ EAGAIN, FSOCK_WOULD_BLOCK },
	{ EWOULDBLOCK, FSOCK_WOULD_BLOCK },
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
	{ ECHILD, FSOCK_UNKNOWN_ERROR },
	{ -1, FSOCK_UNKNOWN_ERROR },
	{ 99999, FSOCK_UNKNOWN_ERROR },
};

START_TEST(kind_of_errno)
{
	errno = EDOM;
	ck_assert_str_eq(fsock_error_name(fsock_error_kind_of_errno(errnos[_i].code)),
	    fsock_error_name(errnos[_i].kind));
	ck_assert_int_eq(errno, EDOM);
}
END_TEST

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
	{ 99999, FSOCK_NS_UNKNOWN_ERROR },
	{ -99999, FSOCK_NS_UNKNOWN_ERROR },
};

START_TEST(kind_of_eai)
{
	errno = EDOM;
	ck_assert_str_eq(fsock_error_name(fsock_error_kind_of_eai(eais[_i].code)),
	    fsock_error_name(eais[_i].kind));
	ck_assert_int_eq(errno, EDOM);
}
END_TEST

START_TEST(kind_of_eai_system)
{
	errno = errnos[_i].code;
	ck_assert_int_eq(fsock_error_kind_of_eai(EAI_SYSTEM), errnos[_i].kind);
	ck_assert_int_eq(errno, errnos[_i].code);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("error_kind");
	TCase *tcase = tcase_create("error_kind");

	tcase_add_test(tcase, every_kind_is_here);
	tcase_add_loop_test(tcase, name_of_kind, 0, COUNT(kinds));
	tcase_add_loop_test(tcase, belonging, 0, COUNT(kinds));
	tcase_add_loop_test(tcase, no_such_kind, 0, COUNT(no_kinds));
	tcase_add_loop_test(tcase, kind_of_errno, 0, COUNT(errnos));
	tcase_add_loop_test(tcase, kind_of_eai, 0, COUNT(eais));
	tcase_add_loop_test(tcase, kind_of_eai_system, 0, COUNT(errnos));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

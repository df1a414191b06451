/* The record of the last error: what is kept, its readable line, one for each thread. */
#include "../../src/base/compat.h"

#include <stdlib.h>

#include "base/error.h"
#include "../support/sock_support.h"

/* Errors recorded by hand. `text` ends in the system's words for `errnum` where it ends in "%s". */
static const struct row {
	const char *operation, *host;
	int port, errnum;
	enum fsock_error_kind kind;
	const char *text;
} rows[] = {
	{ "connect", "example.org", 81, ECONNREFUSED, FSOCK_CONNECTION_REFUSED_ERROR,
	    "connect to example.org port 81: %s" },
	{ "connect", "::1", 65535, ENETUNREACH, FSOCK_NETWORK_UNREACHABLE_ERROR,
	    "connect to ::1 port 65535: %s" },
	{ "connect", "/run/none", 0, ENOENT, FSOCK_NO_SUCH_FILE_ERROR, "connect to /run/none: %s" },
	{ "bind", "10.0.0.1", 0, EADDRNOTAVAIL, FSOCK_ADDRESS_NOT_AVAILABLE_ERROR,
	    "bind to 10.0.0.1: %s" },
	{ "connect", "/run/none", 80, ENOENT, FSOCK_NO_SUCH_FILE_ERROR,
	    "connect to /run/none: %s" }, /* there are no ports in the file system */
	{ "connect", "@none", 80, ECONNREFUSED, FSOCK_CONNECTION_REFUSED_ERROR,
	    "connect to @none: %s" },
	{ "listen", "127.0.0.1", 80, EACCES, FSOCK_OPERATION_NOT_PERMITTED_ERROR,
	    "listen on 127.0.0.1 port 80: %s" },
	{ "listen", NULL, 80, EADDRINUSE, FSOCK_ADDRESS_IN_USE_ERROR, "listen port 80: %s" },
	{ "accept", "127.0.0.1", 80, EMFILE, FSOCK_TOO_MANY_FILES_ERROR,
	    "accept on 127.0.0.1 port 80: %s" },
	{ "read", "peer", 5, ECONNRESET, FSOCK_CONNECTION_RESET_ERROR,
	    "read from peer port 5: %s" },
	{ "write", "peer", 5, EPIPE, FSOCK_BROKEN_PIPE_ERROR, "write to peer port 5: %s" },
	{ "peer name", "peer", 5, ENOTCONN, FSOCK_NOT_CONNECTED_ERROR,
	    "peer name of peer port 5: %s" },
	{ "connect", "evil\r\nhost: \033[1mup\x7F", 80, ECONNREFUSED,
	    FSOCK_CONNECTION_REFUSED_ERROR,
	    "connect to evil??host: ?[1mup? port 80: %s" }, /* one line, whatever the host */
	{ "pair", NULL, -1, EMFILE, FSOCK_TOO_MANY_FILES_ERROR, "pair: %s" },
	{ "pair", "", 0, EMFILE, FSOCK_TOO_MANY_FILES_ERROR, "pair: %s" },
	{ "connect", "h", 1, 99999, FSOCK_UNKNOWN_ERROR, "connect to h port 1: %s" },
	{ "read", "h", 1, ETIMEDOUT, FSOCK_TIMEOUT_ERROR, "read from h port 1: Timed out" },
	{ "read", "h", 1, EILSEQ, FSOCK_ENCODING_ERROR,
	    "read from h port 1: Invalid or unmappable characters" },
	{ "release", NULL, -1, ERANGE, FSOCK_BUFFER_TOO_SMALL_ERROR, "release: Buffer too small" },
};

START_TEST(recorded)
{
	const struct row *row = &rows[_i];
	const struct fsock_error *error;
	char wanted[FSOCK_ERROR_TEXT_MAX];
	size_t n = strlen(row->text);

	snprintf(wanted, sizeof wanted, "%s", row->text);
	if (strcmp(row->text + n - 2, "%s") == 0)
		snprintf(wanted + n - 2, sizeof wanted - n, "%s", strerror(row->errnum));
	errno = 0;
	ck_assert_int_eq(fsock__error_set(row->operation, row->host, row->port, row->errnum), -1);
	sock_assert_error(row->kind, row->errnum);
	error = fsock_last_error();
	ck_assert_str_eq(error->operation, row->operation);
	ck_assert_str_eq(error->host, row->host == NULL ? "" : row->host);
	ck_assert_int_eq(error->port, row->port);
	ck_assert_int_eq(error->eai, 0);
	ck_assert_str_eq(error->text, wanted);
}
END_TEST

/* Kinds that say more than their errno have words of their own. */
static const struct own {
	enum fsock_error_kind kind;
	int errnum;
	const char *text;
} owns[] = {
	{ FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT, "Deadline passed" },
	{ FSOCK_LINE_TOO_LONG_ERROR, EMSGSIZE, "Line too long" },
	{ FSOCK_INVALID_SOCKET_STREAM_ERROR, EINVAL, "Not an open stream of a socket" },
};

START_TEST(own_words)
{
	const struct own *row = &owns[_i];

	ck_assert_int_eq(fsock__error_set_kind("read", "h", 9, row->kind, row->errnum), -1);
	sock_assert_failed(row->kind, row->errnum, "read from h port 9: %s", row->text);
}
END_TEST

static const struct resolver {
	int eai, errno_before, errnum;
	enum fsock_error_kind kind;
} resolvers[] = {
	{ EAI_NONAME, 0, EHOSTUNREACH, FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ EAI_NODATA, 0, EHOSTUNREACH, FSOCK_NS_NO_DATA_ERROR },
	{ EAI_AGAIN, 0, EHOSTUNREACH, FSOCK_NS_TRY_AGAIN_ERROR },
	{ EAI_FAIL, 0, EHOSTUNREACH, FSOCK_NS_NO_RECOVERY_ERROR },
	{ EAI_OVERFLOW, 0, EHOSTUNREACH, FSOCK_BUFFER_TOO_SMALL_ERROR },
	{ EAI_MEMORY, 0, ENOMEM, FSOCK_OUT_OF_MEMORY_ERROR },
	{ EAI_FAMILY, 0, EAFNOSUPPORT, FSOCK_ADDRESS_FAMILY_NOT_SUPPORTED_ERROR },
	{ EAI_SOCKTYPE, 0, EINVAL, FSOCK_SOCKET_TYPE_NOT_SUPPORTED_ERROR },
	{ EAI_BADFLAGS, 0, EINVAL, FSOCK_INVALID_ARGUMENT_ERROR },
	{ EAI_SERVICE, 0, EINVAL, FSOCK_INVALID_ARGUMENT_ERROR },
	{ EAI_SYSTEM, EMFILE, EMFILE, FSOCK_TOO_MANY_FILES_ERROR },
};

START_TEST(resolver_recorded)
{
	const struct resolver *row = &resolvers[_i];
	const char *words = row->eai == EAI_SYSTEM                      ? strerror(row->errnum)
			    : row->kind == FSOCK_BUFFER_TOO_SMALL_ERROR ? "Buffer too small"
									: gai_strerror(row->eai);

	errno = row->errno_before;
	ck_assert_int_eq(fsock__error_set_resolver("connect", "no.such", 7, row->eai), -1);
	sock_assert_failed(row->kind, row->errnum, "connect to no.such port 7: %s", words);
	ck_assert_int_eq(fsock_last_error()->eai, row->eai);
}
END_TEST

START_TEST(long_host)
{
	size_t n = 1 << 20;
	char *host = malloc(n + 1);
	const struct fsock_error *error = fsock_last_error();

	ck_assert_ptr_nonnull(host);
	memset(host, 'h', n);
	host[n] = '\0';
	fsock__error_set("connect", host, 65535, ECONNREFUSED);
	ck_assert_uint_eq(strlen(error->host), FSOCK_ERROR_HOST_MAX - 1);
	ck_assert_uint_eq(strspn(error->host, "h"), FSOCK_ERROR_HOST_MAX - 1);
	sock_assert_failed(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED,
	    "connect to %s port 65535: %s", error->host, strerror(ECONNREFUSED));
	host[FSOCK_ERROR_HOST_MAX - 1] = '\0';
	fsock__error_set("connect", host, 65535, ECONNREFUSED);
	ck_assert_str_eq(error->host, host);
	free(host);
}
END_TEST

/* The record's own host may be handed back in. */
START_TEST(host_of_the_record_itself)
{
	fsock__error_set("connect", "first.example", 1, ECONNREFUSED);
	fsock__error_set("read", fsock_last_error()->host, 2, ECONNRESET);
	sock_assert_failed(FSOCK_CONNECTION_RESET_ERROR, ECONNRESET,
	    "read from first.example port 2: %s", strerror(ECONNRESET));
}
END_TEST

/* Whether it is the record of a thread in which nothing has failed. */
static int
is_blank(const struct fsock_error *error)
{
	return error != NULL && error->kind == FSOCK_NO_ERROR && error->errnum == 0 &&
	       error->eai == 0 && error->port == -1 && error->host[0] == '\0' &&
	       error->text[0] == '\0' && strcmp(error->operation, "") == 0;
}

START_TEST(cleared)
{
	fsock__error_set_resolver("connect", "h", 1, EAI_NONAME);
	fsock_clear_error();
	ck_assert(is_blank(fsock_last_error()));
	fsock__error_set("connect", "h", 1, ECONNREFUSED);
	ck_assert_ptr_nonnull(strstr(fsock_last_error()->text, "connect to h port 1: "));
	fsock_clear_error();
	ck_assert(is_blank(fsock_last_error()));
}
END_TEST

START_TEST(looking_is_without_effect)
{
	const struct fsock_error *error;

	fsock__error_set("connect", "h", 1, ECONNREFUSED);
	errno = EDOM;
	error = fsock_last_error();
	ck_assert_int_eq(errno, EDOM);
	ck_assert_ptr_eq(fsock_last_error(), error);
	ck_assert_int_eq(error->errnum, ECONNREFUSED);
}
END_TEST

START_TEST(success_does_not_clear)
{
	fsock *ends[2];

	fsock__error_set("connect", "h", 1, ECONNREFUSED);
	errno = EDOM;
	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	ck_assert_int_eq(fsock_close(ends[0]), 0);
	ck_assert_int_eq(fsock_close(ends[1]), 0);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(fsock_last_error()->kind, FSOCK_CONNECTION_REFUSED_ERROR);
}
END_TEST

/* What another thread saw: its record before anything failed there, and after. */
struct other {
	int blank_at_first;
	struct fsock_error after;
};

static void
fail_elsewhere(void *arg)
{
	struct other *other = arg;

	other->blank_at_first = is_blank(fsock_last_error());
	fsock__error_set("read", "other", 2, ECONNRESET);
	other->after = *fsock_last_error();
}

START_TEST(one_for_each_thread)
{
	struct sock_thread thread;
	struct other other = { 0 };

	fsock__error_set("connect", "h", 1, ECONNREFUSED);
	sock_thread_start(&thread, fail_elsewhere, &other);
	sock_thread_join(&thread);
	ck_assert_int_eq(other.blank_at_first, 1);
	ck_assert_int_eq(other.after.kind, FSOCK_CONNECTION_RESET_ERROR);
	ck_assert_str_eq(other.after.host, "other");
	ck_assert_int_eq(fsock_last_error()->kind, FSOCK_CONNECTION_REFUSED_ERROR);
	ck_assert_str_eq(fsock_last_error()->host, "h");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("error");
	TCase *tcase = tcase_create("error");

	tcase_add_loop_test(tcase, recorded, 0, COUNT(rows));
	tcase_add_loop_test(tcase, own_words, 0, COUNT(owns));
	tcase_add_loop_test(tcase, resolver_recorded, 0, COUNT(resolvers));
	tcase_add_test(tcase, long_host);
	tcase_add_test(tcase, host_of_the_record_itself);
	tcase_add_test(tcase, cleared);
	tcase_add_test(tcase, looking_is_without_effect);
	tcase_add_test(tcase, success_does_not_clear);
	tcase_add_test(tcase, one_for_each_thread);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

/* Why a socket has failed: kept with it, told by fsock_socket_error() and by the waits. */
#include "../../src/base/compat.h"

#include <math.h>
#include <unistd.h>

#include "sock/failure.h"
#include "../support/sock_support.h"
#include "../support/wait_support.h"

enum { LIMIT = 65536 };

static char big[2 * LIMIT];

/* A socket, its stream, and the bare descriptor that is its peer. */
struct world {
	fsock *s;
	FILE *f;
	int peer;
};

static void
reset(struct world *w)
{
	const struct linger linger = { .l_onoff = 1 };

	setsockopt(w->peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	close(w->peer);
	w->peer = -1;
	sock_await(fsock_socket(w->s), POLLIN);
}

static void
reset_and_read(struct world *w)
{
	reset(w);
	ck_assert_int_eq(getc(w->f), EOF);
}

static void
reset_behind_a_line(struct world *w)
{
	ck_assert_int_eq(write(w->peer, "a\n", 2), 2);
	sock_await(fsock_socket(w->s), POLLIN);
	reset(w);
}

static void
write_too_much(struct world *w)
{
	sock_fill(fsock_socket(w->s));
	ck_assert_int_eq(fwrite(big, 1, sizeof big, w->f) < sizeof big || fflush(w->f) != 0, 1);
}

static void
write_unmappable(struct world *w)
{
	ck_assert_int_eq(fsock_set_format(w->f, "latin-1"), 0);
	ck_assert_int_ge(fputs("\xE2\x82\xAC", w->f), 0);
	ck_assert_int_eq(fflush(w->f), EOF);
}

static void
pass_deadline(struct world *w)
{
	ck_assert_int_eq(fsock_set_deadline(w->s, 0), 0);
	ck_assert_int_ge(fputs("a", w->f), 0);
	ck_assert_int_eq(fflush(w->f), EOF);
}

static void
find_nothing(struct world *w)
{
	ck_assert_int_eq(getc(w->f), EOF);
	clearerr(w->f);
}

static void
end(struct world *w)
{
	close(w->peer);
	w->peer = -1;
	ck_assert_int_eq(getc(w->f), EOF);
	clearerr(w->f);
}

static void
close_stream(struct world *w)
{
	ck_assert_int_eq(fclose(w->f), 0);
}

static const struct row {
	const char *what;
	void (*prepare)(struct world *);
	enum fsock_error_kind kind;
	const char *operation;
	const char *next; /* what the stream yields then: "" for an end or error; NULL: not read */
} rows[] = {
	{ "a reset that nobody has met", reset, FSOCK_CONNECTION_RESET_ERROR, "read", "" },
	{ "a reset that a read has met", reset_and_read, FSOCK_CONNECTION_RESET_ERROR, "read",
	    NULL },
	{ "a reset behind a line", reset_behind_a_line, FSOCK_CONNECTION_RESET_ERROR, "read",
	    "a\n" },
	{ "more than output_limit", write_too_much, FSOCK_NO_BUFFERS_ERROR, "write", NULL },
	{ "a character that cannot be written", write_unmappable, FSOCK_ENCODING_ERROR, "write",
	    NULL },
	{ "a deadline for writing", pass_deadline, FSOCK_DEADLINE_TIMEOUT_ERROR, "write", NULL },
	{ "nothing to read", find_nothing, FSOCK_NO_ERROR, "", NULL },
	{ "the end of input", end, FSOCK_NO_ERROR, "", NULL },
	{ "its stream closed", close_stream, FSOCK_BAD_FILE_DESCRIPTOR_ERROR, "socket", NULL },
};

static void
start(struct world *w, const struct row *row)
{
	w->s = sock_raw(SOCK_TCP4,
	    &(struct fsock_options){ .nonblocking = FSOCK_ON, .output_limit = LIMIT }, &w->peer);
	w->f = fsock_stream(w->s);
	row->prepare(w);
}

static void
finish(struct world *w)
{
	fsock_abort(w->s);
	if (w->peer >= 0)
		close(w->peer);
}

/* The error is told, again and again, with the socket's host, and without a trace of its own. */
static void
check_told(struct world *w, const struct row *row)
{
	struct fsock_error error;

	fsock_clear_error();
	for (int i = 0; i < 2; i++) {
		errno = 4711;
		ck_assert_int_eq(fsock_socket_error(w->s, &error), row->kind != FSOCK_NO_ERROR);
		ck_assert_int_eq(errno, 4711);
		ck_assert_int_eq(fsock_last_error()->kind, FSOCK_NO_ERROR);
		ck_assert_str_eq(fsock_error_name(error.kind), fsock_error_name(row->kind));
		ck_assert_str_eq(error.operation, row->operation);
		ck_assert_str_eq(error.host, row->kind != FSOCK_NO_ERROR ? "127.0.0.1" : "");
		if (row->kind != FSOCK_NO_ERROR)
			ck_assert_ptr_nonnull(strstr(error.text, "127.0.0.1"));
	}
}

/* What was asked for early is told in its turn. */
static void
check_next(struct world *w, const char *next)
{
	char line[8] = "";

	if (next == NULL)
		return;
	if (*next != '\0') {
		ck_assert_ptr_nonnull(fgets(line, sizeof line, w->f));
		ck_assert_str_eq(line, next);
	}
	ck_assert_ptr_null(fgets(line, sizeof line, w->f));
	sock_assert_error(FSOCK_CONNECTION_RESET_ERROR, ECONNRESET);
	clearerr(w->f);
	ck_assert_ptr_null(fgets(line, sizeof line, w->f)); /* once, as the kernel does */
	ck_assert(feof(w->f));
}

START_TEST(told_by_the_socket)
{
	const struct row *row = &rows[_i];
	struct world w;

	start(&w, row);
	check_told(&w, row);
	check_next(&w, row->next);
	if (row->kind != FSOCK_NO_ERROR)
		check_told(&w, row);
	finish(&w);
}
END_TEST

/* On the list of each backend: as long as it is not met, it is found again. */
START_TEST(told_by_lists)
{
	const struct row *row = &rows[_i % COUNT(rows)];
	fsock_waitlist *list = wait_list(_i / COUNT(rows));
	struct fsock_event event;
	struct fsock_error error;
	struct world w;

	start(&w, &rows[6]);
	ck_assert_int_eq(fsock_waitlist_add(list, w.s, FSOCK_INPUT, NULL), 0);
	if (row->prepare != find_nothing)
		row->prepare(&w);
	for (int i = 0; i < 2 && row->kind != FSOCK_NO_ERROR && row->next != NULL; i++) {
		ck_assert_int_eq(fsock_waitlist_wait(list, 9, NULL), 1);
		ck_assert_int_eq(wait_drain(list, &event), 1);
		ck_assert_msg(event.state & FSOCK_FAILED, "%s", row->what);
		ck_assert_int_eq(fsock_socket_error(w.s, &error), 1);
		ck_assert_int_eq(event.error, error.errnum);
		ck_assert_int_eq(error.kind, row->kind);
	}
	check_next(&w, row->next);
	finish(&w);
	fsock_waitlist_free(list);
}
END_TEST

/* A name that does not exist: all that fsock_connect() would have said. */
START_TEST(told_of_a_name)
{
	fsock *s = fsock_connect(
	    "no-such-host.invalid", 81, &(struct fsock_options){ .nonblocking = FSOCK_ON });
	fsock_waitlist *list = wait_list(_i);
	struct fsock_event event = { .state = 0 };
	struct fsock_error error;

	if (s != NULL) { /* else it was known at once */
		ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_OUTPUT, NULL), 0);
		fsock_clear_error();
		while (!(event.state & FSOCK_FAILED)) {
			ck_assert_int_ge(fsock_waitlist_wait(list, INFINITY, NULL), 0);
			wait_drain(list, &event);
		}
		ck_assert_int_eq(fsock_last_error()->kind, FSOCK_NO_ERROR);
		ck_assert_int_eq(fsock_socket_error(s, &error), 1);
		ck_assert(fsock_error_is(error.kind, FSOCK_NS_ERROR));
		ck_assert_int_ne(error.eai, 0);
		ck_assert_str_eq(error.host, "no-such-host.invalid");
		ck_assert_int_eq(event.error, error.errnum);
		ck_assert_int_eq(fsock_close(s), -1);
		ck_assert(fsock_error_is(fsock_last_error()->kind, FSOCK_NS_ERROR));
	}
	fsock_waitlist_free(list);
}
END_TEST

/* An ICMP refusal concerns one datagram: told once, whoever asks first. */
START_TEST(told_of_a_datagram)
{
	int fd, port = sock_dead_port(SOCK_TCP4, &fd);
	fsock *s = fsock_datagram("127.0.0.1", port, NULL);
	struct fsock_error error;
	double value;
	char octet;

	fsock_send(s, "x", 1, NULL);
	sock_await(fsock_socket(s), POLLIN);
	ck_assert_int_eq(fsock_socket_error(s, &error), 1);
	ck_assert_int_eq(error.kind, FSOCK_CONNECTION_REFUSED_ERROR);
	if (_i == 0)
		ck_assert_int_eq(fsock_receive(s, &octet, 1, NULL), -1);
	else if (_i == 1)
		ck_assert_int_eq(fsock_send(s, "x", 1, NULL), -1);
	if (_i < 2) {
		sock_assert_error(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED);
	} else {
		ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_ERROR, &value), 0);
		ck_assert_int_eq((int)value, ECONNREFUSED);
	}
	ck_assert_int_eq(fsock_socket_error(s, &error), 0);
	fsock_close(s);
	close(fd);
}
END_TEST

/* By lists as well, whatever they wait for: not every backend's system tells of it. */
START_TEST(told_of_a_datagram_by_lists)
{
	static const int interests[] = { FSOCK_INPUT, FSOCK_OUTPUT, FSOCK_IO };
	int fd, port = sock_dead_port(SOCK_TCP4, &fd), interest = interests[_i % 3];
	fsock *s = fsock_datagram("127.0.0.1", port, NULL);
	fsock_waitlist *list = wait_list(_i / 3);
	struct fsock_event event = { .state = 0 };

	ck_assert_int_eq(fsock_waitlist_add(list, s, interest, NULL), 0);
	ck_assert_int_eq(fsock_send(s, "x", 1, NULL), 1);
	sock_await(fsock_socket(s), POLLIN);
	ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, &event), s);
	ck_assert_int_ne(event.state & FSOCK_FAILED, 0);
	ck_assert_int_ne(event.state & interest, 0);
	ck_assert_int_eq(event.error, ECONNREFUSED);
	fsock_waitlist_free(list);
	fsock_close(s);
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("failure");
	TCase *tests = tcase_create("failure");

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, told_by_the_socket, 0, COUNT(rows));
	tcase_add_loop_test(tests, told_by_lists, 0, COUNT(rows) * wait_backends());
	tcase_add_loop_test(tests, told_of_a_name, 0, wait_backends());
	tcase_add_loop_test(tests, told_of_a_datagram, 0, 3);
	tcase_add_loop_test(tests, told_of_a_datagram_by_lists, 0, 3 * wait_backends());
	suite_add_tcase(suite, tests);
	return sock_run(suite);
}

/* What counts as readable: what the kernel, the raw buffer and stdio hold, by every way to wait. */
#include "../src/compat.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "sock/socket.h"
#include "support/sock_support.h"
#include "support/wait_support.h"

/* The socket that is waited for, its streams, and the peer. */
struct scene {
	fsock *s;
	FILE *f;  /* a stream to read, if the row asks for one */
	int peer; /* a bare descriptor */
};

enum stream { NONE, TWO_WAY, INPUT };

static void
say(struct scene *c, const char *text)
{
	ck_assert_int_eq(write(c->peer, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads a line, and asserts that it is the one. */
static void
hear(struct scene *c, const char *text)
{
	char line[64];

	ck_assert_msg(fgets(line, sizeof line, c->f) != NULL, "%s", fsock_last_error()->text);
	ck_assert_str_eq(line, text);
}

static void
nothing(struct scene *c)
{
	(void)c;
}

static void
octet(struct scene *c)
{
	say(c, "x");
}

static void
line_of_two(struct scene *c)
{
	say(c, "one\ntwo\n");
	hear(c, "one\n");
}

static void
both_lines(struct scene *c)
{
	line_of_two(c);
	hear(c, "two\n");
}

static void
part_of_a_line(struct scene *c)
{
	say(c, "one\n");
	ck_assert_int_eq(getc(c->f), 'o');
	ck_assert_int_eq(getc(c->f), 'n');
}

static void
pushed_back(struct scene *c)
{
	both_lines(c);
	ck_assert_int_eq(ungetc('2', c->f), '2');
}

static void
other_pushed_back_in_part(struct scene *c)
{
	part_of_a_line(c);
	ck_assert_int_eq(ungetc('X', c->f), 'X');
	ck_assert_int_eq(getc(c->f), 'X');
}

static void
part_then_written(struct scene *c)
{
	part_of_a_line(c);
	ck_assert_int_ge(fputs("not sent yet", c->f), 0);
}

static void
written_only(struct scene *c)
{
	ck_assert_int_ge(fputs("not sent yet", c->f), 0);
}

static void
end(struct scene *c)
{
	shutdown(c->peer, SHUT_WR);
}

static void
line_and_end(struct scene *c)
{
	say(c, "one\n");
	end(c);
	hear(c, "one\n");
}

static void
end_was_read(struct scene *c)
{
	end(c);
	ck_assert_int_eq(getc(c->f), EOF);
}

static void
shut_here(struct scene *c)
{
	ck_assert_int_eq(fsock_shutdown(c->s, FSOCK_INPUT), 0);
}

static void
last_stream_closed(struct scene *c)
{
	ck_assert_int_eq(fclose(c->f), 0);
}

static void
input_closed_with_rest(struct scene *c)
{
	ck_assert_ptr_nonnull(fsock_output(c->s));
	line_of_two(c);
	ck_assert_int_eq(fflush(c->f), 0);
	ck_assert_int_eq(fclose(c->f), 0);
}

static void
half_a_line(struct scene *c)
{
	say(c, "on");
}

static void
rest_of_the_line(struct scene *c)
{
	say(c, "on");
	ck_assert_int_eq(wait_state(0, c->s, 0), 0);
	say(c, "e\n");
}

static void
half_a_line_twice(struct scene *c)
{
	say(c, "o");
	ck_assert_int_eq(wait_state(0, c->s, 0), 0);
	say(c, "n");
}

static void
line_and_a_half(struct scene *c)
{
	say(c, "one\ntw");
}

static void
half_left(struct scene *c)
{
	say(c, "one\ntw");
	hear(c, "one\n");
}

static void
half_and_end(struct scene *c)
{
	say(c, "on");
	end(c);
}

static void
half_looked_at_and_end(struct scene *c)
{
	say(c, "on");
	ck_assert_int_eq(wait_state(0, c->s, 0), 0);
	end(c);
}

static void
too_long(struct scene *c)
{
	say(c, "12345678");
}

static void
nearly_too_long(struct scene *c)
{
	say(c, "1234567");
}

static void
longest(struct scene *c)
{
	say(c, "1234567\n");
}

static void
half_a_unit(struct scene *c)
{
	ck_assert_int_eq(write(c->peer, "a\0b", 3), 3);
	ck_assert_int_eq(getc(c->f), 'a');
}

static void
unit_and_a_half(struct scene *c)
{
	ck_assert_int_eq(write(c->peer, "a\0b\0c", 5), 5);
	ck_assert_int_eq(getc(c->f), 'a');
}

static void
cr_then_lf(struct scene *c)
{
	say(c, "one\r");
	hear(c, "one\n");
	say(c, "\n");
}

static void
cr_with_lf(struct scene *c)
{
	say(c, "one\r\n");
	hear(c, "one\n");
}

static void
cr_with_lf_and_more(struct scene *c)
{
	say(c, "one\r\ntwo\r\n");
	hear(c, "one\n");
}

static void
half_a_line_end(struct scene *c)
{
	say(c, "one\r");
}

static void
bad_octet(struct scene *c)
{
	say(c, "a\xff\n");
	ck_assert_int_eq(getc(c->f), 'a');
}

static void
half_a_mark(struct scene *c)
{
	say(c, "\xef\xbb");
}

static void
only_a_mark(struct scene *c)
{
	say(c, "\xef\xbb\xbf");
}

static void
mark_and_line(struct scene *c)
{
	say(c, "\xef\xbb\xbf"
	       "one\n");
}

static void
bound_reached(struct scene *c)
{
	ck_assert_int_eq(fsock_set_bound(c->f, 4), 0);
	line_of_two(c);
}

static void
bound_ahead(struct scene *c)
{
	ck_assert_int_eq(fsock_set_bound(c->f, 5), 0);
	line_of_two(c);
}

static void
bound_to_come(struct scene *c)
{
	ck_assert_int_eq(fsock_set_bound(c->f, 5), 0);
	say(c, "one\n");
	hear(c, "one\n");
}

static void
bound_lifted(struct scene *c)
{
	bound_reached(c);
	ck_assert_int_eq(fsock_set_bound(c->f, UINT64_MAX), 0);
}

static void
bound_here(struct scene *c)
{
	ck_assert_int_eq(fsock_set_bound(c->f, 0), 0);
}

static void
bound_in_line(struct scene *c)
{
	ck_assert_int_eq(fsock_set_bound(c->f, 2), 0);
	say(c, "one\n");
}

static void
unread_octet(struct scene *c)
{
	say(c, "x");
	ck_assert_int_eq(fsock_read_byte(c->f), 'x');
	ck_assert_int_eq(fsock_unread_byte(c->f), 0);
}

static const struct fsock_options whole = { .delivery = FSOCK_DELIVER_WHOLE_LINE, .line_limit = 8 };
static const struct fsock_options bytes = { .element_type = FSOCK_BYTE };
static const struct fsock_options utf16 = { .format = "utf-16le" };
static const struct fsock_options utf8 = { .format = "utf-8" };
static const struct fsock_options any_end = { .format = "auto" };
static const struct fsock_options whole_any_end = { .format = "auto",
	.delivery = FSOCK_DELIVER_WHOLE_LINE };
static const struct fsock_options whole_crlf = { .format = "latin-1,crlf",
	.delivery = FSOCK_DELIVER_WHOLE_LINE };
static const struct fsock_options whole_sniff = { .format = "utf-8,bom=sniff",
	.delivery = FSOCK_DELIVER_WHOLE_LINE };
static const struct fsock_options whole_binary = { .format = "binary",
	.delivery = FSOCK_DELIVER_WHOLE_LINE };

#if defined(__GLIBC__)
#define KEPT FSOCK_INPUT
#else
#define KEPT 0 /* stdio has dropped it, see fsock/stream.h */
#endif

static const struct row {
	const char *what;
	const struct fsock_options *options;
	enum stream stream;
	void (*prepare)(struct scene *);
	int state;
	const char *next; /* what a read yields then, "" for end of file */
	int error;        /* what it fails with */
} rows[] = {
	{ "nothing, no stream", NULL, NONE, nothing, 0, NULL, 0 },
	{ "nothing", NULL, TWO_WAY, nothing, 0, NULL, 0 },
	{ "an octet, no stream", NULL, NONE, octet, FSOCK_INPUT, NULL, 0 },
	{ "an octet", NULL, TWO_WAY, octet, FSOCK_INPUT, NULL, 0 },
	{ "a line in the raw buffer", NULL, TWO_WAY, line_of_two, FSOCK_INPUT, "two\n", 0 },
	{ "a line in stdio", NULL, INPUT, line_of_two, FSOCK_INPUT, "two\n", 0 },
	{ "a line in stdio, two-way", &bytes, TWO_WAY, line_of_two, FSOCK_INPUT, "two\n", 0 },
	{ "all read", NULL, TWO_WAY, both_lines, 0, NULL, 0 },
	{ "all read, one-way", NULL, INPUT, both_lines, 0, NULL, 0 },
	{ "part of a line read", NULL, TWO_WAY, part_of_a_line, FSOCK_INPUT, "e\n", 0 },
	{ "pushed back", NULL, TWO_WAY, pushed_back, FSOCK_INPUT, NULL, 0 },
	{ "pushed back, one-way", NULL, INPUT, pushed_back, FSOCK_INPUT, NULL, 0 },
	{ "another pushed back", NULL, INPUT, other_pushed_back_in_part, FSOCK_INPUT, "e\n", 0 },
	{ "part read, then written", NULL, TWO_WAY, part_then_written, KEPT, NULL, 0 },
	{ "only written", NULL, TWO_WAY, written_only, 0, NULL, 0 },
	{ "end", NULL, TWO_WAY, end, FSOCK_INPUT | FSOCK_HANGUP, "", 0 },
	{ "end, no stream", NULL, NONE, end, FSOCK_INPUT | FSOCK_HANGUP, NULL, 0 },
	{ "a line, then end", NULL, TWO_WAY, line_and_end, FSOCK_INPUT | FSOCK_HANGUP, "", 0 },
	{ "end was read", NULL, TWO_WAY, end_was_read, FSOCK_INPUT | FSOCK_HANGUP, "", 0 },
	{ "shut down here", NULL, TWO_WAY, shut_here, FSOCK_INPUT | FSOCK_HANGUP, "", 0 },
	{ "input stream closed", NULL, INPUT, input_closed_with_rest, FSOCK_INPUT, NULL, 0 },
	{ "an octet unread", NULL, TWO_WAY, unread_octet, FSOCK_INPUT, NULL, 0 },
	{ "half a character", &utf16, INPUT, half_a_unit, 0, NULL, 0 },
	{ "half a character, two-way", &utf16, TWO_WAY, half_a_unit, 0, NULL, 0 },
	{ "a character and a half", &utf16, INPUT, unit_and_a_half, FSOCK_INPUT, NULL, 0 },
	{ "no character", &utf8, TWO_WAY, bad_octet, FSOCK_INPUT, NULL, EILSEQ },
	{ "LF of a CR", &any_end, TWO_WAY, cr_with_lf, 0, NULL, 0 },
	{ "LF of a CR, and more", &any_end, TWO_WAY, cr_with_lf_and_more, FSOCK_INPUT, "two\n", 0 },
	{ "bound reached", NULL, TWO_WAY, bound_reached, FSOCK_INPUT, "", 0 },
	{ "bound reached, one-way", NULL, INPUT, bound_reached, FSOCK_INPUT, "", 0 },
	{ "bound ahead", NULL, TWO_WAY, bound_ahead, FSOCK_INPUT, "t", 0 },
	{ "bound to come", NULL, TWO_WAY, bound_to_come, 0, NULL, 0 },
	{ "bound lifted", NULL, TWO_WAY, bound_lifted, FSOCK_INPUT, "two\n", 0 },
	{ "bound here", NULL, TWO_WAY, bound_here, FSOCK_INPUT, "", 0 },
	{ "whole line: bound in it", &whole, TWO_WAY, bound_in_line, FSOCK_INPUT, "on", 0 },
	{ "whole line: bound to come", &whole, TWO_WAY, bound_to_come, 0, NULL, 0 },
	{ "whole line: bound reached", &whole, INPUT, bound_reached, FSOCK_INPUT, "", 0 },
	{ "whole line: LF of a CR", &whole_any_end, TWO_WAY, cr_then_lf, 0, NULL, 0 },
	{ "whole line: LF with its CR", &whole_any_end, INPUT, cr_with_lf, 0, NULL, 0 },
	{ "whole line: LF of a CR, and more", &whole_any_end, TWO_WAY, cr_with_lf_and_more,
	    FSOCK_INPUT, "two\n", 0 },
	{ "whole line: CR of an LF", &whole_crlf, TWO_WAY, half_a_line_end, 0, NULL, 0 },
	{ "whole line: CR LF", &whole_crlf, TWO_WAY, cr_with_lf_and_more, FSOCK_INPUT, "two\n", 0 },
	{ "whole line: half a mark", &whole_sniff, TWO_WAY, half_a_mark, 0, NULL, 0 },
	{ "whole line: only a mark", &whole_sniff, TWO_WAY, only_a_mark, 0, NULL, 0 },
	{ "whole line: mark", &whole_sniff, TWO_WAY, mark_and_line, FSOCK_INPUT, "one\n", 0 },
	{ "whole line: but binary", &whole_binary, TWO_WAY, half_a_line, FSOCK_INPUT, NULL, 0 },
	{ "whole line: nothing", &whole, TWO_WAY, nothing, 0, NULL, 0 },
	{ "whole line: no stream", &whole, NONE, half_a_line, FSOCK_INPUT, NULL, 0 },
	{ "whole line: half", &whole, TWO_WAY, half_a_line, 0, NULL, 0 },
	{ "whole line: half, one-way", &whole, INPUT, half_a_line, 0, NULL, 0 },
	{ "whole line: half by half", &whole, TWO_WAY, half_a_line_twice, 0, NULL, 0 },
	{ "whole line: it all", &whole, INPUT, rest_of_the_line, FSOCK_INPUT, "one\n", 0 },
	{ "whole line: and a half", &whole, TWO_WAY, line_and_a_half, FSOCK_INPUT, "one\n", 0 },
	{ "whole line: half left", &whole, TWO_WAY, half_left, 0, NULL, 0 },
	{ "whole line: one left", &whole, TWO_WAY, line_of_two, FSOCK_INPUT, "two\n", 0 },
	{ "whole line: one left, one-way", &whole, INPUT, line_of_two, FSOCK_INPUT, "two\n", 0 },
	{ "whole line: end", &whole, INPUT, end, FSOCK_INPUT | FSOCK_HANGUP, "", 0 },
	{ "whole line: half, then end", &whole, INPUT, half_and_end, FSOCK_INPUT | FSOCK_HANGUP,
	    "on", 0 },
	{ "whole line: half, looked at, end", &whole, TWO_WAY, half_looked_at_and_end,
	    FSOCK_INPUT | FSOCK_HANGUP, "on", 0 },
	{ "whole line: too long", &whole, TWO_WAY, too_long, FSOCK_INPUT, NULL, EMSGSIZE },
	{ "whole line: nearly too long", &whole, TWO_WAY, nearly_too_long, 0, NULL, 0 },
	{ "whole line: longest", &whole, TWO_WAY, longest, FSOCK_INPUT, "1234567\n", 0 },
};

/* Asserts that the next read does what the row says, without waiting. */
static void
read_next(struct scene *c, const struct row *row)
{
	char line[64];

	if (row->error != 0) {
		ck_assert_ptr_null(fgets(line, sizeof line, c->f));
		ck_assert_int_eq(errno, row->error);
	} else if (row->next != NULL && row->next[0] == '\0') {
		ck_assert_ptr_null(fgets(line, sizeof line, c->f));
		ck_assert(feof(c->f) && !ferror(c->f));
	} else if (row->next != NULL) {
		hear(c, row->next);
	}
}

START_TEST(readable)
{
	const struct row *row = &rows[_i % COUNT(rows)];
	int way = _i / COUNT(rows) % wait_ways(), transport = _i / COUNT(rows) / wait_ways();
	struct scene c = { .f = NULL };
	int state;

	if (!sock_has(transport))
		return;
	c.s = sock_raw(transport, row->options, &c.peer);
	if (row->stream != NONE)
		c.f = row->stream == TWO_WAY ? fsock_stream(c.s) : fsock_input(c.s);
	row->prepare(&c);
	errno = 0;
	state = wait_state(way, c.s, row->state == 0 ? 0 : 5);
	ck_assert_msg(state == row->state, "%s, %s, transport %d: state %d, not %d", row->what,
	    wait_name(way), transport, state, row->state);
	ck_assert_int_eq(errno, 0);
	read_next(&c, row);
	fsock_close(c.s);
	close(c.peer);
}
END_TEST

/* A closed socket cannot be added to a list; what is said of a member is in waitlist_test.c. */
START_TEST(closed)
{
	struct scene c;

	c.s = sock_raw(_i, NULL, &c.peer);
	c.f = fsock_stream(c.s);
	last_stream_closed(&c);
	ck_assert_int_eq(fsock_wait_for_input(&c.s, 1, 5, NULL), 1);
	ck_assert_int_eq(fsock_state(c.s), FSOCK_FAILED);
	ck_assert_int_eq(fsock_close(c.s), 0);
	close(c.peer);
}
END_TEST

/* An error counts, and waiting has not swallowed it; also where waiting has read on before. */
START_TEST(reset)
{
	fsock *ends[2];
	FILE *f;

	sock_link(SOCK_TCP4, _i % 2 ? &whole : NULL, ends);
	f = fsock_stream(ends[0]);
	ck_assert_int_eq(fsock_abort(ends[1]), 0);
	ck_assert_int_eq(wait_state(_i / 2, ends[0], 5), FSOCK_INPUT | FSOCK_HANGUP | FSOCK_FAILED);
	ck_assert_int_eq(getc(f), EOF);
	sock_assert_error(FSOCK_CONNECTION_RESET_ERROR, ECONNRESET);
	fsock_close(ends[0]);
}
END_TEST

/* An error that comes while waiting receives is kept for the next read, and counts until then. */
START_TEST(reset_while_receiving)
{
	fsock *ends[2];
	char line[64];
	FILE *f;

	sock_link(SOCK_TCP4, &whole, ends);
	f = fsock_stream(ends[0]);
	ck_assert_int_eq(write(fsock_socket(ends[1]), "ha", 2), 2);
	ck_assert_int_eq(wait_state(_i, ends[0], 0), 0);
	ck_assert_int_eq(fsock_abort(ends[1]), 0);
	while (poll(&(struct pollfd){ .fd = fsock_socket(ends[0]) }, 1, 5000) == 0)
		;
	pthread_mutex_lock(&ends[0]->lock);
	ck_assert_int_eq(ends[0]->stream_ops->fetch(ends[0]), 1);
	ck_assert_int_gt(ends[0]->stream_ops->buffered(ends[0]), 0);
	pthread_mutex_unlock(&ends[0]->lock);
	ck_assert_int_ne(wait_state(_i, ends[0], 5) & FSOCK_INPUT, 0);
	ck_assert_ptr_null(fgets(line, sizeof line, f));
	sock_assert_error(FSOCK_CONNECTION_RESET_ERROR, ECONNRESET);
	fsock_close(ends[0]);
}
END_TEST

START_TEST(listener)
{
	int way = _i;
	fsock *s = fsock_listen("127.0.0.1", 0, NULL), *client, *served;

	ck_assert_int_eq(wait_state(way, s, 0), 0);
	client = fsock_connect("127.0.0.1", fsock_local_port(s), NULL);
	ck_assert_int_eq(wait_state(way, s, 5), FSOCK_INPUT);
	served = fsock_accept(s, NULL);
	ck_assert_int_eq(wait_state(way, s, 0), 0);
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_IO), 0);
	ck_assert_int_eq(wait_state(way, s, 5) & FSOCK_INPUT, FSOCK_INPUT);
	ck_assert_ptr_null(fsock_accept(s, NULL));
	ck_assert_int_eq(errno, ESHUTDOWN);
	fsock_close(served);
	fsock_close(client);
	fsock_close(s);
}
END_TEST

START_TEST(datagram)
{
	int fds[2];
	fsock *s;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	s = fsock_adopt(fds[0], NULL);
	ck_assert_int_eq(wait_state(_i, s, 0), 0);
	ck_assert_int_eq(send(fds[1], "", 0, 0), 0);
	ck_assert_int_eq(wait_state(_i, s, 5), FSOCK_INPUT);
	fsock_close(s);
	close(fds[1]);
}
END_TEST

/* Where select(2) would fail. */
START_TEST(high_descriptor)
{
	int fds[2], high;
	fsock *s;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	high = fcntl(fds[0], F_DUPFD, 1100);
	if (high < 0) {
		fprintf(stderr, "SKIPPED: no descriptor above 1024 is to be had\n");
		return;
	}
	s = fsock_adopt(high, NULL);
	ck_assert_int_eq(wait_state(_i, s, 0), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(wait_state(_i, s, 5), FSOCK_INPUT);
	fsock_close(s);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("readable");
	TCase *tcase = tcase_create("readable");

	tcase_add_loop_test(tcase, readable, 0, COUNT(rows) * wait_ways() * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, closed, 0, SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, reset, 0, 2 * wait_ways());
	tcase_add_loop_test(tcase, reset_while_receiving, 0, wait_ways());
	tcase_add_loop_test(tcase, listener, 0, wait_ways());
	tcase_add_loop_test(tcase, datagram, 0, wait_ways());
	tcase_add_loop_test(tcase, high_descriptor, 0, wait_ways());
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

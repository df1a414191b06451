/* Octets of the wire next to text: reading and writing them, bounds, positions, STARTTLS. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <check.h>
#include <unistd.h>

#include "../support/layered.h"
#include "../support/sock_support.h"
#include "../support/text_script.h"

static const struct text_row rows[] = {
	{ "octets between lines", "utf-8,crlf", WIRE("a\r\n\xFF\0\r\nb\xC3\xA4\r\n"),
	    .steps = { LINE("a\n"), OCTETS("\xFF\0\r\n"), LINE("b\xC3\xA4\n"), END } },
	{ "octets in the middle of a line", "latin-1", WIRE("a\xE4\xE4z\n"), .partial = 1,
	    .steps = { CHARS("a\xC3\xA4"), OCTETS("\xE4"), LINE("z\n"), END } },
	{ "octets first, then text", "utf-16le", WIRE("\1\2\3a\0\n\0"),
	    .steps = { OCTETS("\1\2\3"), LINE("a\n"), OCTETS(""), END } },
	{ "octets without a format", "", WIRE("a\nb\nc\n"),
	    .steps = { LINE("a\n"), OCTETS("b"), LINE("\n"), LINE("c\n"), END } },
	{ "octets of a half-read character", "latin-1", WIRE("\xE4\xE5\n"), .partial = 1,
	    .steps = { CHARS("\xC3"), OCTETS("\xE4"), CHARS("\xC3\xA5"), LINE("\n"), END } },
	{ "octets of a half-read substitute", "ascii,replace", WIRE("a\xE4z\n"), .partial = 1,
	    .steps = { CHARS("a\xEF"), POSITION(1), CHARS("\xBF\xBD"), POSITION(2), LINE("z\n"),
		END } },
	{ "octets of a half-read substitute, line ends", "ascii,crlf,replace", WIRE("a\xE4z\r\n"),
	    .partial = 1,
	    .steps = { CHARS("a\xEF\xBF"), OCTETS("\xE4"), CHARS("z"), LINE("\n"), END } },
	{ "octets behind an escaped one", "ascii,escape",
	    WIRE("\xE4"
		 "ab\n"),
	    .partial = 1, .steps = { CHARS("\\xE4"), OCTETS("a"), LINE("b\n"), END } },
	{ "octets at end of file", "utf-8", WIRE("ab"), .partial = 1,
	    .steps = { OCTETS("a"), BYTE('b'), BYTE(-1), PEEK(-1), END } },
	{ "octets behind a character pushed back", "latin-1",
	    WIRE("ab\xE4"
		 "c\n"),
	    .partial = 1,
	    .steps = { CHARS("ab"), UNGETC('b'), OCTETS("b\xE4"), LINE("c\n"), END } },
	{ "all octets of the alphabet", "utf-8", WIRE("\0\x7F\x80\xFF"),
	    .steps = { BYTE(0), BYTE(0x7F), BYTE(0x80), BYTE(0xFF), BYTE(-1), END } },
	{ "peeking", "utf-8,crlf",
	    WIRE("a\r\n\xFF"
		 "b\r\n"),
	    .steps = { PEEK('a'), LINE("a\n"), PEEK(0xFF), PEEK(0xFF), BYTE(0xFF), PEEK('b'),
		LINE("b\n"), PEEK(-1), END } },
	{ "unreading", "utf-8", WIRE("ab\nc\n"),
	    .steps = { UNREAD(-1), BYTE('a'), UNREAD(0), UNREAD(-1), BYTE('a'), UNREAD(0),
		LINE("ab\n"), UNREAD(-1), BYTE('c'), UNREAD(0), PEEK('c'), OCTETS("c\n"), UNREAD(0),
		BYTE('\n'), END } },
	{ "peeking between reading and unreading", "utf-8", WIRE("ab\n"),
	    .steps = { BYTE('a'), PEEK('b'), UNREAD(0), LINE("ab\n"), END } },
	{ "unreading after a look at the end", "utf-8", WIRE("a"), .partial = 1,
	    .steps = { BYTE('a'), PEEK(-1), UNREAD(0), CHARS("a"), END } },
	{ "unreading after the format changed", "utf-8", WIRE("ab\n"),
	    .steps = { BYTE('a'), SET("latin-1"), UNREAD(-1), LINE("b\n"), END } },
	{ "unreading after a position and a bound", "utf-8", WIRE("ab\n"),
	    .steps = { BYTE('a'), POSITION(1), UNREAD(0), POSITION(0), BYTE('a'), BOUND(1),
		UNREAD(0), CHARS("ab"), END } },
	{ "unreading in a bound", "utf-8", WIRE("ab\n"), .partial = 1,
	    .steps = { BOUND(1), BYTE('a'), BYTE(-1), UNREAD(0), CHARS("a"), END } },

	{ "a position", "utf-16be,crlf", WIRE("\0a\0\r\0\n\xD8\x3D\xDE\0\0\n"), .partial = 1,
	    .steps = { POSITION(0), CHARS("a"), POSITION(2), LINE("\n"), POSITION(6),
		CHARS("\xF0\x9F\x98\x80"), POSITION(10), LINE("\n"), POSITION(12), END } },
	{ "a position with octets read ahead", "utf-8", WIRE("a\nb\nc\n"),
	    .steps = { LINE("a\n"), POSITION(2), OCTETS("b"), POSITION(3), LINE("\n"),
		POSITION(4) } },
	{ "a position before what makes no text", "ascii,ignore",
	    WIRE("a\n\xFF\xFF"
		 "b\n"),
	    .steps = { LINE("a\n"), POSITION(2), LINE("b\n"), POSITION(6), END } },
	{ "a position at an error", "ascii", WIRE("a\n\xFF\n"),
	    .steps = { LINE("a\n"), POSITION(2), BAD(2), POSITION(3), LINE("\n"), END } },
	{ "a position behind a CR", "auto", WIRE("a\rb\r\nc\n"),
	    .steps = { LINE("a\n"), POSITION(2), LINE("b\n"), LINE("c\n"), POSITION(7), END } },
	{ "a position behind part of an answer", "", WIRE("ab"), .partial = 1,
	    .steps = { OCTETS("a"), OCTETS("b"), BYTE(-1), UNREAD(0), BYTE('b'), END } },
	{ "a position before a pushed-back character", "latin-1", WIRE("ab\n"), .partial = 1,
	    .steps = { CHARS("ab"), UNGETC('b'), POSITION(1), LINE("b\n"), END } },

	{ "a bound in octets, not characters", "utf-8,crlf",
	    WIRE("5\r\n\xC3\xA4\xC3\xB6z\xC3\xBC\n"), .partial = 1,
	    .steps = { LINE("5\n"), BOUND(5), CHARS("\xC3\xA4\xC3\xB6z"), END, END, BOUND(2),
		CHARS("\xC3\xBC"), END, BOUND(-1), LINE("\n"), END } },
	{ "a bound that ends a line", "utf-8", WIRE("abc\n"),
	    .steps = { BOUND(2), LINE("ab"), END, BOUND(-1), LINE("c\n"), END } },
	{ "a bound that cuts a character", "utf-8",
	    WIRE("a\xE2\x82\xAC"
		 "b\n"),
	    .partial = 1,
	    .steps = { BOUND(3), CHARS("a"), BAD(1), END, BOUND(-1), BAD(3), LINE("b\n"), END } },
	{ "a bound that cuts a character, replaced", "utf-8,replace=?",
	    WIRE("a\xE2\x82\xAC"
		 "b\n"),
	    .partial = 1,
	    .steps = { BOUND(3), CHARS("a?"), END, BOUND(-1), LINE("?b\n"), ERRORS(2), END } },
	{ "a bound between CR and LF", "utf-8,crlf", WIRE("a\r\nb\n"), .partial = 1,
	    .steps = { BOUND(2), CHARS("a\r"), END, BOUND(-1), LINE("\n"), LINE("b\n"), END } },
	{ "a bound for octets", "utf-8", WIRE("abcd\n"), .partial = 1,
	    .steps = { BOUND(3), OCTETS("ab"), CHARS("c"), BYTE(-1), END, BOUND(0), END, BYTE(-1),
		BOUND(-1), LINE("d\n"), END } },
	{ "a bound with octets read ahead", "latin-1", WIRE("ab\ncd\nef\n"),
	    .steps = { LINE("ab\n"), BOUND(3), LINE("cd\n"), END, BOUND(9), LINE("ef\n"), END } },
	{ "a bound that is never reached", "latin-1", WIRE("ab\n"),
	    .steps = { BOUND(100), LINE("ab\n"), END, BOUND(5), END } },

	{ "octets after writing in the middle of a line", "latin-1",
	    .steps = { SEND("abcd\xE4\n"), CHARS("ab"), SEEK, PUT("x"), GOT("x"), OCTETS("c"),
		PUT("y"), GOT("y"), POSITION(3), LINE("d\xC3\xA4\n"), PUT("z"), GOT("z"),
		POSITION(6) } },
	{ "unreading after writing", "latin-1",
	    .steps = { SEND("a"), BYTE('a'), PUT("x"), GOT("x"), UNREAD(0), SEND("b\n"),
		LINE("ab\n") } },
	{ "unreading after writing, without a format", "",
	    .steps = { SEND("a"), BYTE('a'), PUT("x"), GOT("x"), UNREAD(0), SEND("b\n"),
		LINE("ab\n") } },
	{ "writing octets behind text", "utf-16le,crlf",
	    .steps = { PUT("a\n"), PUT_OCTETS("\xFF\0\n"), PUT("b"), CLOSE,
		GOT("a\0\r\0\n\0\xFF\0\nb\0") } },
	{ "octets behind a shift state", "iso-2022-jp",
	    .steps = { PUT("\xE6\xBC\xA2"), PUT_OCTETS("4A"), PUT("\xE6\xBC\xA2"),
		GOT("\x1B$B4A\x1B(B4A\x1B$B4A"), CLOSE, GOT("\x1B(B") } },
	{ "octets without a format", "",
	    .steps = { PUT("a"), PUT_OCTETS("\0\xFF"), GOT("a\0\xFF") } },
};

START_TEST(row)
{
	text_run_all(&rows[_i]);
}
END_TEST

/* How many octets are pending depends on what has been read ahead: here everything. */
static const struct text_row pending[] = {
	{ "what was read ahead", "latin-1,crlf",
	    .steps = { PENDING(0), SEND("a\r\nbc"), PENDING(0), LINE("a\n"), PENDING(2),
		OCTETS("b"), PENDING(1), OCTETS("c"), PENDING(0) } },
	{ "nothing, but a line end that is owed", "auto",
	    .steps = { SEND("a\r\n"), LINE("a\n"), PENDING(0), SEND("b\n"), LINE("b\n") } },
	{ "and more", "auto,utf-16le",
	    .steps = { SEND("a\0\r\0\n\0b"), LINE("a\n"), PENDING(1), OCTETS("b") } },
	{ "a handshake after STARTTLS", "utf-8,crlf",
	    .steps = { SEND("220 hello\r\n"), LINE("220 hello\n"), PUT("STARTTLS\n"),
		GOT("STARTTLS\r\n"), SEND("220 ready\r\n"), LINE("220 ready\n"), UPGRADE(0),
		SEND("\x16\r\n"), CHARS("\x16\r\n"), PUT("\n"), GOT("\n") } },
	{ "an injection", "utf-8,crlf",
	    .steps = { SEND("220 ready\r\nevil\r\n"), LINE("220 ready\n"), UPGRADE(EBUSY),
		LINE("evil\n"), UPGRADE(0) } },
	{ "an injection of one octet", "utf-8,crlf",
	    .steps = { SEND("220 ready\r\n\n"), LINE("220 ready\n"), UPGRADE(EBUSY), LINE("\n"),
		UPGRADE(0) } },
	{ "half a character", "utf-8,crlf",
	    .steps = { SEND("220 ready\r\n\xC3"), LINE("220 ready\n"), UPGRADE(EBUSY) } },
	{ "an injection that makes no text", "utf-8,crlf,ignore",
	    .steps = { SEND("220 ready\r\n\xFF"), LINE("220 ready\n"), UPGRADE(EBUSY) } },
	{ "a line end that is owed", "auto",
	    .steps = { SEND("220 ready\r\n"), LINE("220 ready\n"), UPGRADE(0), SEND("\n\x16"),
		CHARS("\n\x16") } },
	{ "a line end that is owed, and an injection", "auto",
	    .steps = { SEND("220 ready\r\n\n"), LINE("220 ready\n"), UPGRADE(EBUSY), LINE("\n") } },
	{ "a CR alone, and an injection", "auto",
	    .steps = { SEND("220 ready\revil"), LINE("220 ready\n"), UPGRADE(EBUSY) } },
	{ "a line end that is owed and does not come", "auto", .timeout = 0.02,
	    .steps = { SEND("220 ready\r"), LINE("220 ready\n"), UPGRADE(ETIMEDOUT), SEND("\n"),
		UPGRADE(0) } },
	{ "output that is held back", "iso-2022-jp",
	    .steps = { PUT("\xE6\xBC\xA2"), UPGRADE(0), GOT("\x1B$B4A\x1B(B") } },
	{ "without streams or format", "", .steps = { UPGRADE(0), UPGRADE(0) } },
};

START_TEST(pending_row)
{
	for (int i = 0; i < text_way_count; i++) {
		struct text_way way = text_way(i);

		/* Without a buffer of stdio's nothing is read ahead that could be pending. */
		if (!way.is_socket && way.piece == 0 && !way.stutter && way.window != 1)
			text_run(&pending[_i], &way);
	}
}
END_TEST

/* fsock_release() gives what the program has not read: the same octets, the same exactness. */
START_TEST(released)
{
	static const struct {
		const char *format, *wire, *left;
	} cases[] = {
		{ "utf-8,crlf", "a\r\nb\r\n", "b\r\n" },
		{ "auto", "a\r\n\n", "\n" },
		{ "auto", "a\rb", "b" },
		{ "ascii,ignore", "a\n\xFF", "\xFF" },
		{ "ascii", "a\n\xFF", "\xFF" },
		{ "utf-8", "a\n\xC3", "\xC3" },
	};
	if (layered_is_on()) /* no descriptor is handed out */
		return;
	for (int i = 0; i < COUNT(cases); i++) {
		struct text_way way = { .is_socket = 1, .delivery = FSOCK_DELIVER_BLOCK };
		struct text_session t;
		char line[8], left[8] = "";
		size_t n;
		int fd;

		text_open(&t, &way, &(struct fsock_options){ .format = cases[i].format }, NULL, 0);
		stdio_far_puts(&t.link, cases[i].wire);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, t.in));
		ck_assert_str_eq(line, "a\n");
		fd = fsock_release(t.link.s, left, sizeof left, &n);
		ck_assert_int_ge(fd, 0);
		ck_assert_uint_eq(n, strlen(cases[i].left));
		ck_assert_mem_eq(left, cases[i].left, n);
		t.link.s = NULL;
		close(fd);
		text_close(&t);
	}
}
END_TEST

/* What a FILE or handle that is none gives. */
START_TEST(refused)
{
	FILE *f = tmpfile();
	char octet = 0;

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fsock_read_octets(f, &octet, 1), 0);
	sock_assert_error(FSOCK_INVALID_SOCKET_STREAM_ERROR, EINVAL);
	ck_assert_uint_eq(fsock_write_octets(NULL, &octet, 1), 0);
	sock_assert_error(FSOCK_INVALID_SOCKET_STREAM_ERROR, EINVAL);
	ck_assert_int_eq(fsock_read_byte(f), EOF);
	ck_assert_int_eq(fsock_peek_byte(NULL), EOF);
	ck_assert_int_eq(fsock_unread_byte(f), EOF);
	ck_assert_int_eq(fsock_write_byte(f, 1), EOF);
	ck_assert_int_eq(fsock_set_bound(NULL, 1), -1);
	ck_assert_int_eq(fsock_octet_position(f), -1);
	ck_assert_int_eq(fsock_pending(NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fsock_upgrade(NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
	fclose(f);
}
END_TEST

/* One direction has not what the other has. */
START_TEST(one_way)
{
	struct text_way way = { .is_socket = 1, .delivery = FSOCK_DELIVER_BLOCK };
	struct text_session t;

	text_open(&t, &way, &(struct fsock_options){ .timeout = 0 }, NULL, 0);
	ck_assert_int_eq(fsock_write_byte(t.in, 'a'), EOF);
	sock_assert_error(FSOCK_INVALID_SOCKET_STREAM_ERROR, EINVAL);
	ck_assert_int_eq(fsock_read_byte(t.out), EOF);
	ck_assert_int_eq(fsock_octet_position(t.out), -1);
	ck_assert_int_eq(fsock_set_bound(t.out, 1), -1);
	ck_assert_int_eq(fsock_write_byte(t.out, 0x1FF), 0xFF);
	stdio_far_expect(&t.link, "\xFF", 1);
	text_close(&t);
}
END_TEST

/* What is queued has to go before another protocol begins. */
START_TEST(upgrade_behind_queue)
{
	static const char octets[100000];
	ssize_t sent = 0, n;
	int peer;
	fsock *s = sock_raw(SOCK_PAIR, NULL, &peer);

	ck_assert_ptr_nonnull(fsock_stream(s));
	ck_assert_int_eq(fsock_set_nonblocking(s, 1), 0);
	while (fsock_pending_output(s) == 0)
		sent += fsock_send(s, octets, sizeof octets, NULL);
	ck_assert_int_eq(fsock_upgrade(s), -1);
	sock_assert_error(FSOCK_WOULD_BLOCK, EAGAIN);
	while (sent > 0) {
		n = recv(peer, (char[4096]){ 0 }, 4096, MSG_DONTWAIT);
		sent -= n > 0 ? n : 0;
		ck_assert_int_ge(fsock_send_pending(s), 0);
	}
	ck_assert_int_eq(fsock_upgrade(s), fsock_socket(s));
	fsock_close(s);
	close(peer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("octets");
	TCase *tcase = tcase_create("octets");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, row, 0, COUNT(rows));
	tcase_add_loop_test(tcase, pending_row, 0, COUNT(pending));
	tcase_add_test(tcase, released);
	tcase_add_test(tcase, refused);
	tcase_add_test(tcase, one_way);
	tcase_add_test(tcase, upgrade_behind_queue);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

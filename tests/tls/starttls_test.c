/* TLS that begins in the midst of a connection: at the very octet, and with formats kept. */
#include "../../src/base/compat.h"

#include "tls_support.h"

START_TEST(starttls)
{
	struct pair p;

	pair_open(&p, NULL);
	say(p.client, p.server, "STARTTLS\n");
	say(p.server, p.client, "220 go ahead\n");
	pair_start(&p);
	say(p.client, p.server, "EHLO\n");
	say(p.server, p.client, "250 here\n");
	pair_close(&p);
}
END_TEST

/* One end reads a line in the clear, and what is in `behind` comes with it. */
static void
read_ahead(struct pair *p, fsock *reader, const void *behind, size_t n)
{
	fsock *sender = reader == p->client ? p->server : p->client;
	char octets[4096] = "in the clear\n", line[64];
	FILE *in = fsock_stream(reader);

	ck_assert_uint_lt(13 + n, sizeof octets);
	memcpy(octets + 13, behind, n);
	ck_assert_int_eq(send(fsock_socket(sender), octets, 13 + n, MSG_NOSIGNAL), 13 + (int)n);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
	ck_assert_str_eq(line, "in the clear\n");
}

static const struct {
	const char *octets;
	const char *text; /* what a handshake makes of them */
} injected[] = {
	{ "250 injected\n", "handshake: peer does not speak TLS" },
	{ "EHLO injected\n", "handshake: peer does not speak TLS" },
	{ "\x15\x03\x03\0\x02\x01\0", NULL }, /* an alert: close_notify */
	{ "\x17\x03\x03\0\x0dis plain text", NULL },
};

/*
 * What somebody has put behind STARTTLS, or the answer to it, is not taken for the peer's: it is
 * refused, or, _i & 1, the handshake fails. By a server: _i & 2.
 */
START_TEST(injection)
{
	static const size_t lengths[] = { 13, 14, 7, 18 };
	int takes = _i & 1, accepting = _i & 2 ? FSOCK_TLS_ACCEPTING : 0, row = _i / 4;
	struct pair p;
	fsock *s;

	pair_open(&p, NULL);
	s = accepting ? p.server : p.client;
	read_ahead(&p, s, injected[row].octets, lengths[row]);
	if (!takes) {
		ck_assert_int_eq(fsock_tls_start(s, accepting ? p.theirs : p.ours, accepting), -1);
		sock_assert_error(fsock_error_kind_of_errno(EBUSY), EBUSY);
		pair_close(&p);
		return;
	}
	for (int i = 0; i < 2; i++) {
		int r = i == 0 ? fsock_tls_start(s, accepting ? p.theirs : p.ours,
				     accepting | FSOCK_TLS_TAKE_PENDING)
			       : fgetc(fsock_stream(s)); /* nor later */

		ck_assert_int_eq(r, -1);
		ck_assert(i == 0 || ferror(fsock_stream(s)));
		sock_assert_error(FSOCK_TLS_ERROR, EPROTO);
		if (i == 0 && injected[row].text != NULL)
			ck_assert_str_eq(fsock_last_error()->text, injected[row].text);
	}
	pair_close(&p);
}
END_TEST

static void
connect_tls(void *arg)
{
	struct pair *p = arg;

	if (fsock_tls_start(p->client, p->ours, 0) != 0)
		p->client = NULL;
}

/* A hello that was read ahead with a line in the clear, as behind one of the PROXY protocol. */
START_TEST(hello_behind_a_line)
{
	static const char proxy[] = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";
	struct sock_thread client;
	struct pair p;
	char line[64];

	pair_open(&p, NULL);
	ck_assert_int_eq(send(fsock_socket(p.client), proxy, strlen(proxy), 0), strlen(proxy));
	sock_thread_start(&client, connect_tls, &p);
	sock_thread_await_blocked(&client);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(p.server)));
	ck_assert_str_eq(line, proxy);
	ck_assert_int_eq(fsock_tls_start(p.server, p.theirs, FSOCK_TLS_ACCEPTING), -1);
	sock_assert_error(fsock_error_kind_of_errno(EBUSY), EBUSY);
	ck_assert_msg(
	    fsock_tls_start(p.server, p.theirs, FSOCK_TLS_ACCEPTING | FSOCK_TLS_TAKE_PENDING) == 0,
	    "%s", fsock_last_error()->text);
	sock_thread_join(&client);
	ck_assert_ptr_nonnull(p.client);
	say(p.client, p.server, "hello\n");
	say(p.server, p.client, "hello yourself\n");
	pair_close(&p);
}
END_TEST

/* What cannot be begun: the socket goes on in the clear. */
START_TEST(not_begun)
{
	struct fsock_tls_options nameless = { .ca_file = file("ca.pem") };
	struct pair p;

	pair_open(&p, &nameless);
	ck_assert_int_eq(fsock_tls_start(p.client, p.ours, 0), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_tls_start(p.server, p.theirs, 4), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	say(p.client, p.server, "in the clear\n");
	say(p.server, p.client, "likewise\n");
	pair_close(&p);
}
END_TEST

/* What does not speak TLS is told so. */
START_TEST(no_tls)
{
	static const char *const greetings[] = { "220 mail.example ESMTP\r\n",
		"HTTP/1.1 400 Bad Request\r\n\r\n" };
	struct pair p;

	pair_open(&p, NULL);
	ck_assert_int_gt(fsock_send(p.server, greetings[_i], strlen(greetings[_i]), NULL), 0);
	ck_assert_int_eq(fsock_tls_start(p.client, p.ours, 0), -1);
	sock_assert_error(FSOCK_TLS_ERROR, EPROTO);
	ck_assert_str_eq(fsock_last_error()->text, "handshake: peer does not speak TLS");
	pair_close(&p);
}
END_TEST

/* What a client writes as text and what is on the wire, before and behind STARTTLS. */
static const struct {
	const char *format, *text;
	const char *before, *behind; /* in octets */
} formats[] = {
	{ "latin-1,crlf", "caf\xc3\xa9\n", "caf\xe9\r\n", "caf\xe9\r\n" },
	{ "koi8-r,lf", "\xd0\xb4\xd0\xb0\n", "\xc4\xc1\n", "\xc4\xc1\n" },
	{ "utf-8,crlf,bom=write", "caf\xc3\xa9\n",
	    "\xef\xbb\xbf"
	    "caf\xc3\xa9\r\n",
	    "caf\xc3\xa9\r\n" },
	{ "ascii,cr,escape", "caf\xc3\xa9\n", "caf\\u{E9}\r", "caf\\u{E9}\r" },
};

/* The client writes, and the octets come; or, but for what cannot be read as written, reads. */
static void
exchange(struct pair *p, int row, const char *octets)
{
	const char *text = formats[row].text;
	FILE *f = fsock_stream(p->client);
	char line[64] = "";
	size_t got = 0;

	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fflush(f), 0);
	while (got < strlen(octets)) {
		ssize_t n = fsock_receive(p->server, line + got, sizeof line - 1 - got, NULL);

		ck_assert_int_gt(n, 0);
		got += (size_t)n;
	}
	ck_assert_str_eq(line, octets);
	ck_assert_int_gt(
	    fsock_send(p->server, formats[row].behind, strlen(formats[row].behind), NULL), 0);
	ck_assert_msg(fgets(line, sizeof line, f) != NULL, "%s", fsock_last_error()->text);
	if (strchr(octets, '\\') == NULL)
		ck_assert_str_eq(line, text);
}

START_TEST(formats_stay)
{
	struct fsock_format input, output, expected;
	struct pair p;
	FILE *f;

	pair_open(&p, NULL);
	f = fsock_stream(p.client);
	ck_assert_int_eq(fsock_set_format(f, formats[_i].format), 0);
	exchange(&p, _i, formats[_i].before);
	exchange(&p, _i, formats[_i].behind);
	pair_start(&p);
	exchange(&p, _i, formats[_i].behind);
	ck_assert_int_eq(fsock_get_formats(f, &input, &output), 0);
	ck_assert_int_eq(fsock_format_parse(&expected, formats[_i].format), 0);
	ck_assert_int_eq(output.charset == expected.charset && output.eol == expected.eol, 1);
	ck_assert_int_eq(fsock_set_format(f, "lf"), 0); /* and can be changed */
	say(p.client, p.server, "as it is\n");
	say(p.server, p.client, "likewise\r\n");
	pair_close(&p);
}
END_TEST

/* With line ends of any style a line is there with its CR: the LF behind it is not TLS's input. */
START_TEST(line_end_owed)
{
	char line[32];
	struct pair p;

	pair_open(&p, NULL);
	ck_assert_int_eq(fsock_set_format(fsock_stream(p.client), "auto"), 0);
	ck_assert_int_eq(send(fsock_socket(p.server), "220 ready\r\n", 11, MSG_NOSIGNAL), 11);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(p.client)));
	ck_assert_str_eq(line, "220 ready\n");
	pair_start(&p);
	say(p.server, p.client, "250 here\n");
	ck_assert_int_gt(fsock_send(p.server, "251 there\r\n", 11, NULL), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(p.client)));
	ck_assert_str_eq(line, "251 there\n");
	pair_close(&p);
}
END_TEST

/* There is no descriptor to be had of what goes through TLS; the connection goes on. */
START_TEST(no_release)
{
	struct pair p;
	char rest[16];

	pair_open(&p, NULL);
	pair_start(&p);
	say(p.client, p.server, "before\n");
	ck_assert_int_eq(fsock_release(p.client, rest, sizeof rest, NULL), -1);
	sock_assert_error(FSOCK_OPERATION_NOT_SUPPORTED_ERROR, EOPNOTSUPP);
	ck_assert_int_eq(fsock_upgrade(p.client), -1);
	sock_assert_error(FSOCK_OPERATION_NOT_SUPPORTED_ERROR, EOPNOTSUPP);
	say(p.client, p.server, "and on\n");
	say(p.server, p.client, "both ways\n");
	pair_close(&p);
}
END_TEST

static void
add(TCase *t)
{
	tcase_add_test(t, starttls);
	tcase_add_loop_test(t, injection, 0, 4 * COUNT(injected));
	tcase_add_test(t, hello_behind_a_line);
	tcase_add_test(t, not_begun);
	tcase_add_loop_test(t, no_tls, 0, 2);
	tcase_add_loop_test(t, formats_stay, 0, COUNT(formats));
	tcase_add_test(t, line_end_owed);
	tcase_add_test(t, no_release);
}

int
main(void)
{
	return tls_run("starttls", add);
}

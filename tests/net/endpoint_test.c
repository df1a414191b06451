/* Addresses as people write them: what is read, what is refused, and in which words. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include "net/endpoint.h"
#include "../support/sock_support.h"

#define TEN   "123456789/"
#define FIFTY TEN TEN TEN TEN TEN

enum { STREAM = 1, DGRAM = 2, ADDRESS = 4, ALL = 7 };

static const int types[] = { SOCK_STREAM, SOCK_DGRAM, 0 };

static const struct good {
	const char *text;
	int is_local, uses; /* those types it is read with */
	const char *host;   /* "(null)" for NULL */
	int port;
	const char *service;
} goods[] = {
	{ "example.org:80", 0, ALL, "example.org", 80, NULL },
	{ "example.org:0", 0, ALL, "example.org", 0, NULL },
	{ "example.org:65535", 0, ALL, "example.org", 65535, NULL },
	{ "example.org:0080", 0, ALL, "example.org", 80, NULL },
	{ "example.org:https", 0, ALL, "example.org", 0, "https" },
	{ "example.org.:z39-50_a.b", 0, ALL, "example.org.", 0, "z39-50_a.b" },
	{ "example.org:3com-tsmux", 0, ALL, "example.org", 0, "3com-tsmux" },
	{ "127.0.0.1:80", 1, ALL, "127.0.0.1", 80, NULL },
	{ "127.1:80", 0, ALL, "127.1", 80, NULL }, /* which no call connects to */
	{ "b\xC3\xBC"
	  "cher.example:80",
	    0, ALL,
	    "b\xC3\xBC"
	    "cher.example",
	    80, NULL },
	{ "unix.:80", 0, ALL, "unix.", 80, NULL }, { "unixx:80", 0, ALL, "unixx", 80, NULL },
	{ "tcp:80", 0, ALL, "tcp", 80, NULL },

	{ "[::1]:80", 0, ALL, "::1", 80, NULL }, { "[::]:ircd", 1, ALL, "::", 0, "ircd" },
	{ "[::ffff:10.0.0.1]:1", 0, ALL, "::ffff:10.0.0.1", 1, NULL },
	{ "[fe80::1%lo]:80", 0, ALL, "fe80::1%lo", 80, NULL },
	{ "[fe80::1%2]:80", 0, ALL, "fe80::1%2", 80, NULL },
	{ "[1::2::3]:80", 0, ALL, "1::2::3", 80, NULL }, /* likewise */

	{ ":80", 1, ALL, "(null)", 80, NULL }, { ":0", 1, ALL, "(null)", 0, NULL },
	{ ":https", 1, ALL, "(null)", 0, "https" },
	{ "tcp://:80", 1, STREAM | ADDRESS, "(null)", 80, NULL },

	{ "tcp://example.org:80", 0, STREAM | ADDRESS, "example.org", 80, NULL },
	{ "TCP://[::1]:https", 0, STREAM | ADDRESS, "::1", 0, "https" },
	{ "udp://example.org:53", 0, DGRAM | ADDRESS, "example.org", 53, NULL },
	{ "UdP://127.0.0.1:domain", 0, DGRAM | ADDRESS, "127.0.0.1", 0, "domain" },
	{ "tcp://unix:80", 0, STREAM | ADDRESS, "unix", 80, NULL },

	{ "/run/x", 0, ALL, "/run/x", 0, NULL }, { "/run/x:80", 0, ALL, "/run/x:80", 0, NULL },
	{ "/ a\tb", 0, ALL, "/ a\tb", 0, NULL }, { "./x", 1, ALL, "./x", 0, NULL },
	{ "../x:y", 0, ALL, "../x:y", 0, NULL }, { "a/b", 0, ALL, "a/b", 0, NULL },
	{ "a/b:c", 0, ALL, "a/b:c", 0, NULL }, { "@x", 0, ALL, "@x", 0, NULL },
	{ "@x:80", 0, ALL, "@x:80", 0, NULL }, { "@", 1, ALL, "@", 0, NULL },
	{ "unix:/run/x", 0, ALL, "/run/x", 0, NULL }, { "UNIX:/run/x", 0, ALL, "/run/x", 0, NULL },
	{ "unix:///run/x", 0, ALL, "/run/x", 0, NULL }, { "unix:x", 0, ALL, "./x", 0, NULL },
	{ "unix:80", 0, ALL, "./80", 0, NULL }, { "unix:x:80", 0, ALL, "./x:80", 0, NULL },
	{ "unix:tcp://x", 0, ALL, "tcp://x", 0, NULL }, { "unix:@x", 0, ALL, "@x", 0, NULL },
	{ "unix:@", 0, ALL, "@", 0, NULL }, { "unix:./@x", 0, ALL, "./@x", 0, NULL },
	{ "unix:/" FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY, 0, ALL,
	    "/" FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY, 0, NULL }, /* which no call connects to */
};

START_TEST(good)
{
	const struct good *row = &goods[_i / COUNT(types)];
	int type = _i % COUNT(types);
	const struct fsock__endpoint_use use = { "connect", types[type], row->is_local };
	struct fsock__endpoint e;
	int r;

	memset(&e, 0x5a, sizeof e);
	errno = EDOM;
	r = fsock__endpoint_read(&e, &use, row->text, FSOCK_PORT_IN_HOST);
	if (!(row->uses & 1 << type)) {
		ck_assert_int_eq(r, -1);
		sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
		return;
	}
	ck_assert_msg(r == 0, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_str_eq(e.host == NULL ? "(null)" : e.host, row->host);
	ck_assert_int_eq(e.port, row->port);
	ck_assert_pstr_eq(e.service, row->service);
}
END_TEST

/* With any other port, and with no host, nothing is read. */
static const struct plain {
	const char *host;
	int port;
} plains[] = {
	{ "example.org:80", 0 },
	{ "example.org", 80 },
	{ "unix:x", 65535 },
	{ "http://x", 65536 },
	{ "x", -2 },
	{ NULL, -1 },
	{ NULL, 80 },
};

START_TEST(plain)
{
	static const struct fsock__endpoint_use use = { "connect", SOCK_STREAM, 0 };
	struct fsock__endpoint e;

	ck_assert_int_eq(fsock__endpoint_read(&e, &use, plains[_i].host, plains[_i].port), 0);
	ck_assert_ptr_eq(e.host, plains[_i].host);
	ck_assert_int_eq(e.port, plains[_i].port);
	ck_assert_ptr_null(e.service);
}
END_TEST

static const struct bad {
	const char *text;
	int type, is_local;
	const char *words;
} bads[] = {
	{ "", SOCK_STREAM, 0, "no port: write HOST:PORT" },
	{ "example.org", SOCK_STREAM, 0, "no port: write example.org:PORT" },
	{ "127.0.0.1", SOCK_DGRAM, 1, "no port: write 127.0.0.1:PORT" },
	{ "80", SOCK_STREAM, 1, "no port: write 80:PORT" },
	{ "tcp://example.org", SOCK_STREAM, 0, "no port: write example.org:PORT" },
	{ "[::1]", 0, 0, "no port: write [::1]:PORT" },
	{ "example.org:", SOCK_STREAM, 0, "no port after the colon" },
	{ "[::1]:", SOCK_STREAM, 0, "no port after the colon" },
	{ ":", SOCK_STREAM, 1, "no port after the colon" },
	{ ":", SOCK_STREAM, 0, "no host before the colon" },
	{ ":80", SOCK_STREAM, 0, "no host before the colon" },
	{ ":80", 0, 0, "no host before the colon" },
	{ "tcp://:80", SOCK_STREAM, 0, "no host before the colon" },

	{ "a:65536", SOCK_STREAM, 0, "65536 is neither a port nor a service" },
	{ "a:70000", SOCK_DGRAM, 1, "70000 is neither a port nor a service" },
	{ "a:99999999999999999999", 0, 0, "99999999999999999999 is neither a port nor a service" },
	{ "a:-1", SOCK_STREAM, 0, "-1 is neither a port nor a service" },
	{ "a:+80", SOCK_STREAM, 0, "+80 is neither a port nor a service" },
	{ "a: 80", SOCK_STREAM, 0, " 80 is neither a port nor a service" },
	{ "a:80 ", SOCK_STREAM, 0, "80  is neither a port nor a service" },
	{ "a:80\n", SOCK_STREAM, 0, "80? is neither a port nor a service" },
	{ "a:ht tp", SOCK_STREAM, 0, "ht tp is neither a port nor a service" },
	{ "a:80/", SOCK_STREAM, 0, "80/ is neither a port nor a service" },
	{ "a:http/x", SOCK_STREAM, 0, "http/x is neither a port nor a service" },
	{ "tcp://a:80/path", SOCK_STREAM, 0, "80/path is neither a port nor a service" },
	{ "[::1]:[::1]", SOCK_STREAM, 0, "[::1] is neither a port nor a service" },
	{ "a:b@c", SOCK_STREAM, 0, "b@c is neither a port nor a service" },
	{ "a:" TEN "a", SOCK_STREAM, 0, TEN "a is neither a port nor a service" },
	{ "a:x12345678901234567890123456789012345678901234567890123456789012345", SOCK_STREAM, 0,
	    "x123456789012345678901234567890123456789012345678901234567890123 is neither a port "
	    "nor a service" },

	{ "::1", SOCK_STREAM, 0, "an IPv6 address needs brackets: [::1]:80" },
	{ "::1:80", SOCK_STREAM, 0, "an IPv6 address needs brackets: [::1]:80" },
	{ "fe80::1%lo", SOCK_STREAM, 0, "an IPv6 address needs brackets: [::1]:80" },
	{ "a:b:80", SOCK_STREAM, 0, "an IPv6 address needs brackets: [::1]:80" },
	{ "[::1", SOCK_STREAM, 0, "the ] is missing" },
	{ "[::1:80", SOCK_STREAM, 0, "the ] is missing" },
	{ "[", SOCK_STREAM, 1, "the ] is missing" },
	{ "[]:80", SOCK_STREAM, 1, "[] is no IPv6 address" },
	{ "[localhost]:80", SOCK_STREAM, 0, "[localhost] is no IPv6 address" },
	{ "[127.0.0.1]:80", SOCK_STREAM, 0, "[127.0.0.1] is no IPv6 address" },
	{ "[::1]80", SOCK_STREAM, 0, "80 after the ] is no port" },
	{ "[::1] :80", SOCK_STREAM, 0, " :80 after the ] is no port" },
	{ "[::1]%lo:80", SOCK_STREAM, 0, "%lo:80 after the ] is no port" },
	{ "[[::1]]:80", SOCK_STREAM, 0, "]:80 after the ] is no port" },

	{ " a:80", SOCK_STREAM, 0, "there is a blank in the host  a" },
	{ "a :80", SOCK_STREAM, 0, "there is a blank in the host a " },
	{ "a\tb:80", SOCK_DGRAM, 0, "there is a blank in the host a?b" },
	{ "\x7F:80", SOCK_DGRAM, 0, "there is a blank in the host ?" },
	{ "[::1 ]:80", SOCK_STREAM, 0, "there is a blank in the host ::1 " },
	{ "user@a:80", SOCK_STREAM, 0, "user@a is no host" },
	{ "a]:80", SOCK_STREAM, 0, "a] is no host" },
	{ "tcp:///run/x:80", SOCK_STREAM, 0, "/run/x is no host" },
	{ "tcp://@x:80", SOCK_STREAM, 0, "@x is no host" },
	{ "tcp://a/b:80", SOCK_STREAM, 0, "a/b is no host" },

	{ "http://a:80", SOCK_STREAM, 0, "unknown protocol http: write tcp, udp or unix" },
	{ "http://a", SOCK_STREAM, 0, "unknown protocol http: write tcp, udp or unix" },
	{ "tcps://a:80", 0, 0, "unknown protocol tcps: write tcp, udp or unix" },
	{ "udp://a:80", SOCK_STREAM, 0, "udp is for datagrams" },
	{ "UDP://a:80", SOCK_STREAM, 1, "UDP is for datagrams" },
	{ "tcp://a:80", SOCK_DGRAM, 0, "tcp is for streams" },
	{ "unix:", SOCK_STREAM, 0, "no path after unix:" },
	{ "unix://", SOCK_STREAM, 0, "no path: write unix:///PATH or unix:PATH" },
	{ "unix://a/b", SOCK_STREAM, 0, "no path: write unix:///PATH or unix:PATH" },
};

START_TEST(bad)
{
	const struct bad *row = &bads[_i];
	const struct fsock__endpoint_use use = { "look up", row->type, row->is_local };
	struct fsock__endpoint e;
	char shown[256];
	size_t n;

	ck_assert_int_eq(fsock__endpoint_read(&e, &use, row->text, FSOCK_PORT_IN_HOST), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_str_eq(fsock_last_error()->host, row->text);
	ck_assert_int_eq(fsock_last_error()->port, -1);
	snprintf(shown, sizeof shown, "%s", row->text);
	for (n = 0; shown[n] != '\0'; n++)
		if (shown[n] < ' ' || shown[n] == 0x7f)
			shown[n] = '?';
	if (n > 0)
		sock_assert_failed(
		    FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "look up of %s: %s", shown, row->words);
	else
		sock_assert_failed(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "look up: %s", row->words);
}
END_TEST

/* A host of 255 octets is the longest; one with "./" before it and a NUL behind it is longer. */
static const struct too_long {
	const char *before;
	int letters;
	const char *behind;
	int errnum;
} too_longs[] = {
	{ "", FSOCK_HOST_NAME_SIZE - 1, ":80", 0 },
	{ "", FSOCK_HOST_NAME_SIZE, ":80", EINVAL },
	{ "[::", 4096, "]:80", EINVAL },
	{ "unix:", FSOCK_HOST_NAME_SIZE - 3, "", 0 },
	{ "unix:", FSOCK_HOST_NAME_SIZE - 2, "", ENAMETOOLONG },
	{ "unix:", 4096, "", ENAMETOOLONG },
};

START_TEST(too_long)
{
	static const struct fsock__endpoint_use use = { "connect", SOCK_STREAM, 0 };
	const struct too_long *row = &too_longs[_i];
	struct fsock__endpoint e;
	char text[8192], letters[4097] = "";

	memset(letters, 'x', (size_t)row->letters);
	letters[row->letters] = '\0';
	snprintf(text, sizeof text, "%s%s%s", row->before, letters, row->behind);
	errno = 0;
	ck_assert_int_eq(
	    fsock__endpoint_read(&e, &use, text, FSOCK_PORT_IN_HOST), row->errnum == 0 ? 0 : -1);
	ck_assert_int_eq(errno, row->errnum);
}
END_TEST

/* Text that may be a host alone: is it more than that? */
static const struct maybe {
	const char *text;
	int is_address;
} maybes[] = {
	{ "", 0 },
	{ "example.org", 0 },
	{ "::", 0 },
	{ "::1", 0 },
	{ "[::1]", 0 },
	{ "[fe80::1%lo]", 0 },
	{ "1::2::3", 0 },
	{ "/a:b", 0 },
	{ "@a:b", 0 },
	{ "example.org:80", 1 },
	{ ":80", 1 },
	{ "a:", 1 },
	{ "[::1]:80", 1 },
	{ "tcp://a", 1 },
	{ "http://a/", 1 },
	{ "unix:a", 1 },
	{ "unix:/a", 1 },
};

START_TEST(maybe)
{
	ck_assert_int_eq(fsock__endpoint_is_address(maybes[_i].text), maybes[_i].is_address);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("endpoint");
	TCase *tcase = tcase_create("endpoint");

	tcase_add_loop_test(tcase, good, 0, COUNT(goods) * COUNT(types));
	tcase_add_loop_test(tcase, plain, 0, COUNT(plains));
	tcase_add_loop_test(tcase, bad, 0, COUNT(bads));
	tcase_add_loop_test(tcase, too_long, 0, COUNT(too_longs));
	tcase_add_loop_test(tcase, maybe, 0, COUNT(maybes));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

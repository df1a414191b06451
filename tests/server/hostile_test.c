/*
 * Clients that mean no good, at every kind of server of streams, by both kinds of stream: the
 * others are served as ever. Servers of datagrams have theirs in datagram_server_test.c.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include "../support/lines.h"

enum { CROWD = 20 };

static const struct kind {
	const char *host;
	int serves_lines, threads, is_one_way;
} kinds[] = {
	{ "127.0.0.1", 0, 0, 0 },
	{ "127.0.0.1", 0, 0, 1 },
	{ "unix", 0, 3, 0 },
	{ "unix", 0, 0, 1 },
	{ "127.0.0.1", 1, 1, 0 },
	{ "127.0.0.1", 1, 3, 0 },
	{ "127.0.0.1", 1, 2, 1 },
	{ "unix", 1, 2, 0 },
	{ "unix", 1, 1, 1 },
};

static const struct kind *kind;

/* What a handler writes to: the stream it is given, or another of the same client. */
static FILE *
output_of(FILE *client)
{
	return kind->is_one_way ? fsock_output(fsock_of(client)) : client;
}

/* Lines that begin with an x are not answered. */
static int
serve_stream(FILE *client, void *arg)
{
	FILE *in = kind->is_one_way ? fsock_input(fsock_of(client)) : client;
	FILE *out = output_of(client);
	char line[256];

	(void)arg;
	while (in != NULL && out != NULL && fgets(line, sizeof line, in) != NULL) {
		if (line[0] != 'x' && fputs(line, out) == EOF)
			return -1;
		if (kind->is_one_way && fflush(out) == EOF)
			return -1;
	}
	return 0;
}

static int
serve_line(FILE *client, char *line, size_t length, void *arg)
{
	FILE *out = output_of(client);

	(void)length;
	(void)arg;
	if (line[0] == 'x')
		return 0;
	if (out == NULL || fprintf(out, "%s\n", line) < 0)
		return -1;
	return kind->is_one_way && fflush(out) == EOF ? -1 : 0;
}

static fsock_server *server;
static fsock *polite;
static const char *host;
static struct sock_thread thread;

static void
ask(fsock *s)
{
	lines_put(s, "hello\n");
	lines_expect(s, "hello\n");
}

/* Sends as long as the kernel takes some. Returns 0; or -1 when it has failed. */
static int
pour(fsock *s)
{
	static char block[60000];
	ssize_t n;

	for (size_t i = 0; i < sizeof block; i++)
		block[i] = i % 60 == 59 ? '\n' : 'y';
	do
		n = send(fsock_socket(s), block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n > 0);
	return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
}

/* Sends and sends, and reads nothing of the answers. */
static void
never_read(fsock *s)
{
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(pour(s), 0);
		ask(polite);
	}
}

static void
send_octets(fsock *s)
{
	static const char text[] = "hello\n";

	for (int i = 0; text[i] != '\0'; i++) {
		ck_assert_int_eq(send(fsock_socket(s), &text[i], 1, MSG_NOSIGNAL), 1);
		ask(polite);
	}
	lines_expect(s, text);
}

static void
flood_forever(void *arg)
{
	fsock *s = arg;

	while (fputs("xxxx\nxxxxxxxxxxxxxxxxxxxxxx\nx\n", fsock_output(s)) != EOF)
		;
}

static void
flood(fsock *s)
{
	ck_assert_ptr_nonnull(fsock_output(s));
	sock_thread_start(&thread, flood_forever, s);
	for (int i = 0; i < 100; i++)
		ask(polite);
	shutdown(fsock_socket(s), SHUT_RDWR);
	sock_thread_join(&thread);
}

/* Resets the connection: with a line that nobody has read the answer of, and in a line. */
static void
reset_often(fsock *s)
{
	for (int i = 0; i < CROWD; i++) {
		fsock *other = server_connect(server, host);

		lines_put(other, i % 2 ? "hello\n" : "hel");
		fsock_abort(other);
	}
	lines_put(s, "hello\nhel");
}

/* Ends its side, behind a line and in one: what it has asked is answered, and it is let go. */
static void
end_its_side(fsock *s)
{
	lines_put(s, "hello\n");
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
	lines_expect(s, "hello\n");
	lines_expect_end(s);
}

/* Comes and goes, and says nothing or half a line. */
static void
vanish_often(fsock *s)
{
	for (int i = 0; i < CROWD; i++) {
		fsock *other = server_connect(server, host);

		if (i % 2)
			lines_put(other, "hel");
		fsock_close(other);
	}
	lines_put(s, "hel");
}

static const struct behaviour {
	const char *name;
	void (*behave)(fsock *);
} behaviours[] = {
	{ "never reads", never_read },
	{ "an octet at a time", send_octets },
	{ "floods", flood },
	{ "resets", reset_often },
	{ "half-closes", end_its_side },
	{ "vanishes", vanish_often },
};

/* It behaves so, and is then reset, or still there when the server is stopped. */
START_TEST(hostile)
{
	const struct behaviour *row = &behaviours[_i / 2 % COUNT(behaviours)];
	struct fsock_server_options options = { .threads = 0 };
	int stays = _i % 2, fds = sock_open_fds();
	double start;
	fsock *s;

	kind = &kinds[_i / 2 / COUNT(behaviours)];
	options.threads = kind->threads;
	host = sock_place(kind->host);
	server = kind->serves_lines ? server_start_lines(host, serve_line, NULL, &options)
				    : server_start(host, serve_stream, NULL, &options);
	polite = server_connect(server, host);
	ask(polite);
	s = server_connect(server, host);
	row->behave(s);
	ask(polite);
	if (!stays) {
		fsock_abort(s);
		fsock_close(polite);
		server_await_clients(server, 0);
	}
	start = sock_now();
	ck_assert_msg(fsock_server_stop(server, stays ? 0 : 20) <= stays * (2 + CROWD), "%s",
	    row->name); /* those that have just gone may count still */
	sock_assert_took(start, 0);
	if (stays) {
		fsock_abort(s);
		fsock_close(polite);
	}
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hostile clients");
	TCase *tcase = tcase_create("hostile clients");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, hostile, 0, COUNT(kinds) * COUNT(behaviours) * 2);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

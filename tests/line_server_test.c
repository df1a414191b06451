/* Servers of lines: what the handler gets and in which order, whatever its clients do. */
#include "../src/compat.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/server_support.h"

/* Places and numbers of loops; most tests run over all of them. */
static const struct place {
	const char *host;
	int threads;
} places[] = {
	{ "127.0.0.1", 0 },
	{ "127.0.0.1", 4 },
	{ "::1", 3 },
	{ "localhost", 2 },
	{ "unix", 1 },
	{ "unix", 4 },
	{ "abstract", 2 },
};

static const char *host;

/* Starts a server at the place; NULL if this machine does not have it. */
static fsock_server *
start_at(
    int place, fsock_line_handler *handler, void *arg, const struct fsock_server_options *options)
{
	struct fsock_server_options own = *options;

	host = sock_place(places[place].host);
	own.threads = places[place].threads;
	if (strcmp(host, "::1") == 0 && !sock_has(SOCK_TCP6))
		return NULL;
	server_log_reset();
	return server_start_lines(host, handler, arg, &own);
}

/* What is kept for a client, and what has happened to all of them. */
struct member {
	pthread_t thread;
	int lines;
};
static atomic_int opened, closed, lines, strangers, wanted;

static void
reset_counts(void)
{
	opened = closed = lines = strangers = wanted = 0;
}

static int
open_member(FILE *client, void *arg)
{
	struct member *m = calloc(1, sizeof *m);

	(void)client;
	(void)arg;
	m->thread = pthread_self();
	*fsock_client_state() = m;
	opened++;
	return 0;
}

static void
close_member(FILE *client, void *arg)
{
	struct member *m = *fsock_client_state();

	(void)client;
	(void)arg;
	strangers += !pthread_equal(m->thread, pthread_self());
	wanted += fsock_last_error()->kind == FSOCK_NO_ERROR;
	free(m);
	closed++;
}

/* Sends the line back with its number and length: "3 5 hello". "end" and "fail" end the client. */
static int
number(FILE *client, char *line, size_t length, void *arg)
{
	struct member *m = *fsock_client_state();

	(void)arg;
	lines++;
	strangers += !pthread_equal(m->thread, pthread_self()) || line[length] != '\0' ||
		     fsock_remote_host() == NULL || fsock_server_current() == NULL;
	fprintf(client, "%d %zu ", m->lines++, length);
	fwrite(line, 1, length, client);
	putc('\n', client);
	if (strcmp(line, "end") == 0)
		return FSOCK_END_CLIENT;
	errno = ENOTDIR;
	return strcmp(line, "fail") == 0 ? -1 : 0;
}

static const struct fsock_server_options members = {
	.opened = open_member, .closed = close_member, .error = server_log
};

static void
put(fsock *s, const char *text)
{
	ck_assert_int_ne(fputs(text, fsock_stream(s)), EOF);
	ck_assert_int_eq(fflush(fsock_stream(s)), 0);
}

static void
expect(fsock *s, const char *text)
{
	char line[256];

	ck_assert_msg(fgets(line, sizeof line, fsock_stream(s)) != NULL, "no %s: %s", text,
	    fsock_last_error()->text);
	ck_assert_str_eq(line, text);
}

static void
expect_end(fsock *s)
{
	ck_assert_int_eq(getc(fsock_stream(s)), EOF);
	ck_assert_msg(!ferror(fsock_stream(s)), "%s", fsock_last_error()->text);
}

/* Ends the server, all of whose clients have gone or are to go now. */
static void
stop(fsock_server *server)
{
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	ck_assert_int_eq(opened, closed);
	ck_assert_int_eq(strangers, 0);
}

/* ---- Lines, however they come */

enum way { LINES, PIECES, BYTES, AT_ONCE, HALF_CLOSED, WAYS };

/* Sends the text of one client of several. */
static void
send_text(fsock *const clients[], int count, enum way way, char texts[][2048])
{
	size_t piece = way == BYTES ? 1 : way == PIECES ? 37 : way == LINES ? 10 : 2048;

	for (size_t at = 0; at < strlen(texts[0]); at += piece)
		for (int i = 0; i < count; i++) {
			size_t n = strlen(texts[i]) - at;

			fwrite(texts[i] + at, 1, n < piece ? n : piece, fsock_stream(clients[i]));
			ck_assert_int_eq(fflush(fsock_stream(clients[i])), 0);
		}
	for (int i = 0; way == HALF_CLOSED && i < count; i++)
		ck_assert_int_eq(fsock_shutdown(clients[i], FSOCK_OUTPUT), 0);
}

START_TEST(in_order)
{
	enum { CLIENTS = 12, LINES_EACH = 150 };
	static char texts[CLIENTS][2048];
	enum way way = _i % WAYS;
	fsock_server *server = start_at(_i / WAYS, number, NULL, &members);
	fsock *clients[CLIENTS];
	char answer[64];

	if (server == NULL)
		return;
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = server_connect(server, host);
		for (int n = 0; n < LINES_EACH; n++)
			snprintf(texts[i] + 10 * n, 11, "%04d %04d%c", i, n, '\n');
	}
	send_text(clients, CLIENTS, way, texts);
	for (int i = 0; i < CLIENTS; i++)
		for (int n = 0; n < LINES_EACH; n++) {
			snprintf(answer, sizeof answer, "%d 9 %04d %04d\n", n, i, n);
			expect(clients[i], answer);
		}
	ck_assert_int_eq(lines, CLIENTS * LINES_EACH);
	for (int i = 0; way == HALF_CLOSED && i < CLIENTS; i++)
		expect_end(clients[i]);
	for (int i = 0; i < CLIENTS; i++)
		fsock_close(clients[i]);
	server_await_clients(server, 0);
	ck_assert_int_eq(closed, CLIENTS);
	ck_assert_int_eq(wanted, CLIENTS);
	stop(server);
	ck_assert_int_eq(server_log_count(), 0);
}
END_TEST

/* What a line is. */
static const struct text {
	const char *name, *sent;
	size_t length;
	const char *answers[4];
} texts[] = {
#define TEXT(s) s, sizeof(s) - 1
	{ "empty", TEXT("\n\n"), { "0 0 \n", "1 0 \n" } },
	{ "crlf", TEXT("a\r\n\r\nb\n"), { "0 1 a\n", "1 0 \n", "2 1 b\n" } },
	{ "cr within", TEXT("a\rb\r\r\n"), { "0 4 a\rb\r\n" } },
	{ "no end", TEXT("a\nb"), { "0 1 a\n" } },
	{ "end", TEXT("a\nend\nb\n"), { "0 1 a\n", "1 3 end\n" } },
	{ "fail", TEXT("fail\nb\n"), { "0 4 fail\n" } },
};

START_TEST(what_a_line_is)
{
	const struct text *row = &texts[_i];
	fsock_server *server = start_at(0, number, NULL, &members);
	fsock *s = server_connect(server, host);

	fwrite(row->sent, 1, row->length, fsock_stream(s));
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
	for (int i = 0; i < 4 && row->answers[i] != NULL; i++)
		expect(s, row->answers[i]);
	expect_end(s);
	fsock_close(s);
	server_await_clients(server, 0);
	ck_assert_int_eq(wanted, strcmp(row->name, "fail") != 0);
	ck_assert_int_eq(server_log_count(), strcmp(row->name, "fail") == 0);
	if (server_log_count() > 0) {
		const struct fsock_error *error = server_await_log(0);

		ck_assert_str_eq(error->operation, "serve client");
		ck_assert_int_eq(error->errnum, ENOTDIR);
	}
	stop(server);
}
END_TEST

/* A NUL is an octet like any other. */
START_TEST(nul)
{
	fsock_server *server = start_at(0, number, NULL, &members);
	fsock *s = server_connect(server, host);
	char answer[9];

	fwrite("a\0b\n", 1, 4, fsock_stream(s));
	fflush(fsock_stream(s));
	ck_assert_uint_eq(fread(answer, 1, 8, fsock_stream(s)), 8);
	ck_assert_mem_eq(answer, "0 3 a\0b\n", 8);
	fsock_close(s);
	stop(server);
}
END_TEST

/* Text has the charset and the line ends of the options. */
START_TEST(format)
{
	struct fsock_server_options options = members;
	fsock_server *server;
	fsock *s;
	char answer[32] = "";

	options.socket.format = "latin-1,crlf";
	server = start_at(_i, number, NULL, &options);
	if (server == NULL)
		return;
	s = server_connect(server, host);
	put(s, "caf\xe9\r\n\xfcml");
	ck_assert_uint_eq(fread(answer, 1, 10, fsock_stream(s)), 10);
	ck_assert_str_eq(answer, "0 5 caf\xe9\r\n");
	put(s, "aut\r\n");
	memset(answer, 0, sizeof answer);
	ck_assert_uint_eq(fread(answer, 1, 12, fsock_stream(s)), 12);
	ck_assert_str_eq(answer, "1 7 \xfcmlaut\r\n");
	fsock_close(s);
	stop(server);
}
END_TEST

/* ---- Clients that do not behave */

/* One says half a line and stays; the others are served, and in the end it is, too. */
START_TEST(half_a_line)
{
	fsock_server *server = start_at(_i, number, NULL, &members);
	fsock *slow[6], *quick;

	if (server == NULL)
		return;
	for (int i = 0; i < COUNT(slow); i++) {
		slow[i] = server_connect(server, host);
		put(slow[i], "half ");
	}
	for (int i = 0; i < 20; i++) {
		quick = server_connect(server, host);
		put(quick, "quick\n");
		expect(quick, "0 5 quick\n");
		fsock_close(quick);
	}
	ck_assert_int_eq(lines, 20);
	for (int i = 0; i < COUNT(slow); i++) {
		put(slow[i], "a line\n");
		expect(slow[i], "0 11 half a line\n");
		fsock_close(slow[i]);
	}
	stop(server);
}
END_TEST

enum leaving { CLOSES, RESETS, CLOSES_IN_LINE, RESETS_IN_LINE, LEAVINGS };

/* Clients that come and vanish: what they have not ended is no line; nothing is left of them. */
START_TEST(vanishes)
{
	enum { CLIENTS = 60 };
	enum leaving leaving = _i % LEAVINGS;
	int fds = sock_open_fds(), in_line = leaving == CLOSES_IN_LINE || leaving == RESETS_IN_LINE;
	fsock_server *server = start_at(_i / LEAVINGS, number, NULL, &members);
	fsock *s;

	if (server == NULL)
		return;
	for (int i = 0; i < CLIENTS; i++) {
		s = server_connect(server, host);
		if (in_line)
			put(s, "no li");
		if (leaving == RESETS || leaving == RESETS_IN_LINE)
			fsock_abort(s);
		else
			fsock_close(s);
	}
	s = server_connect(server, host); /* after them, and served as ever */
	put(s, "a line\n");
	expect(s, "0 6 a line\n");
	fsock_close(s);
	server_await_clients(server, 0);
	ck_assert_int_eq(lines, 1);
	stop(server);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* One that sends without end does not keep the others from being served. */
static void
flood(void *arg)
{
	static const char many[] = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";
	fsock *s = arg;

	while (fputs(many, fsock_output(s)) != EOF)
		;
}

static int
swallow(FILE *client, char *line, size_t length, void *arg)
{
	(void)arg;
	lines++;
	if (strcmp(line, "hello") == 0)
		fprintf(client, "%zu\n", length);
	return 0;
}

START_TEST(floods)
{
	fsock_server *server = start_at(_i, swallow, NULL, &members);
	struct sock_thread thread;
	fsock *s, *other;

	if (server == NULL)
		return;
	s = server_connect(server, host);
	other = server_connect(server, host);
	ck_assert_ptr_nonnull(fsock_output(s));
	sock_thread_start(&thread, flood, s);
	for (int i = 0; i < 200 || lines < 100000; i++) {
		put(other, "hello\n");
		expect(other, "5\n");
	}
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_INPUT), 0);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	sock_thread_join(&thread);
	fsock_close(s);
	fsock_close(other);
	ck_assert_int_eq(opened, closed);
}
END_TEST

/* ---- What the program does with its clients */

/* Several loops have several threads, and clients are spread over them. */
static pthread_t threads[64];
static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;
static int thread_count;

static int
note_thread(FILE *client, void *arg)
{
	int i = 0;

	(void)arg;
	pthread_mutex_lock(&threads_lock);
	while (i < thread_count && !pthread_equal(threads[i], pthread_self()))
		i++;
	threads[i] = pthread_self();
	thread_count += i == thread_count;
	pthread_mutex_unlock(&threads_lock);
	fputs("welcome\n", client);
	return 0;
}

START_TEST(spread)
{
	struct fsock_server_options options = { .opened = note_thread };
	fsock_server *server = start_at(_i, swallow, NULL, &options);
	int most = places[_i].threads > 0 ? places[_i].threads : 1;
	fsock *s;

	if (server == NULL)
		return;
	thread_count = 0;
	for (int i = 0; i < 400; i++) {
		s = server_connect(server, host);
		expect(s, "welcome\n");
		fsock_close(s);
	}
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	ck_assert_int_le(thread_count, most);
#if defined(__linux__)
	if (host[0] != '/' && host[0] != '@')
		ck_assert_int_eq(thread_count, most);
#endif
}
END_TEST

/* `opened` greets, ends and refuses. */
static int
greet(FILE *client, void *arg)
{
	const int *result = arg;

	fputs("hello\n", client);
	opened++;
	errno = EACCES;
	return *result;
}

static void
count_closed(FILE *client, void *arg)
{
	(void)arg;
	fputs("goodbye\n", client);
	closed++;
}

static const struct greeting {
	int result, ends, is_closed, told;
} greetings[] = {
	{ 0, 0, 1, 0 },
	{ FSOCK_END_CLIENT, 1, 1, 0 },
	{ -1, 1, 0, EACCES },
};

START_TEST(greeting)
{
	struct greeting row = greetings[_i];
	struct fsock_server_options options = {
		.opened = greet, .closed = count_closed, .error = server_log
	};
	fsock_server *server = start_at(0, swallow, &row.result, &options);
	fsock *s = server_connect(server, host);

	expect(s, "hello\n");
	if (!row.ends)
		fsock_shutdown(s, FSOCK_OUTPUT);
	if (row.is_closed)
		expect(s, "goodbye\n");
	expect_end(s);
	fsock_close(s);
	server_await_clients(server, 0);
	ck_assert_int_eq(opened, 1);
	ck_assert_int_eq(closed, row.is_closed);
	if (row.told != 0)
		ck_assert_int_eq(server_await_log(0)->errnum, row.told);
	ck_assert_int_eq(server_log_count(), row.told != 0);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
}
END_TEST

/* Handlers read what has come themselves; what they leave is handled as ever. */
static int
read_two(FILE *client, char *line, size_t length, void *arg)
{
	char more[8] = "";

	(void)length;
	(void)arg;
	if (strcmp(line, "more") == 0)
		strangers += fgets(more, 4, client) == NULL;
	fseek(client, 0, SEEK_CUR); /* between reading and writing: ISO C, and musl means it */
	fprintf(client, "%s+%s\n", line, more);
	return 0;
}

START_TEST(reads_more)
{
	fsock_server *server = start_at(0, read_two, NULL, &members);
	fsock *s = server_connect(server, host);

	put(s, "one\nmore\nabcdef\ntwo\n");
	expect(s, "one+\n");
	expect(s, "more+abc\n");
	expect(s, "def+\n");
	expect(s, "two+\n");
	fsock_close(s);
	stop(server);
}
END_TEST

/* Only the functions of such a server have a place for a client's state. */
static void *seen_state;

static int
look_for_state(FILE *client, void *arg)
{
	(void)arg;
	errno = 0;
	seen_state = fsock_client_state();
	fprintf(client, "%d\n", errno == ENOTCONN);
	return 0;
}

START_TEST(no_state)
{
	fsock_server *server = server_start("127.0.0.1", look_for_state, NULL, NULL);
	fsock *s = server_connect(server, "127.0.0.1");

	seen_state = server;
	expect(s, "1\n");
	fsock_close(s);
	fsock_server_stop(server, 20);
	ck_assert_ptr_null(seen_state);
	ck_assert_ptr_null(fsock_client_state());
	sock_assert_failed(
	    FSOCK_NOT_CONNECTED_ERROR, ENOTCONN, "client state: %s", strerror(ENOTCONN));
}
END_TEST

/* ---- Sockets that are given */

START_TEST(given)
{
	int is_listening = _i & 1, is_used = _i & 2;
	fsock *link[2], *listener, *sockets[2], *other;
	struct fsock_server_options options = members;
	fsock_server *server;
	char line[32];

	sock_link(SOCK_TCP4, NULL, link);
	listener = fsock_listen("127.0.0.1", 0, NULL);
	ck_assert_ptr_nonnull(listener);
	put(link[0], "for the program\nfor the server\n");
	if (is_used) /* the rest of what has come is the server's */
		ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(link[1])));
	sockets[0] = link[1];
	sockets[1] = listener;
	options.sockets = sockets;
	options.socket_count = is_listening ? 2 : 1;
	options.threads = 2;
	server = fsock_server_start_lines(NULL, 0, number, NULL, &options);
	ck_assert_msg(server != NULL, "%s", fsock_last_error()->text);
	if (!is_used)
		expect(link[0], "0 15 for the program\n");
	expect(link[0], is_used ? "0 14 for the server\n" : "1 14 for the server\n");
	if (is_listening) {
		other = server_connect(server, "127.0.0.1");
		put(other, "x\n");
		expect(other, "0 1 x\n");
		fsock_close(other);
	}
	fsock_close(link[0]);
	if (!is_listening)
		fsock_close(listener);
	stop(server);
}
END_TEST

/* With nothing but a client the server ends when that has gone; without any, when it is idle. */
START_TEST(ends_by_itself)
{
	fsock *link[2];
	struct fsock_server_options options = members;

	if (_i == 0) {
		options.idle = 0.02;
	} else {
		sock_link(SOCK_PAIR, NULL, link);
		put(link[0], "hello\n");
		fsock_shutdown(link[0], FSOCK_OUTPUT);
		options.sockets = &link[1];
		options.socket_count = 1;
	}
	options.threads = 3;
	ck_assert_int_eq(fsock_server_run_lines("127.0.0.1", 0, number, NULL, &options), 0);
	ck_assert_int_eq(lines, _i);
	ck_assert_int_eq(closed, _i);
	if (_i == 1) {
		expect(link[0], "0 5 hello\n");
		expect_end(link[0]);
		fsock_close(link[0]);
	}
}
END_TEST

static const struct bad {
	const char *what;
	struct fsock_server_options options;
} bads[] = {
	{ "threads", { .threads = -1 } },
	{ "idle of clients", { .client_idle = -1 } },
	{ "rate", { .rate = -1 } },
	{ "burst", { .rate = 1, .burst = -1 } },
	{ "reserved", { .reserved = { 0, 1 } } },
	{ "limit", { .socket = { .output_limit = 1, .high_water = 2 } } },
};

START_TEST(bad_options)
{
	int fds = sock_open_fds();

	ck_assert_ptr_null(
	    fsock_server_start_lines("127.0.0.1", 0, number, NULL, &bads[_i].options));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(fsock_server_start_lines("127.0.0.1", 0, NULL, NULL, NULL));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("line_server");
	TCase *tc = tcase_create("lines");

	tcase_add_checked_fixture(tc, sock_dir_make, sock_dir_remove);
	tcase_add_checked_fixture(tc, reset_counts, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, in_order, 0, COUNT(places) * WAYS);
	tcase_add_loop_test(tc, what_a_line_is, 0, COUNT(texts));
	tcase_add_test(tc, nul);
	tcase_add_loop_test(tc, format, 0, COUNT(places));
	tcase_add_loop_test(tc, half_a_line, 0, COUNT(places));
	tcase_add_loop_test(tc, vanishes, 0, COUNT(places) * LEAVINGS);
	tcase_add_loop_test(tc, floods, 0, COUNT(places));
	tcase_add_loop_test(tc, spread, 0, COUNT(places));
	tcase_add_loop_test(tc, greeting, 0, COUNT(greetings));
	tcase_add_test(tc, reads_more);
	tcase_add_test(tc, no_state);
	tcase_add_loop_test(tc, given, 0, 4);
	tcase_add_loop_test(tc, ends_by_itself, 0, 2);
	tcase_add_loop_test(tc, bad_options, 0, COUNT(bads));
	suite_add_tcase(s, tc);
	return sock_run(s);
}

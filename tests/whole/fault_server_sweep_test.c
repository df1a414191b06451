/*
 * Faults in servers of all kinds while they start, serve a client and end, in all of their
 * threads: see fault_life.h. A client is served or the `error` function is told, and it never
 * takes a part of the answers for all of them.
 */
#include "../../src/base/compat.h"

#include <netinet/in.h>

#include "../support/fault_life.h"

static struct life *served; /* by the server that runs */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int told;

/* ---- The servers' functions. */

static void
note_error(fsock_server *server, const struct fsock_error *error, void *arg)
{
	(void)server, (void)arg;
	pthread_mutex_lock(&lock);
	if (!served->failed) {
		served->failed = 1;
		served->step = "serve";
		served->errnum = error->errnum;
		served->error = *error;
	}
	pthread_mutex_unlock(&lock);
	told = 1;
}

/* Notes the answer. Returns its length. */
static size_t
answer(const char *text, size_t n)
{
	pthread_mutex_lock(&lock);
	life_write(served, text, n);
	pthread_mutex_unlock(&lock);
	return n;
}

static int
serve_stream(FILE *client, void *arg)
{
	char line[64];

	(void)arg;
	while (fgets(line, sizeof line, client) != NULL) {
		answer(line, strlen(line));
		if (fputs(line, client) < 0 || fflush(client) < 0)
			return -1;
	}
	return ferror(client) ? -1 : 0;
}

static int
serve_line(FILE *client, char *line, size_t length, void *arg)
{
	(void)arg;
	line[length] = '\n';
	return fwrite(line, 1, answer(line, length + 1), client) == length + 1 ? 0 : -1;
}

static int
serve_datagram(struct fsock_request *request, void *arg)
{
	(void)arg;
	request->answer = (ssize_t)answer(request->data, request->length);
	return 0;
}

static const struct fsock_server_options options = {
	.socket = { .timeout = LIFE_LIMIT, .close_timeout = LIFE_LIMIT },
	.threads = 1,
	.max_datagram = 100,
	.error = note_error,
};

/* ---- Clients. */

static void
run_stream_client(struct life *life, fsock_server *server)
{
	if (!WENT(life_connect(life, fsock_server_socket(server))))
		return;
	life_say(life, "one\ntwo\n");
	life_say(life, "three\n");
	OWN(shutdown(life->peer, SHUT_WR));
	life_await(life);
}

/* Waits for an answer, or for the word that there is none. */
static void
await_answer(struct life *life, size_t n)
{
	struct pollfd pollfd = { .fd = life->peer, .events = POLLIN };
	double start = sock_now();

	own++;
	while (life->got < n && !told && sock_now() - start < LIFE_LIMIT) {
		poll(&pollfd, 1, 5);
		life_drain(life);
	}
	own--;
	if (life->got < n && !told)
		life->missed = "answer";
}

static void
run_datagram_client(struct life *life, fsock_server *server)
{
	int port = fsock_local_port(fsock_server_socket(server));
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (!WENT(port >= 0))
		return;
	own++;
	life->peer = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(connect(life->peer, (struct sockaddr *)&to, sizeof to), 0);
	own--;
	for (size_t i = 1; i <= 3; i++) {
		life_say(life, "hello");
		await_answer(life, i * 5);
	}
}

/* ---- */

enum kind { STREAMS, LINES, DATAGRAMS };

static void
serve(struct life *life, enum kind kind)
{
	fsock_server *server;

	served = life;
	told = 0;
	server = kind == STREAMS ? fsock_server_start("127.0.0.1", 0, serve_stream, NULL, &options)
		 : kind == LINES
		     ? fsock_server_start_lines("127.0.0.1", 0, serve_line, NULL, &options)
		     : fsock_server_start_datagram("127.0.0.1", 0, serve_datagram, NULL, &options);
	if (!WENT(server != NULL))
		return;
	if (kind == DATAGRAMS)
		run_datagram_client(life, server);
	else
		run_stream_client(life, server);
	WENT(fsock_server_stop(server, LIFE_LIMIT) >= 0);
	if (!life->failed && life->written == 0)
		life->missed = "service";
	if (kind == DATAGRAMS)
		life->end = LIFE_CUT; /* the answers have come */
}

static void
live_with_streams(struct life *life)
{
	serve(life, STREAMS);
}

static void
live_with_lines(struct life *life)
{
	serve(life, LINES);
}

static void
live_with_datagrams(struct life *life)
{
	serve(life, DATAGRAMS);
}

START_TEST(streams)
{
	life_sweep(live_with_streams, "server of streams", 25);
}
END_TEST

START_TEST(lines)
{
	life_sweep(live_with_lines, "server of lines", 25);
}
END_TEST

START_TEST(datagrams)
{
	life_sweep(live_with_datagrams, "server of datagrams", 20);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fault_server_sweep");
	TCase *tcase = tcase_create("fault_server_sweep");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, streams);
	tcase_add_test(tcase, lines);
	tcase_add_test(tcase, datagrams);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

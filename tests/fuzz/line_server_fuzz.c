/*
 * The input of a server of lines: whatever a client sends, in whatever pieces it arrives, the
 * handler is called for its lines, in their order and no others, until one of them ends the client
 * or is too long; the client gets all answers; and what went wrong is told once.
 *
 * Input: what the client sends; the choices are at the end. A line that begins with 'q' ends the
 * client, one with 'e' is a handler that fails.
 */
#include "../../src/base/compat.h"
#include "fuzz.h"

#include <sys/socket.h>

#include <errno.h>
#include <unistd.h>

#include <fsock.h>

#include "../../src/sock/handle.h"

enum { MOST = 3000 }; /* octets: a pair takes them all, and the answers */

static struct run {
	const struct fsock_format *format;
	size_t piece, limit;
	/* What is to come. */
	char *text;
	size_t at, length;
	int expected_error; /* that is told, 0 if none */
	/* What has come. */
	struct fuzz_octets answers; /* as text */
	int has_ended, is_closed, told;
	const struct fsock__transport_ops *transport;
} run;

/* ---- The model. */

/* The length of the next line with its end, 0 if there is none. */
static size_t
next_line(void)
{
	const char *from = run.text + run.at;
	const char *end = memchr(from, '\n', run.length - run.at);

	return end == NULL ? 0 : (size_t)(end - from) + 1;
}

/* What becomes of the client when no line is served any more. A line's end counts in the limit. */
static void
meet_the_end(void)
{
	size_t n = next_line(), rest = run.length - run.at;
	int is_too_long = n > run.limit || (n == 0 && rest >= run.limit);

	if (run.has_ended)
		return;
	FUZZ_ASSERT(n == 0 || is_too_long);
	run.expected_error = is_too_long ? EMSGSIZE : 0;
}

/* ---- The server's functions. */

static int
serve(FILE *client, char *line, size_t length, void *arg)
{
	size_t n = next_line(), plain;
	char answer[32];

	(void)arg;
	FUZZ_ASSERT(!run.has_ended && !run.is_closed && n > 0 && n <= run.limit);
	plain = n - 1;
	if (plain > 0 && run.text[run.at + plain - 1] == '\r')
		plain--;
	FUZZ_ASSERT(length == plain && memcmp(line, run.text + run.at, length) == 0);
	FUZZ_ASSERT(line[length] == '\0');
	run.at += n;
	snprintf(answer, sizeof answer, "%zu\n", length);
	fputs(answer, client);
	fuzz_add(&run.answers, answer, strlen(answer));
	if (line[0] != 'q' && line[0] != 'e')
		return 0;
	run.has_ended = 1;
	run.expected_error = line[0] == 'e' ? EDOM : 0;
	errno = EDOM;
	return line[0] == 'e' ? -1 : FSOCK_END_CLIENT;
}

static void
note_closed(FILE *client, void *arg)
{
	(void)arg;
	FUZZ_ASSERT(!run.is_closed);
	meet_the_end();
	FUZZ_ASSERT((fsock_last_error()->kind == FSOCK_NO_ERROR) == (run.expected_error == 0));
	run.is_closed = 1;
	fputs("bye\n", client);
	fuzz_add(&run.answers, "bye\n", 4);
}

static void
note_error(fsock_server *server, const struct fsock_error *error, void *arg)
{
	(void)server, (void)arg;
	if (!run.has_ended)
		meet_the_end();
	FUZZ_ASSERT(error->errnum == run.expected_error);
	run.told++;
}

/* ---- */

static ssize_t
receive_piece(struct fsock *s, void *buf, size_t n)
{
	return run.transport->receive(s, buf, n < run.piece ? n : run.piece);
}

static fsock *
make_client(const char *format, int *peer)
{
	static struct fsock__transport_ops transport;
	struct fsock_options options = { .format = format, .line_limit = run.limit };
	int fds[2];
	fsock *s;

	if (run.limit == SIZE_MAX)
		options.line_limit = 0;
	FUZZ_ASSERT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	s = fsock_adopt(fds[0], &options);
	FUZZ_ASSERT(s != NULL);
	run.transport = s->transport;
	transport = *s->transport;
	transport.receive = receive_piece;
	s->transport = &transport;
	*peer = fds[1];
	return s;
}

/* What the client gets is all answers, in its charset. */
static void
check_answers(int peer, const struct fsock_conversion *how)
{
	uint8_t got[16 * MOST], *expected = run.answers.data;
	size_t n = 0, length = run.answers.length;
	ssize_t r;

	while ((r = recv(peer, got + n, sizeof got - n, 0)) > 0)
		n += (size_t)r;
	if (how->charset != NULL)
		expected =
		    fsock_string_to_octets(how, (char *)run.answers.data, length, &length, NULL);
	FUZZ_ASSERT(expected != NULL && n == length && memcmp(got, expected, n) == 0);
	if (how->charset != NULL)
		free(expected);
}

static void
serve_client(
    const char *format, const struct fsock_conversion *how, const uint8_t *data, size_t size)
{
	int peer;
	fsock *s = make_client(format, &peer);
	struct fsock_server_options options = {
		.sockets = &s, .socket_count = 1, .error = note_error, .closed = note_closed
	};

	FUZZ_ASSERT(send(peer, data, size, 0) == (ssize_t)size);
	shutdown(peer, SHUT_WR);
	FUZZ_ASSERT(fsock_server_run_lines(NULL, 0, serve, NULL, &options) == 0);
	FUZZ_ASSERT(run.is_closed && run.told == (run.expected_error != 0));
	check_answers(peer, how);
	close(peer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = { NULL, "binary", "utf-8,crlf,replace",
		"utf-16le,replace", "shift_jis,auto,replace", "latin-1,cr", "iso-2022-jp,ignore" };
	static const size_t limits[] = { SIZE_MAX, 1, 2, 10, 100 };
	struct fuzz_input in = { data, size };
	const char *text = formats[fuzz_take(&in, 7)];
	struct fsock_format format = { .charset = NULL };
	struct fsock_conversion how;

	if (size > MOST)
		return 0;
	memset(&run, 0, sizeof run);
	FUZZ_ASSERT(text == NULL || fsock_format_parse(&format, text) == 0);
	how = (struct fsock_conversion){ format.charset, format.eol, 0, format.policy };
	run.limit = format.charset == NULL ? limits[fuzz_take(&in, 5)] : SIZE_MAX;
	run.piece = 1 + fuzz_take(&in, 80);
	fuzz_add(&run.answers, "", 0);
	if (format.charset != NULL) {
		run.text = fsock_octets_to_string(&how, data, in.size, &run.length, NULL);
	} else {
		run.text = malloc(in.size + 1);
		FUZZ_ASSERT(run.text != NULL);
		memcpy(run.text, data, in.size);
		run.length = in.size;
	}
	FUZZ_ASSERT(run.text != NULL);
	serve_client(text, &how, data, in.size);
	free(run.text);
	free(run.answers.data);
	return 0;
}

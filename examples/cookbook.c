/*
 * cookbook RECIPE HOST PORT [TEXT]: short answers to "how do I ...?", one function each. The page
 * fsock_cookbook(7) shows and explains them.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fsock.h>

/* What is wrong, if the answer of a server is not as it should be. */
static int
unexpected(const char *what)
{
	fprintf(stderr, "cookbook: unexpected %s\n", what);
	return -1;
}

/* ---- Lines and files. */

static int
ask_a_line(const char *host, int port, const char *text)
{
	char line[512];
	FILE *f = fsockopen(host, port, "r+,timeout=5,whole-line");

	if (!f)
		return -1;
	fprintf(f, "%s\n", text);
	if (fgets(line, sizeof line, f))
		fputs(line, stdout);
	return fclose(f) < 0 ? -1 : 0;
}

static int
send_all_then_read_all(const char *host, int port, const char *text)
{
	FSOCK_AUTO fsock *s = fsock_connect(host, port, &(struct fsock_options){ .timeout = 5 });
	FILE *in = s ? fsock_input(s) : NULL, *out = s ? fsock_output(s) : NULL;
	int c;

	if (!in || !out || fputs(text, out) < 0 || fclose(out) < 0)
		return -1;
	while ((c = getc(in)) != EOF)
		putchar(c);
	return ferror(in) ? -1 : 0;
}

static int
try_again_after_a_timeout(FILE *f, char *line, int size)
{
	for (int i = 0; i < 3; i++) {
		if (fgets(line, size, f))
			return 0;
		if (errno != ETIMEDOUT)
			return -1;
		clearerr(f); /* with whole-line nothing was lost */
		fprintf(stderr, "still waiting\n");
	}
	return -1;
}

static int
limit_the_whole_exchange(const char *host, int port, const char *text)
{
	char line[512];
	FILE *f = fsockopen(host, port, "r+,deadline=2");
	int r;

	if (!f)
		return -1;
	r = fprintf(f, "%s\n", text) < 0 || !fgets(line, sizeof line, f) ? -1 : 0;
	fclose(f);
	return r;
}

static int
tell_failures_apart(const char *host, int port)
{
	FSOCK_AUTO fsock *s = fsock_connect(host, port, &(struct fsock_options){ .timeout = 5 });

	if (s)
		puts("connected");
	else if (fsock_error_is(fsock_last_error()->kind, FSOCK_CONNECTION_REFUSED_ERROR))
		puts("nobody listens there");
	else if (fsock_error_is(fsock_last_error()->kind, FSOCK_TIMEOUT_ERROR))
		puts("no answer");
	else if (fsock_error_is(fsock_last_error()->kind, FSOCK_NS_HOST_NOT_FOUND_ERROR))
		puts("no such host");
	else
		puts(fsock_last_error()->text);
	return 0;
}

/* ---- Text. */

static int
speak_latin_1_with_crlf(const char *host, int port, const char *text)
{
	char line[512];
	FILE *f = fsockopen(host, port, "r+,timeout=5,latin-1,crlf");

	if (!f)
		return -1;
	fprintf(f, "%s\n", text); /* UTF-8 here, Latin-1 and CR LF there */
	if (fgets(line, sizeof line, f))
		fputs(line, stdout);
	return fclose(f) < 0 ? -1 : 0;
}

/* Reads a reply of SMTP, of which all lines but the last have a '-'. Returns its code. */
static int
read_reply(FILE *f)
{
	char line[1000];

	while (fgets(line, sizeof line, f))
		if (strlen(line) > 3 && line[3] != '-')
			return atoi(line);
	return -1;
}

/* Sends a message: a dot at the beginning of a line is doubled, and a dot alone ends it. */
static int
send_message(FILE *f, const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		fprintf(f, "%s%.*s\r\n", *text == '.' ? "." : "", (int)n, text);
		text += n + (text[n] == '\n');
	}
	fputs(".\r\n", f);
	return read_reply(f) == 250 ? 0 : -1;
}

static int
send_mail(const char *host, int port, const char *text)
{
	static const char *const commands[] = { "EHLO me.example", "MAIL FROM:<me@me.example>",
		"RCPT TO:<you@you.example>" };
	FILE *f = fsockopen(host, port, "r+,timeout=30,whole-line");
	int ok = f && read_reply(f) == 220;

	for (size_t i = 0; ok && i < sizeof commands / sizeof commands[0]; i++)
		ok = fprintf(f, "%s\r\n", commands[i]) > 0 && read_reply(f) == 250;
	ok = ok && fputs("DATA\r\n", f) >= 0 && read_reply(f) == 354 && send_message(f, text) == 0;
	if (f && (fputs("QUIT\r\n", f) < 0 || fclose(f) < 0 || !ok))
		return unexpected("reply");
	return f ? 0 : -1;
}

/* ---- Octets. */

/* Reads a header of lines, as of HTTP, then a body of as many octets as it says. */
static int
read_header_and_body(FILE *f)
{
	size_t length = 0, n;
	char line[1000], *body;

	while (fgets(line, sizeof line, f) && strcmp(line, "\r\n") != 0)
		if (sscanf(line, "Content-Length: %zu", &length) == 1)
			printf("%zu octets: ", length);
	if (length > 1000000 || !(body = malloc(length + 1)))
		return unexpected("length");
	n = fread(body, 1, length, f); /* less than `length` is an error */
	fwrite(body, 1, n, stdout);
	free(body);
	return n == length ? 0 : unexpected("end");
}

static int
get_by_http(const char *host, int port, const char *path)
{
	FILE *f = fsockopen(host, port, "r+,timeout=30");
	int r;

	if (!f)
		return -1;
	fprintf(f, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host);
	r = read_header_and_body(f);
	fclose(f);
	return r;
}

/* A record of this protocol has its length in two octets in front. */
static ssize_t
measure(const void *octets, size_t n, void *arg)
{
	const unsigned char *p = octets;

	(void)arg;
	return n < 2 ? 0 : 2 + (p[0] << 8 | p[1]);
}

static int
read_a_measured_record(const char *host, int port)
{
	const struct fsock_record record = { .kind = FSOCK_RECORD_MEASURED, .measure = measure };
	FSOCK_AUTO fsock *s =
	    fsock_connect(host, port, &(struct fsock_options){ .timeout = 5, .record = &record });
	FILE *f = s ? fsock_stream(s) : NULL;
	unsigned char text[2 + 65535];

	if (!f || fread(text, 1, 2, f) != 2)
		return -1;
	if (fread(text + 2, 1, text[0] << 8 | text[1], f) != (size_t)(text[0] << 8 | text[1]))
		return -1;
	printf("%.*s\n", text[0] << 8 | text[1], (char *)text + 2);
	return 0;
}

/* ---- Several at once. */

static int
take_the_first_answer(const char *host, int port, int other_port)
{
	fsock *sockets[2] = { fsock_connect(host, port, NULL),
		fsock_connect(host, other_port, NULL) };
	char line[512] = "nobody\n";

	if (fsock_wait_for_input(sockets, 2, 5, NULL) > 0)
		for (int i = 0; i < 2; i++)
			if (fsock_state(sockets[i]) & FSOCK_INPUT)
				fgets(line, sizeof line, fsock_stream(sockets[i]));
	fputs(line, stdout);
	fsock_close(sockets[0]);
	fsock_close(sockets[1]);
	return 0;
}

/* Calls the function every `seconds` until the peer says something. */
static int
call_while_waiting(fsock *s, double seconds, void (*tick)(void))
{
	FSOCK_AUTO fsock *timer = fsock_timer();
	fsock_waitlist *list = fsock_waitlist_new();
	fsock *next = NULL;

	fsock_waitlist_add(list, s, FSOCK_INPUT, NULL);
	fsock_waitlist_add(list, timer, 0, NULL);
	while (next != s && fsock_waitlist_set_timeout(list, timer, seconds) == 0 &&
	       fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
		while ((next = fsock_waitlist_next(list, NULL)) == timer)
			tick();
	fsock_waitlist_free(list);
	return next == s ? 0 : -1;
}

/* ---- Addresses and options. */

static int
print_both_ends(const char *host, int port)
{
	FSOCK_AUTO fsock *s = fsock_connect(host, port, NULL);
	char here[FSOCK_ADDR_TEXT_SIZE], there[FSOCK_ADDR_TEXT_SIZE];

	if (!s || !fsock_local_address(s, here, sizeof here) ||
	    !fsock_peer_address(s, there, sizeof there))
		return -1;
	printf("from %s to %s port %d\n", here, there, fsock_peer_port(s));
	return 0;
}

static int
connect_from(const char *host, int port, const char *local_host)
{
	FSOCK_AUTO fsock *s =
	    fsock_connect(host, port, &(struct fsock_options){ .local_host = local_host });
	char here[FSOCK_ADDR_TEXT_SIZE];

	if (!s || !fsock_local_address(s, here, sizeof here))
		return -1;
	printf("from %s\n", here);
	return 0;
}

static int
notice_a_dead_peer(const char *host, int port)
{
	FSOCK_AUTO fsock *s = fsock_connect(host, port, NULL);
	double on = 0;

	if (!s || fsock_set_option(s, FSOCK_OPTION_TCP_KEEPALIVE, 1) < 0 ||
	    fsock_set_option(s, FSOCK_OPTION_KEEPALIVE_IDLE, 60) < 0 ||
	    fsock_get_option(s, FSOCK_OPTION_TCP_KEEPALIVE, &on) < 0)
		return -1;
	printf("keepalive %g\n", on);
	return 0;
}

/* ---- Servers. */

static int
answer(FILE *client, char *line, size_t length, void *arg)
{
	(void)arg;
	if (strcmp(line, "quit") == 0)
		return FSOCK_END_CLIENT;
	fprintf(client, "%zu octets: %s\n", length, line);
	return 0;
}

static int
serve_lines(const char *host, int port)
{
	fsock_server *server = fsock_server_start_lines(host, port, answer, NULL, NULL);

	if (!server)
		return -1;
	printf("port %d\n", fsock_local_port(fsock_server_socket(server)));
	fflush(stdout);
	while (getchar() != EOF) /* until the keyboard ends */
		;
	return fsock_server_stop(server, 5) < 0 ? -1 : 0;
}

/* Gives each client a process: the parent only closes its copy. */
static int
serve_in_processes(fsock *listener, int clients)
{
	char line[512];

	while (clients-- > 0) {
		FSOCK_AUTO fsock *s = fsock_accept(listener, NULL);
		FILE *f = s ? fsock_stream(s) : NULL;

		if (!f)
			return -1;
		if (fork() == 0) {
			while (fgets(line, sizeof line, f))
				fputs(line, f);
			exit(fclose(f) < 0);
		}
	}
	return 0;
}

static int
listen_on_a_control_socket(const char *path)
{
	FSOCK_WITH_LISTENER(listener, path, 0, &(struct fsock_options){ .file_mode = 0600 }) {
		FSOCK_AUTO fsock *s = fsock_accept(listener, NULL);
		struct fsock_credentials who;
		char line[512];

		if (!s || fsock_peer_credentials(s, &who) < 0 || !fsock_stream(s) ||
		    !fgets(line, sizeof line, fsock_stream(s)))
			return -1;
		printf("user %ju says %s", (uintmax_t)who.uid, line);
	}
	return 0;
}

static int
show_what_goes_over_the_wire(const char *host, int port, const char *text)
{
	FSOCK_AUTO fsock *s = NULL;
	struct fsock_statistics st;
	char line[512];
	int r = fsock_set_trace_descriptor(STDERR_FILENO);

	if (r < 0 || !(s = fsock_connect(host, port, NULL)) || !fsock_stream(s) ||
	    fprintf(fsock_stream(s), "%s\n", text) < 0 ||
	    !fgets(line, sizeof line, fsock_stream(s)) || fsock_statistics(s, &st) < 0)
		return -1;
	printf("%ju octets; the server took %.3f s\n", (uintmax_t)st.octets_received,
	    st.first_octet - st.ready);
	return 0;
}

/* ---- Which recipe. */

static void
tick(void)
{
	puts("tick");
}

static int
wait_and_read(const char *host, int port)
{
	FSOCK_AUTO fsock *s = fsock_connect(
	    host, port, &(struct fsock_options){ .delivery = FSOCK_DELIVER_WHOLE_LINE });
	FILE *f = s ? fsock_stream(s) : NULL;
	char line[512];

	if (!f || call_while_waiting(s, 0.05, tick) < 0 ||
	    try_again_after_a_timeout(f, line, sizeof line) < 0)
		return -1;
	fputs(line, stdout);
	return 0;
}

static int
serve_two_processes(const char *host, int port)
{
	FSOCK_WITH_LISTENER(listener, host, port, NULL) {
		printf("port %d\n", fsock_local_port(listener));
		fflush(stdout);
		return serve_in_processes(listener, 2);
	}
	return -1;
}

static int
run(const char *recipe, const char *host, int port, const char *text)
{
	return !strcmp(recipe, "line")       ? ask_a_line(host, port, text)
	       : !strcmp(recipe, "all")      ? send_all_then_read_all(host, port, text)
	       : !strcmp(recipe, "deadline") ? limit_the_whole_exchange(host, port, text)
	       : !strcmp(recipe, "failures") ? tell_failures_apart(host, port)
	       : !strcmp(recipe, "latin-1")  ? speak_latin_1_with_crlf(host, port, text)
	       : !strcmp(recipe, "mail")     ? send_mail(host, port, text)
	       : !strcmp(recipe, "http")     ? get_by_http(host, port, text)
	       : !strcmp(recipe, "record")   ? read_a_measured_record(host, port)
	       : !strcmp(recipe, "first")    ? take_the_first_answer(host, port, atoi(text))
	       : !strcmp(recipe, "timer")    ? wait_and_read(host, port)
	       : !strcmp(recipe, "ends")     ? print_both_ends(host, port)
	       : !strcmp(recipe, "from")     ? connect_from(host, port, text)
	       : !strcmp(recipe, "alive")    ? notice_a_dead_peer(host, port)
	       : !strcmp(recipe, "serve")    ? serve_lines(host, port)
	       : !strcmp(recipe, "fork")     ? serve_two_processes(host, port)
	       : !strcmp(recipe, "trace")    ? show_what_goes_over_the_wire(host, port, text)
	       : !strcmp(recipe, "control")  ? listen_on_a_control_socket(host)
					     : unexpected("recipe");
}

int
main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: cookbook RECIPE HOST PORT [TEXT]\n");
		return EXIT_FAILURE;
	}
	if (run(argv[1], argv[2], atoi(argv[3]), argc > 4 ? argv[4] : "") == 0)
		return EXIT_SUCCESS;
	if (fsock_last_error()->kind != FSOCK_NO_ERROR)
		fprintf(stderr, "cookbook: %s\n", fsock_last_error()->text);
	return EXIT_FAILURE;
}

/*
 * What TLS costs: the library's streams over libfsock-tls against SSL_read() and SSL_write() on the
 * same sockets, under the same rules, written by hand. Each pair is measured in turn, many times in
 * one run, and the medians are compared. "cpu" compares the work for a second of processor time: of
 * the end that is measured, as the other one is written by hand both times; of both ends for
 * handshakes. Targets are printed with the figures. That a socket without TLS pays nothing is what
 * the other benchmarks show.
 */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "tls.h"

enum { ROUNDS = 15, HANDSHAKES = 100 };
#define BULK ((size_t)64 << 20)

static char block[RECORD];

/* Sockets connected over loopback TCP, all to one port: pairs[i][0] are the clients. */
static void
make_pairs(int (*pairs)[2], int n)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0)
		die("listen");
	for (int i = 0; i < n; i++) {
		int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;

		if (client < 0 || connect(client, (struct sockaddr *)&address, length) < 0 ||
		    (server = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0)
			die("connect");
		setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		pairs[i][0] = client;
		pairs[i][1] = server;
	}
	close(listener);
}

/* Processor time of this process and the peers that have ended. */
static double
work_so_far(void)
{
	double seconds = 0;
	struct rusage usage;

	for (int i = 0; i < 2; i++) {
		getrusage(i == 0 ? RUSAGE_SELF : RUSAGE_CHILDREN, &usage);
		seconds += (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
	}
	return seconds;
}

/* The peers, which are servers. */

static void
source(int fd)
{
	SSL *ssl = raw_accept(fd);

	for (size_t sent = 0; sent < BULK; sent += RECORD)
		raw_write(ssl, block, RECORD);
	raw_end(ssl, fd);
}

static void
sink(int fd)
{
	SSL *ssl = raw_accept(fd);
	char buf[RECORD];

	while (SSL_read(ssl, buf, sizeof buf) > 0)
		;
	SSL_free(ssl);
	close(fd);
}

/* What is measured: each returns the octets moved. */

static size_t
read_blocks(FILE *f)
{
	char buf[RECORD];
	size_t n, total = 0;

	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		total += n;
	return total;
}

static size_t
raw_read_blocks(SSL *ssl)
{
	char buf[RECORD];
	size_t total = 0;
	int n;

	while ((n = SSL_read(ssl, buf, sizeof buf)) > 0)
		total += (size_t)n;
	return total;
}

static size_t
write_blocks(FILE *f)
{
	size_t total = 0;

	while (total < BULK)
		total += fwrite(block, 1, RECORD, f);
	return fflush(f) == 0 ? total : 0;
}

static size_t
raw_write_blocks(SSL *ssl)
{
	for (size_t sent = 0; sent < BULK; sent += RECORD)
		raw_write(ssl, block, RECORD);
	return BULK;
}

static size_t
read_lines(FILE *f)
{
	char line[2 * LINE];
	size_t total = 0;

	while (fgets(line, sizeof line, f) != NULL)
		total += strlen(line);
	return total;
}

struct lines {
	SSL *ssl;
	char *from, *to;
	char buf[RECORD];
};

/* As fgets(), but that it returns how long the line is. */
static size_t
raw_get_line(struct lines *l, char *line, size_t size)
{
	for (;;) {
		size_t left = (size_t)(l->to - l->from), n = left < size - 1 ? left : size - 1;
		char *end = memchr(l->from, '\n', n);
		int r;

		if (end != NULL || n == size - 1) {
			n = end != NULL ? (size_t)(end - l->from) + 1 : n;
			memcpy(line, l->from, n);
			line[n] = '\0';
			l->from += n;
			return n;
		}
		memmove(l->buf, l->from, left);
		l->from = l->buf;
		r = SSL_read(l->ssl, l->buf + left, (int)(sizeof l->buf - left));
		if (r <= 0)
			return 0;
		l->to = l->buf + left + r;
	}
}

static size_t
raw_read_lines(SSL *ssl)
{
	struct lines l = { .ssl = ssl };
	size_t n, total = 0;
	char line[2 * LINE];

	l.from = l.to = l.buf;
	while ((n = raw_get_line(&l, line, sizeof line)) > 0)
		total += n;
	return total;
}

#define FORMAT "line %u of %s\n", i, "a short report"

static size_t
print_lines(FILE *f)
{
	size_t total = 0;

	for (unsigned i = 0; total < BULK / 4; i++)
		total += (size_t)fprintf(f, FORMAT);
	return fflush(f) == 0 ? total : 0;
}

static size_t
raw_print_lines(SSL *ssl)
{
	size_t fill = 0, total = 0;
	char buf[RECORD];

	for (unsigned i = 0; total < BULK / 4; i++) {
		size_t n = (size_t)snprintf(buf + fill, sizeof buf - fill, FORMAT);

		if (n >= sizeof buf - fill) { /* once more, at the beginning */
			raw_write(ssl, buf, fill);
			fill = 0;
			n = (size_t)snprintf(buf, sizeof buf, FORMAT);
		}
		fill += n;
		total += n;
	}
	raw_write(ssl, buf, fill);
	return total;
}

struct row {
	const char *job;
	peer_fn *peer;
	FILE *(*open)(fsock *);
	size_t (*ours)(FILE *);
	size_t (*theirs)(SSL *);
};

static const struct row rows[] = {
	{ "16 KiB blocks in, fread / SSL_read", source, fsock_input, read_blocks, raw_read_blocks },
	{ "16 KiB blocks out, fwrite / SSL_write", sink, fsock_output, write_blocks,
	    raw_write_blocks },
	{ "64-byte lines in, fgets / SSL_read, memchr", source, fsock_input, read_lines,
	    raw_read_lines },
	{ "short lines out, fprintf / snprintf, SSL_write", sink, fsock_output, print_lines,
	    raw_print_lines },
};

/* What a second has done, and a second of processor time. */
struct figures {
	double rate[ROUNDS], work[ROUNDS];
};

/* The stream of a client after the handshake. */
static FILE *
open_library(int fd, FILE *(*open)(fsock *))
{
	fsock *s = fsock_adopt(fd, NULL);
	FILE *f;

	if (s == NULL || fsock_tls_start(s, tls_fresh, 0) < 0 || (f = open(s)) == NULL)
		die(fsock_last_error()->text);
	fsock_disown(s);
	return f;
}

static void
measure(const struct row *row, int is_ours, struct figures *f, int round)
{
	double start, work;
	FILE *file = NULL;
	SSL *ssl = NULL;
	int pair[1][2];
	size_t total;
	pid_t pid;

	make_pairs(pair, 1);
	pid = start_peer(row->peer, pair[0]);
	if (is_ours)
		file = open_library(pair[0][0], row->open);
	else
		ssl = raw_connect(pair[0][0], raw_fresh);
	start = now();
	work = work_so_far();
	total = is_ours ? row->ours(file) : row->theirs(ssl);
	if (is_ours)
		fclose(file);
	else
		raw_end(ssl, pair[0][0]); /* it counts when the other side has it all */
	f->rate[round] = (double)total / (now() - start);
	f->work[round] = (double)total / (work_so_far() - work);
	waitpid(pid, NULL, 0);
}

static void
print_row(const char *job, double unit, const struct figures *ours, const struct figures *theirs)
{
	double ratio = median_ratio(ours->rate, theirs->rate, ROUNDS), target = 0.95;

	printf("%-48s %8.0f %8.0f %6.2f %6.2f %6.2f  %s\n", job, median(ours->rate, ROUNDS) / unit,
	    median(theirs->rate, ROUNDS) / unit, median_ratio(ours->work, theirs->work, ROUNDS),
	    ratio, target, ratio >= target ? "reached" : "MISSED");
}

static void
run_row(const struct row *row)
{
	struct figures ours, theirs;

	for (int i = -1; i < ROUNDS; i++) { /* the first one does not count */
		measure(row, 0, &theirs, i < 0 ? 0 : i);
		measure(row, 1, &ours, i < 0 ? 0 : i);
	}
	print_row(row->job, 1e6, &ours, &theirs);
}

/*
 * Handshakes, one after another, on sockets that stand. So that a session may be resumed, the
 * client has to read: a few octets that the server sends.
 */
static const char hello[] = "hello\n";
static int pairs[HANDSHAKES][2];

/* What has come of them: how many sessions were resumed, and the seconds. */
struct shaken {
	int resumed;
	double took;
};

static void
adopt_all(fsock *sockets[HANDSHAKES], int side)
{
	for (int i = 0; i < HANDSHAKES; i++)
		if ((sockets[i] = fsock_adopt(pairs[i][side], NULL)) == NULL)
			die("adopt");
}

static void
greet_library(int fd)
{
	fsock *s[HANDSHAKES];

	(void)fd;
	adopt_all(s, 1);
	for (int i = 0; i < HANDSHAKES; i++)
		if (fsock_tls_start(s[i], tls_server, 1) < 0 ||
		    fsock_send(s[i], hello, sizeof hello, NULL) < 0)
			die(fsock_last_error()->text);
}

static void
greet_raw(int fd)
{
	(void)fd;
	for (int i = 0; i < HANDSHAKES; i++)
		raw_write(raw_accept(pairs[i][1]), hello, sizeof hello);
}

static struct shaken
ask_library(int resumes)
{
	struct shaken shaken = { 0, 0 };
	fsock *s[HANDSHAKES];
	char buf[LINE];
	double start;

	adopt_all(s, 0);
	start = now();
	for (int i = 0; i < HANDSHAKES; i++) {
		if (fsock_tls_start(s[i], resumes ? tls_client : tls_fresh, 0) < 0 ||
		    fsock_receive(s[i], buf, sizeof buf, NULL) <= 0)
			die(fsock_last_error()->text);
		shaken.resumed += fsock_tls_resumed(s[i]);
	}
	shaken.took = now() - start;
	for (int i = 0; i < HANDSHAKES; i++)
		fsock_abort(s[i]);
	return shaken;
}

static struct shaken
ask_raw(int resumes)
{
	struct shaken shaken = { 0, 0 };
	SSL *ssl[HANDSHAKES];
	double start = now();
	char buf[LINE];

	for (int i = 0; i < HANDSHAKES; i++) {
		ssl[i] = raw_connect(pairs[i][0], resumes ? raw_client : raw_fresh);
		if (SSL_read(ssl[i], buf, sizeof buf) <= 0)
			die("hello");
		shaken.resumed += SSL_session_reused(ssl[i]);
	}
	shaken.took = now() - start;
	for (int i = 0; i < HANDSHAKES; i++) {
		SSL_free(ssl[i]);
		close(pairs[i][0]);
	}
	return shaken;
}

static void
measure_handshakes(int resumes, int is_ours, struct figures *f, int round)
{
	int least = resumes ? HANDSHAKES - 1 : 0, most = resumes ? HANDSHAKES : 0;
	int nothing[2] = { -1, -1 };
	struct shaken shaken;
	double work;
	pid_t pid;

	make_pairs(pairs, HANDSHAKES);
	work = work_so_far();
	pid = start_peer(is_ours ? greet_library : greet_raw, nothing);
	for (int i = 0; i < HANDSHAKES; i++)
		close(pairs[i][1]);
	shaken = is_ours ? ask_library(resumes) : ask_raw(resumes);
	waitpid(pid, NULL, 0);
	if (shaken.resumed < least || shaken.resumed > most)
		die("not as many sessions were resumed as should be");
	f->rate[round] = HANDSHAKES / shaken.took;
	f->work[round] = HANDSHAKES / (work_so_far() - work);
}

static void
run_handshakes(const char *job, int resumes)
{
	struct figures ours, theirs;

	for (int i = -1; i < ROUNDS; i++) {
		measure_handshakes(resumes, 0, &theirs, i < 0 ? 0 : i);
		measure_handshakes(resumes, 1, &ours, i < 0 ? 0 : i);
	}
	print_row(job, 1, &ours, &theirs);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)((i + 1) % LINE == 0 ? '\n' : 'a' + i % 26);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	raise_limit(4096);
	tls_set_up();
	tls_echo_rows();
	pin(0);
	printf("%-48s %8s %8s %6s %6s %6s\n", "MB/s, handshakes/s over loopback TCP, medians",
	    "ours", "theirs", "cpu", "ratio", "target");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		run_row(&rows[i]);
	run_handshakes("handshakes, full", 0);
	run_handshakes("handshakes, resumed", 1);
	return 0;
}

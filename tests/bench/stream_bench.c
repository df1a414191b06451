/*
 * What streams cost, against raw system calls and fdopen() on the same sockets: each pair is
 * measured in turn, many times in one run, and the medians are compared. Targets are printed with
 * the figures.
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <fsock.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

enum { ROUNDS = 15, LINE = 64, BLOCK = 65536, TURNS = 4000, IDLE = 1000 };
#define BULK ((size_t)64 << 20)

static char block[BLOCK], short_lines[BLOCK];

/* Two raw descriptors connected over loopback TCP, as the library would set them up. */
static void
tcp_pair(int fds[2])
{
	fsock *ends[2];

	if (fsock_pair(ends, &(struct fsock_options){ .family = FSOCK_IPV4_ONLY }) < 0)
		die("pair");
	for (int i = 0; i < 2; i++)
		if ((fds[i] = fsock_release(ends[i], NULL, 0, NULL)) < 0)
			die("release");
}

static void
send_blocks(int fd, const char *octets)
{
	for (size_t sent = 0; sent < BULK; sent += BLOCK)
		for (size_t done = 0; done < BLOCK;)
			done += (size_t)send(fd, octets + done, BLOCK - done, 0);
}

static void
send_bulk(int fd)
{
	send_blocks(fd, block);
}

static void
send_short_lines(int fd)
{
	send_blocks(fd, short_lines);
}

static void
drain(int fd)
{
	static char sink[4 * BLOCK];

	while (recv(fd, sink, sizeof sink, 0) > 0)
		;
}

static void
echo(int fd)
{
	char buf[LINE];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof buf, 0)) > 0)
		send(fd, buf, (size_t)n, 0);
}

/* What is measured: each takes a connected descriptor, owns it and returns the octets moved. */

static size_t
read_lines(FILE *f)
{
	char *line = NULL;
	size_t size = 0, total = 0;
	ssize_t n;

	while ((n = getline(&line, &size, f)) > 0)
		total += (size_t)n;
	free(line);
	return total;
}

static size_t
read_blocks(FILE *f)
{
	static char buf[BLOCK];
	size_t n, total = 0;

	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		total += n;
	return total;
}

/* The same, twice as much at a time. */
static size_t
read_large_blocks(FILE *f)
{
	static char buf[2 * BLOCK];
	size_t n, total = 0;

	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		total += n;
	return total;
}

static size_t
write_blocks(FILE *f)
{
	size_t total = 0;

	while (total < BULK)
		total += fwrite(block, 1, BLOCK, f);
	return fflush(f) == 0 ? total : 0;
}

static size_t
put_lines(FILE *f)
{
	char line[LINE + 1] = "";
	size_t total = 0;

	memcpy(line, block, LINE);
	for (; total < BULK / 2; total += LINE)
		fputs(line, f);
	return fflush(f) == 0 ? total : 0;
}

static size_t
print_lines(FILE *f)
{
	size_t total = 0;

	for (unsigned i = 0; total < BULK / 4; i++)
		total += (size_t)fprintf(f, "line %u of %s\n", i, "a short report");
	return fflush(f) == 0 ? total : 0;
}

static size_t
ping_stream(FILE *f)
{
	char line[2 * LINE], ping[LINE + 1] = "";
	size_t total = 0;

	memcpy(ping, block, LINE);
	for (int i = 0; i < TURNS; i++) {
		fputs(ping, f);
		fflush(f);
		if (fgets(line, sizeof line, f) != NULL)
			total += strlen(line);
	}
	return total;
}

static size_t
raw_read(int fd)
{
	static char buf[BLOCK];
	size_t total = 0;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof buf, 0)) > 0)
		total += (size_t)n;
	return total;
}

static size_t
raw_write(int fd)
{
	send_bulk(fd);
	return BULK;
}

static size_t
raw_ping(int fd)
{
	char buf[LINE];
	size_t total = 0;

	for (int i = 0; i < TURNS; i++) {
		ssize_t n = 0;

		send(fd, block, LINE, 0);
		while (n < LINE)
			n += recv(fd, buf + n, (size_t)(LINE - n), 0);
		total += (size_t)n;
	}
	return total;
}

enum side { RAW, PLAIN_IN, PLAIN_OUT, STREAM, INPUT, OUTPUT, BYTES_IN };

/* One way to do a job. */
struct way {
	enum side side;
	size_t (*raw)(int fd);
	size_t (*stdio)(FILE *f);
};

static FILE *
open_library(int fd, enum side side)
{
	struct fsock_options options = { .element_type =
					     side == BYTES_IN ? FSOCK_BYTE : FSOCK_CHARACTER };
	fsock *s = fsock_adopt(fd, &options);
	FILE *f;

	if (s == NULL)
		die("adopt");
	f = side == STREAM ? fsock_stream(s) : side == OUTPUT ? fsock_output(s) : fsock_input(s);
	fsock_disown(s);
	return f;
}

/* Seconds: of processor time where what the peer takes would hide what the reader does. */
static double
time_of(peer_fn *peer)
{
	return peer == send_short_lines ? (double)clock() / CLOCKS_PER_SEC : now();
}

/* Octets a second of one way to do the job. */
static double
measure(const struct way *way, peer_fn *peer)
{
	int fds[2];
	size_t total;
	double start, took;
	pid_t pid;
	FILE *f = NULL;

	tcp_pair(fds);
	pid = start_peer(peer, fds);
	if (way->side == PLAIN_IN || way->side == PLAIN_OUT)
		f = fdopen(fds[0], way->side == PLAIN_IN ? "r" : "w");
	else if (way->side != RAW)
		f = open_library(fds[0], way->side);
	start = time_of(peer);
	total = way->side == RAW ? way->raw(fds[0]) : way->stdio(f);
	if (peer == drain) { /* it counts when the other side has it all */
		if (f == NULL)
			close(fds[0]);
		else
			fclose(f);
		waitpid(pid, NULL, 0);
		took = now() - start;
	} else {
		took = time_of(peer) - start;
		if (f == NULL)
			close(fds[0]);
		else
			fclose(f);
		waitpid(pid, NULL, 0);
	}
	return (double)total / took;
}

struct row {
	const char *job;
	peer_fn *peer;
	struct way ours, theirs;
	double target; /* ours must be this many times theirs */
};

static const struct row rows[] = {
	{ "64-byte lines in, getline, one-way / fdopen", send_bulk, { INPUT, NULL, read_lines },
	    { PLAIN_IN, NULL, read_lines }, 1.5 },
	{ "64-byte lines in, getline, two-way / fdopen", send_bulk, { STREAM, NULL, read_lines },
	    { PLAIN_IN, NULL, read_lines }, 1.1 },
	{ "8-octet lines in, fread 128 KiB, two-way, CPU", send_short_lines,
	    { STREAM, NULL, read_large_blocks }, { PLAIN_IN, NULL, read_large_blocks }, 1 / 1.3 },
	{ "64 KiB blocks in, fread, one-way / recv", send_bulk, { INPUT, NULL, read_blocks },
	    { RAW, raw_read, NULL }, 0.95 },
	{ "64 KiB blocks in, fread, bytes / recv", send_bulk, { BYTES_IN, NULL, read_blocks },
	    { RAW, raw_read, NULL }, 0.95 },
	{ "64 KiB blocks out, fwrite, one-way / send", drain, { OUTPUT, NULL, write_blocks },
	    { RAW, raw_write, NULL }, 0.95 },
	{ "64 KiB blocks out, fwrite, two-way / send", drain, { STREAM, NULL, write_blocks },
	    { RAW, raw_write, NULL }, 0.95 },
	{ "short lines out, fputs / fdopen", drain, { OUTPUT, NULL, put_lines },
	    { PLAIN_OUT, NULL, put_lines }, 2 },
	{ "short lines out, fprintf / fdopen", drain, { OUTPUT, NULL, print_lines },
	    { PLAIN_OUT, NULL, print_lines }, 1.3 },
	{ "one-line ping-pong, two-way / send+recv", echo, { STREAM, NULL, ping_stream },
	    { RAW, raw_ping, NULL }, 1 / 1.05 },
};

static void
run_row(const struct row *row)
{
	double ours[ROUNDS], theirs[ROUNDS], ratio;

	measure(&row->ours, row->peer);
	for (int i = 0; i < ROUNDS; i++) {
		theirs[i] = measure(&row->theirs, row->peer);
		ours[i] = measure(&row->ours, row->peer);
	}
	ratio = median_ratio(ours, theirs, ROUNDS);
	printf("%-46s %8.0f %8.0f %7.2f %9.2f  %s\n", row->job, median(ours, ROUNDS) / 1e6,
	    median(theirs, ROUNDS) / 1e6, ratio, row->target,
	    ratio >= row->target ? "reached" : "MISSED");
}

static void
print_memory(const char *what, double octets, double target)
{
	printf("%-46s %8.0f %8s %7.2f %9.2f  %s\n", what, octets, "octets", octets / 1024,
	    target / 1024, octets <= target ? "reached" : "MISSED");
}

/* Memory per connection: two-way stream opened, nothing read; and 64 KiB read and drained again. */
static void
run_memory(void)
{
	static fsock *ours[IDLE];
	static int peers[IDLE];
	static FILE *files[IDLE];
	char *line = NULL;
	size_t size = 0;
	double start, opened, drained;

	start = resident(getpid());
	for (int i = 0; i < IDLE; i++) {
		fsock *ends[2];

		if (fsock_pair(ends, NULL) < 0)
			die("pair");
		peers[i] = fsock_release(ends[1], NULL, 0, NULL);
		ours[i] = ends[0];
		files[i] = fsock_stream(ours[i]);
	}
	opened = (resident(getpid()) - start) / IDLE;
	for (int i = 0; i < IDLE; i++) {
		size_t left = BLOCK / LINE;

		send(peers[i], block, left * LINE, 0);
		for (; left > 0; left--)
			if (getline(&line, &size, files[i]) != LINE)
				die("getline");
	}
	drained = (resident(getpid()) - start) / IDLE;
	print_memory("memory per idle connection, nothing read, KiB", opened, 1638);
	print_memory("memory per idle connection, drained, KiB", drained, 4096);
	free(line);
	for (int i = 0; i < IDLE; i++) {
		close(peers[i]);
		fsock_close(ours[i]);
	}
}

int
main(void)
{
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)((i + 1) % LINE == 0 ? '\n' : 'a' + i % 26);
	for (size_t i = 0; i < sizeof short_lines; i++)
		short_lines[i] = i % 8 == 7 ? '\n' : 'x';
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	pin(0);
	printf("%-46s %8s %8s %7s %9s\n", "MB/s over loopback TCP, medians", "ours", "theirs",
	    "ratio", "target");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		run_row(&rows[i]);
	run_memory();
	return 0;
}

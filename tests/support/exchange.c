#include "../../src/base/compat.h"
#include "exchange.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>

#include "sock_support.h"

const struct exchange_kind exchange_kinds[EXCHANGE_KINDS] = {
	{ 0, 0, NULL, 0 },
	{ 0, 0, "utf-8,crlf", 1 },
	{ 0, 1, NULL, 0 },
	{ 0, 1, "utf-8,crlf", 1 },
	{ 1, 0, NULL, 0 },
	{ 1, 0, "utf-8,crlf", 1 },
	{ 1, 1, NULL, 0 },
	{ 1, 1, "utf-8,crlf", 1 },
};

const char *
exchange_name(const struct exchange_kind *kind)
{
	static char name[64];

	snprintf(name, sizeof name, "%s, %s, %s", kind->serves ? "server" : "client",
	    kind->nonblocking ? "non-blocking" : "blocking", kind->format ? "text" : "octets");
	return name;
}

/* ---- The process under test. */

int
exchange_fail(struct exchange *x, const char *what)
{
	int error = errno;

	if (x->report->failed[0] == '\0')
		snprintf(x->report->failed, sizeof x->report->failed, "%.60s: %s (%.60s)", what,
		    strerror(error), fsock_last_error()->text);
	return -1;
}

/* Waits on the list for what the socket is waited for; a signal is as good. */
static int
turn(struct exchange *x)
{
	struct fsock_event event;
	int r;

	x->in_file = x->file != NULL;
	r = fsock_waitlist_wait(x->list, 10, NULL);
	x->in_file = 0;
	if (r < 0 && errno != EINTR)
		return exchange_fail(x, "wait");
	while (fsock_waitlist_next(x->list, &event) != NULL)
		if (event.state & FSOCK_FAILED)
			return exchange_fail(x, "member");
	return 0;
}

static int
listen_and_accept(struct exchange *x, const struct fsock_options *options)
{
	struct fsock_options plain = *options;

	plain.nonblocking = FSOCK_OFF;
	if ((x->listener = fsock_listen("127.0.0.1", 0, &plain)) == NULL)
		return exchange_fail(x, "listen");
	x->port = fsock_local_port(x->listener);
	if (write(x->life, &x->port, sizeof x->port) != sizeof x->port)
		return exchange_fail(x, "tell the port");
	if ((x->s = fsock_accept(x->listener, options)) == NULL)
		return exchange_fail(x, "accept");
	return 0;
}

static int
connect_to(struct exchange *x, const struct fsock_options *options)
{
	if ((x->s = fsock_connect("127.0.0.1", x->port, options)) == NULL)
		return exchange_fail(x, "connect");
	return 0;
}

int
exchange_begin(struct exchange *x)
{
	const struct exchange_kind *kind = x->kind;
	struct fsock_options options = { .timeout = 20,
		.close_timeout = 2,
		.format = kind->format,
		.interruptible = kind->interruptible ? FSOCK_ON : FSOCK_OFF,
		.nonblocking = kind->nonblocking ? FSOCK_ON : FSOCK_OFF };

	if ((kind->serves ? listen_and_accept : connect_to)(x, &options) < 0)
		return -1;
	if (kind->nonblocking && ((x->list = fsock_waitlist_new()) == NULL ||
				     fsock_waitlist_add(x->list, x->s, FSOCK_OUTPUT, NULL) < 0))
		return exchange_fail(x, "list");
	if ((x->file = fsock_stream(x->s)) == NULL)
		return exchange_fail(x, "stream");
	return 0;
}

/* By stdio, line by line. */
static int
put_by_stdio(struct exchange *x, int from, int until)
{
	char line[40];

	x->in_stdio = x->in_file = 1;
	for (int n = from; n < until; n++) {
		snprintf(line, sizeof line, "%07d of line\n", n);
		if (fputs(line, x->file) == EOF)
			return exchange_fail(x, "fputs");
		x->report->accepted = n + 1;
	}
	if (fflush(x->file) != 0)
		return exchange_fail(x, "fflush");
	x->in_stdio = x->in_file = 0;
	return 0;
}

/* All at once, and past stdio. */
static int
put_by_send(struct exchange *x, int from, int until)
{
	static char lines[20 * EXCHANGE_LINES];
	size_t n = 0;

	for (int i = from; i < until; i++)
		n += (size_t)snprintf(&lines[n], sizeof lines - n, "%07d of line\n", i);
	if (fsock_send(x->s, lines, n, NULL) != (ssize_t)n)
		return exchange_fail(x, "send");
	x->report->accepted = until;
	return 0;
}

int
exchange_put(struct exchange *x, int lines)
{
	int n = x->report->accepted, until = n + lines;

	if (x->kind->nonblocking && lines > 1) /* some will have to be queued */
		fsock_set_option(x->s, FSOCK_OPTION_SEND_BUFFER, 1);
	if ((x->sends ? put_by_send : put_by_stdio)(x, n, until) < 0)
		return -1;
	while (fsock_pending_output(x->s) > 0)
		if (turn(x) < 0)
			return -1;
	if (fsock_send_pending(x->s) == 0)
		x->report->promised = until;
	return 0;
}

int
exchange_get(struct exchange *x)
{
	char line[40];

	if (x->kind->nonblocking && fsock_waitlist_change(x->list, x->s, FSOCK_INPUT, NULL) < 0)
		return exchange_fail(x, "change");
	for (;;) {
		int well;

		x->in_file = 1;
		well = fgets(line, sizeof line, x->file) != NULL;
		x->in_file = 0;
		if (well)
			break;
		if (feof(x->file) || (errno != EAGAIN && errno != ECANCELED))
			return exchange_fail(x, "fgets");
		clearerr(x->file);
		if (x->kind->nonblocking && turn(x) < 0)
			return -1;
	}
	if (strcmp(line, "an answer\n") != 0)
		return exchange_fail(x, "an answer is wrong");
	x->report->answers++;
	if (x->kind->nonblocking)
		fsock_waitlist_change(x->list, x->s, FSOCK_OUTPUT, NULL);
	return 0;
}

void
exchange_close(struct exchange *x, int stream_first)
{
	fsock *s = x->s, *listener = x->listener;
	FILE *file = x->file;
	fsock_waitlist *list = x->list;
	int well = 1, had = s != NULL;

	x->s = x->listener = NULL;
	x->file = NULL;
	x->in_file = file != NULL;
	if (file != NULL && s != NULL && stream_first)
		well = fclose(file) == 0;
	well = fsock_close(s) == 0 && well;
	x->in_file = 0;
	while (list != NULL && fsock_waitlist_closing(list) > 0)
		if (fsock_waitlist_wait(list, 1, NULL) < 0 && errno != EINTR)
			break;
	if (had && well)
		x->report->promised = (int)x->report->accepted;
	x->list = NULL;
	fsock_waitlist_free(list);
	fsock_close(listener);
}

int
exchange_works(struct exchange *x)
{
	char line[8] = "";
	fsock *ends[2];
	fsock_waitlist *list = fsock_waitlist_new();

	if (list == NULL || fsock_pair(ends, NULL) < 0)
		return exchange_fail(x, "a new pair");
	if (fsock_waitlist_add(list, ends[1], FSOCK_INPUT, NULL) < 0 ||
	    fputs("line\n", fsock_output(ends[0])) == EOF || fflush(NULL) != 0 ||
	    fsock_waitlist_wait(list, 5, NULL) != 1 ||
	    fgets(line, sizeof line, fsock_stream(ends[1])) == NULL || strcmp(line, "line\n") != 0)
		return exchange_fail(x, "a new exchange");
	fsock_close(ends[0]);
	fsock_close(ends[1]);
	fsock_waitlist_free(list);
	return 0;
}

int
exchange_run(struct exchange *x)
{
	if (exchange_begin(x) < 0 || exchange_put(x, 1) < 0 || exchange_get(x) < 0 ||
	    exchange_put(x, EXCHANGE_LINES - 1) < 0 || exchange_get(x) < 0)
		return -1;
	exchange_close(x, 0);
	if (x->report->promised < EXCHANGE_LINES)
		return exchange_fail(x, "close");
	x->report->done = 1;
	return 0;
}

/* ---- The peer. */

struct peer_state {
	const struct exchange_kind *kind;
	int listener, fd, life, answered;
	size_t column; /* of the line that is coming */
	struct exchange_outcome *outcome;
};

int
exchange_due(int lines)
{
	return (lines > 0) + (lines >= EXCHANGE_LINES);
}

/* Compares with what is to come. */
static void
take(struct peer_state *p, const char *octets, size_t n)
{
	struct exchange_outcome *o = p->outcome;
	char line[24];
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		if (i == 0 || p->column == 0)
			length = (size_t)snprintf(line, sizeof line, "%07d of line%s\n", o->lines,
			    p->kind->format ? "\r" : "");
		o->is_prefix &= octets[i] == line[p->column];
		o->octets++;
		if (++p->column == length) {
			p->column = 0;
			o->lines++;
		}
	}
}

/* Answers the first line and the last one, and those that a second process sends. */
static void
answer(struct peer_state *p)
{
	static const char plain[] = "an answer\n", text[] = "an answer\r\n";
	const char *words = p->kind->format ? text : plain;
	int lines = p->outcome->lines, asks = p->outcome->report->asks;
	int due = exchange_due(lines);

	if (asks > 0 && lines > asks)
		due = exchange_due(asks) + lines - asks;
	for (; p->answered < due; p->answered++)
		if (send(p->fd, words, strlen(words), FSOCK__MSG_NOSIGNAL) < 0)
			return;
}

static void
read_some(struct peer_state *p)
{
	char octets[16384];
	ssize_t r = recv(p->fd, octets, sizeof octets, 0);

	if (r > 0) {
		take(p, octets, (size_t)r);
		answer(p);
#if defined(TCP_QUICKACK)
		const int on = 1;

		setsockopt(p->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#endif
		return;
	}
	p->outcome->end = r == 0 ? EXCHANGE_PROPER : EXCHANGE_RESET;
	close(p->fd);
	p->fd = -1;
}

/* Where nobody listens any more, a socket may get that very port, and be connected to itself. */
static int
is_own_port(int fd, int port)
{
	struct sockaddr_in own;
	socklen_t length = sizeof own;

	return getsockname(fd, (struct sockaddr *)&own, &length) == 0 &&
	       ntohs(own.sin_port) == port;
}

static void
meet(struct peer_state *p, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(p->fd, (struct sockaddr *)&to, sizeof to) < 0 || is_own_port(p->fd, port)) {
		close(p->fd);
		p->fd = -1;
	}
}

/* Until no process of the other side is left, and no connection. */
static void
be_peer(struct peer_state *p)
{
	int port;

	while (p->life >= 0 || p->fd >= 0) {
		struct pollfd fds[3] = { { .fd = p->fd, .events = POLLIN },
			{ .fd = p->life, .events = POLLIN },
			{ .fd = p->fd < 0 ? p->listener : -1, .events = POLLIN } };

		ck_assert_int_gt(poll(fds, 3, 1000 * (EXCHANGE_SECONDS + 10)), 0);
		if (fds[0].revents)
			read_some(p);
		else if (fds[2].revents)
			p->fd = accept(p->listener, NULL, NULL);
		else if (read(p->life, &port, sizeof port) == sizeof port) {
			meet(p, port);
		} else {
			close(p->life);
			p->life = -1;
		}
	}
}

static int
listen_bare(int *port)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof name;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, n), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &n), 0);
	*port = ntohs(name.sin_port);
	return fd;
}

static struct exchange_report *
report_of_all(void)
{
	static struct exchange_report *report;

	if (report == NULL)
		report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(report, MAP_FAILED);
	memset(report, 0, sizeof *report);
	return report;
}

void
exchange_watch(const struct exchange_kind *kind, int (*body)(struct exchange *, void *), void *arg,
    struct exchange_outcome *outcome)
{
	static struct exchange x;
	struct peer_state p = { .kind = kind, .fd = -1, .outcome = outcome };
	int life[2];
	pid_t child;

	*outcome = (struct exchange_outcome){ .report = report_of_all(), .is_prefix = 1 };
	memset(&x, 0, sizeof x);
	p.listener = listen_bare(&x.port);
	ck_assert_int_eq(pipe(life), 0);
	fflush(NULL);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(EXCHANGE_SECONDS);
		close(p.listener);
		close(life[0]);
		x.kind = kind;
		x.report = outcome->report;
		x.life = life[1];
		_exit(body(&x, arg));
	}
	close(life[1]);
	p.life = life[0];
	be_peer(&p);
	close(p.listener);
	ck_assert_int_eq(waitpid(child, &outcome->status, 0), child);
}

const char *
exchange_judge(const struct exchange_outcome *o, int status)
{
	static char text[240];

	if (WIFSIGNALED(o->status) && WTERMSIG(o->status) == SIGALRM)
		return "it hangs";
	if (!WIFEXITED(o->status) || WEXITSTATUS(o->status) != status) {
		snprintf(text, sizeof text, "status %#x, %s", o->status, o->report->failed);
		return text;
	}
	if (!o->is_prefix)
		return "the peer got something else than was written";
	if (o->end == EXCHANGE_PROPER && o->lines < o->report->promised) {
		snprintf(text, sizeof text, "a proper end after %d lines of %d", o->lines,
		    (int)o->report->promised);
		return text;
	}
	return NULL;
}

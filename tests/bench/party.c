#define _GNU_SOURCE
#include "party.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

static double
read_clock(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		die("clock_gettime");
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A process that ends with its parent, and keeps to one processor. */
static pid_t
start(int processor)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(processor);
	}
	return pid;
}

static int
make_listener(int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(fd, 1024) < 0 || getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		die("listen");
	*port = ntohs(address.sin_port);
	return fd;
}

/* The clients' process: a window comes, the seconds that it took go back. */
static void
obey(int control, int port, const struct wire *wire, int n)
{
	struct load *load = load_new(port, wire, n);
	double took = 0;
	int window;

	do {
		if (write(control, &took, sizeof took) != sizeof took)
			die("control");
		if (read(control, &window, sizeof window) != sizeof window)
			_exit(0);
		took = load_run(load, PARTY_LINES, window);
	} while (1);
}

static double
order(const struct party *p, int window)
{
	double took;

	if (window > 0 && write(p->control, &window, sizeof window) != sizeof window)
		die("control");
	if (read(p->control, &took, sizeof took) != sizeof took)
		die("the clients have gone");
	return took;
}

void
party_start(struct party *p, echo_fn *serve, const struct wire *wire, int n)
{
	int control[2], port, listener = make_listener(&port);

	p->pid = start(0);
	if (p->pid == 0) {
		serve(listener);
		die("the server has ended");
	}
	close(listener);
	if (clock_getcpuclockid(p->pid, &p->clock) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, control) < 0)
		die("party");
	if (start(1) == 0) {
		close(control[0]);
		obey(control[1], port, wire, n);
	}
	close(control[1]);
	p->control = control[0];
	order(p, 0); /* they are there */
}

void
party_measure(const struct party *p, int window, struct figures *f, int round)
{
	double before = read_clock(p->clock);

	f->rate[round] = PARTY_LINES / order(p, window);
	f->work[round] = PARTY_LINES / (read_clock(p->clock) - before);
}

void
party_print_head(void)
{
	printf("%-58s %7s %7s %6s %6s %6s\n", "thousand lines echoed a second, medians", "ours",
	    "theirs", "cpu", "ratio", "target");
}

void
party_print(
    const char *what, const struct figures *ours, const struct figures *theirs, double target)
{
	double r = median_ratio(ours->rate, theirs->rate, PARTY_ROUNDS);

	printf("%-58s %7.0f %7.0f %6.2f %6.2f %6.2f  %s\n", what,
	    median(ours->rate, PARTY_ROUNDS) / 1e3, median(theirs->rate, PARTY_ROUNDS) / 1e3,
	    median_ratio(ours->work, theirs->work, PARTY_ROUNDS), r, target,
	    r >= target ? "reached" : "MISSED");
}

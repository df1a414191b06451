#define _GNU_SOURCE
#include "bench.h"

#include <sys/resource.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void
die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	_exit(1);
}

double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void
pin(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	sched_setaffinity(0, sizeof set, &set);
}

void
raise_limit(unsigned n)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < n)
		limit.rlim_cur = n;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("so many open files");
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
median(const double *values, size_t n)
{
	double sorted[MOST_ROUNDS];

	memcpy(sorted, values, n * sizeof *values);
	qsort(sorted, n, sizeof *sorted, compare);
	return sorted[n / 2];
}

double
median_ratio(const double *ours, const double *theirs, size_t n)
{
	double ratios[MOST_ROUNDS];

	for (size_t i = 0; i < n; i++)
		ratios[i] = ours[i] / theirs[i];
	return median(ratios, n);
}

double
resident(pid_t pid)
{
	long size, pages = 0, shared = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
	f = fopen(path, "r");
	if (f == NULL || fscanf(f, "%ld %ld %ld", &size, &pages, &shared) != 3)
		die(path);
	fclose(f);
	return (double)(pages - shared) * (double)sysconf(_SC_PAGESIZE);
}

pid_t
start_peer(peer_fn *peer, const int fds[2])
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		pin(1);
		close(fds[0]);
		peer(fds[1]);
		_exit(0);
	}
	close(fds[1]);
	return pid;
}

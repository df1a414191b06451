#include "compat.h"
#include "clock.h"

#include <errno.h>
#include <time.h>

#define NANOSECONDS 1000000000

int64_t
fsock__clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NANOSECONDS + now.tv_nsec;
}

int64_t
fsock__clock_after(int64_t span)
{
	int64_t now = fsock__clock_now();

	return span >= FSOCK__NEVER - now ? FSOCK__NEVER : now + span;
}

int64_t
fsock__clock_left(int64_t deadline)
{
	int64_t now;

	if (deadline == FSOCK__NEVER)
		return FSOCK__NEVER;
	now = fsock__clock_now();
	return deadline > now ? deadline - now : 0;
}

int
fsock__clock_milliseconds(int64_t left)
{
	int64_t ms;

	if (left == FSOCK__NEVER)
		return -1;
	ms = left / 1000000 + (left % 1000000 != 0);
	return ms < 1000000000 ? (int)ms : 1000000000;
}

int
fsock__clock_span(double seconds, int64_t *span)
{
	if (!(seconds >= 0)) {
		errno = EINVAL;
		return -1;
	}
	/* 2^63 ns is 292 years; doubles near it do not convert, and nobody waits that long. */
	*span = seconds >= 9e9 ? FSOCK__NEVER : (int64_t)(seconds * NANOSECONDS);
	return 0;
}

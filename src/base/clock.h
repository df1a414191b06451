/* Time inside the library: nanoseconds of the monotonic clock; limits are absolute deadlines. */
#ifndef FSOCK_BASE_CLOCK_H
#define FSOCK_BASE_CLOCK_H

#include <stdint.h>

#define FSOCK__NEVER INT64_MAX /* a deadline that does not come, a span without end */

int64_t fsock__clock_now(void);

/* The moment `span` nanoseconds from now; FSOCK__NEVER for a span that reaches no such moment. */
int64_t fsock__clock_after(int64_t span);

/* Nanoseconds left until the deadline: 0 if it has passed, FSOCK__NEVER for FSOCK__NEVER. */
int64_t fsock__clock_left(int64_t deadline);

/*
 * What is left for poll(2) and its like: milliseconds, rounded up so that no wait ends too early.
 */
int fsock__clock_milliseconds(int64_t left);

/* Seconds as nanoseconds. Returns 0, or -1 (errno EINVAL) for a negative value or NaN. */
int fsock__clock_span(double seconds, int64_t *span);

#endif

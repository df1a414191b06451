/*
 * The trace: see fsock/trace.h. Events go to one sink, a function of the program's or a descriptor,
 * and that may wait. So no event reaches it while the thread holds a lock of the library's that
 * others wait for: those that come under a list's lock are kept until it is given up. Under the
 * short locks of lock.h there are no events.
 */
#ifndef FSOCK_BASE_TRACE_H
#define FSOCK_BASE_TRACE_H

#include <stdatomic.h>
#include <stdint.h>

#include <fsock/trace.h>

#define FSOCK__TRACE_NONE INT64_C(-1) /* the span of what has none */

extern atomic_int fsock__trace_flag;

/* Whether there is a trace: what every event asks first. */
static inline int
fsock__trace_is_on(void)
{
	return atomic_load_explicit(&fsock__trace_flag, memory_order_relaxed);
}

/* Makes `function` and `fd`, or the file that `fd` is now, the sink. */
void fsock__trace_select(fsock_tracer *function, void *arg, int fd, int is_known);

/* The number of a socket that has none yet. */
int fsock__trace_number(void);

/*
 * Tells of an event with these words; `took` is a span or FSOCK__TRACE_NONE. Both keep errno and
 * the last error.
 */
void fsock__trace_tell(int socket, enum fsock_trace_kind, int64_t took, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Tells of any event, whose time and process are filled in. */
void fsock__trace_event(struct fsock_trace_event *);

/* Between the two, what the thread tells is kept. They nest. */
void fsock__trace_hold(void);
void fsock__trace_release(void);

#endif

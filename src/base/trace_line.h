/* The lines of a trace on a descriptor. */
#ifndef FSOCK_BASE_TRACE_LINE_H
#define FSOCK_BASE_TRACE_LINE_H

#include <sys/types.h>

#include <fsock/trace.h>

/* Where events go. */
struct fsock__trace_sink {
	fsock_tracer *function; /* or, if it is NULL, ... */
	void *arg;
	int fd;       /* ... a descriptor; -1: there is no trace */
	int is_known; /* the descriptor is written to while it is that of this file */
	dev_t device;
	ino_t inode;
	int process; /* fsock__process() where it began */
	unsigned number;
};

/* Writes an event. Returns 0, also if a slow reader has missed it; -1: there is no use in more. */
int fsock__trace_line_write(const struct fsock__trace_sink *, const struct fsock_trace_event *);

#endif

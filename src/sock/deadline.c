#include "../base/compat.h"

#include "../base/clock.h"
#include "handle.h"
#include "interrupt.h"

/* A call that is blocked has the new deadline, too, if it can be interrupted. */
static void
look_again(struct fsock *s, int direction)
{
	if (s->settings.interruptible)
		fsock__interrupt_look(s, direction);
}

/* Sets the deadlines of the directions. Returns 0 or -1. */
static int
set_deadlines(struct fsock *s, int directions, double seconds)
{
	int64_t span, deadline;

	if (fsock__handle_check(s, "set deadline") < 0)
		return -1;
	if (fsock__clock_span(seconds, &span) < 0)
		return fsock__handle_error(s, "set deadline", EINVAL);
	deadline = fsock__clock_after(span);
	if (directions & FSOCK_INPUT) {
		s->limits.read_deadline = deadline;
		look_again(s, FSOCK_INPUT);
	}
	if (directions & FSOCK_OUTPUT) {
		s->limits.write_deadline = deadline;
		look_again(s, FSOCK_OUTPUT);
	}
	fsock__handle_note(s);
	return 0;
}

/* see fsock/socket.h */
int
fsock_set_deadline(fsock *s, double seconds)
{
	return set_deadlines(s, FSOCK_IO, seconds);
}

/* see fsock/socket.h */
int
fsock_set_read_deadline(fsock *s, double seconds)
{
	return set_deadlines(s, FSOCK_INPUT, seconds);
}

/* see fsock/socket.h */
int
fsock_set_write_deadline(fsock *s, double seconds)
{
	return set_deadlines(s, FSOCK_OUTPUT, seconds);
}

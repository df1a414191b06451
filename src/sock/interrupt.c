#include "../base/compat.h"
#include "interrupt.h"

#include <poll.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../base/sys.h"
#include "../base/wake.h"

/*
 * The wake-up of a direction is polled beside the socket. What must stay true:
 *  1. `asked` says that a call is to be interrupted; whoever exchanges it for 0 is that call. When
 *     it is 1 the wake-up is readable, or is about to be, or somebody who has drained it is about
 *     to look at `asked`.
 *  2. `waiting` counts the calls in poll(2), `behind` those of them that began before the last
 *     change of the deadline; `changes` tells a call whether it did. While any is behind the
 *     wake-up is readable, or is about to be: the others wait until none is.
 *  3. These three, `wake` and `process` change under the handle's lock. Setting `asked` needs none:
 *     a signal handler may.
 *  4. The wake-up belongs to `process`. In a child of that one nobody waits by it: it would wake
 *     either process. The child makes its own when a call first has to wait, readable, so that this
 *     call looks at what was asked for before.
 *  5. No thread is cancelled in here: `waiting` would be wrong.
 */
struct side {
	struct fsock__wake wake;
	atomic_int process;
	atomic_int asked;
	int waiting, behind;
	unsigned changes;
	int has_latest;
	pthread_t latest; /* of those that wait: one that comes again has jumped out of its wait */
};

struct fsock__interrupt {
	struct side input, output;
};

static struct side *
side_of(struct fsock *s, int direction)
{
	return direction == FSOCK_INPUT ? &s->interrupt->input : &s->interrupt->output;
}

static void
discard(struct fsock__interrupt *old)
{
	fsock__wake_close(&old->input.wake);
	fsock__wake_close(&old->output.wake);
	free(old);
}

int
fsock__interrupt_open(struct fsock *s)
{
	struct fsock__interrupt *new = calloc(1, sizeof *new), *none = NULL;
	int error;

	if (new == NULL)
		return -1;
	if (fsock__wake_open(&new->input.wake) < 0)
		goto err0;
	if (fsock__wake_open(&new->output.wake) < 0)
		goto err1;
	new->input.process = new->output.process = fsock__process();
	if (!atomic_compare_exchange_strong(&s->interrupt, &none, new))
		discard(new); /* another thread was faster */
	return 0;
err1:
	error = errno;
	fsock__wake_close(&new->input.wake);
	errno = error;
err0:
	error = errno;
	free(new);
	errno = error;
	return -1;
}

void
fsock__interrupt_close(struct fsock *s)
{
	if (s->interrupt != NULL)
		discard(s->interrupt);
}

/* In a child: gives the side a wake-up of its own. Returns 0 or -1. */
static int
renew(struct fsock *s, struct side *side)
{
	struct fsock__wake wake, spare;

	if (fsock__wake_open(&wake) < 0)
		return -1;
	fsock__wake_send(&wake);
	fsock__handle_lock(s);
	spare = wake;
	if (side->process != fsock__process()) { /* else another thread was faster */
		spare = side->wake;
		side->wake = wake;
		side->waiting = side->behind = 0;
		side->process = fsock__process();
	}
	fsock__handle_unlock(s);
	fsock__wake_close(&spare);
	return 0;
}

/* Before a wait, when nobody is behind. Returns what to poll for input, or -1. */
static int
enter(struct fsock *s, struct side *side, unsigned *changes, int64_t until)
{
	int fd;

	if (side->process != fsock__process() && renew(s, side) < 0)
		return -1;
	fsock__handle_lock(s);
	if (side->has_latest && pthread_equal(side->latest, pthread_self())) {
		side->waiting--;
		side->behind -= side->behind > 0;
	}
	while (side->behind > 0 && fsock__clock_left(until) > 0)
		fsock__lock_await(fsock__lock_of(s), until);
	side->waiting++;
	side->latest = pthread_self();
	side->has_latest = 1;
	*changes = side->changes;
	fd = side->wake.fd;
	fsock__handle_unlock(s);
	return fd;
}

/* After a wait that the wake-up has ended: drains it, unless it is somebody else's to see. */
static void
drain(struct fsock *s, struct side *side)
{
	int behind;

	fsock__wake_drain(&side->wake);
	fsock__handle_lock(s);
	behind = side->behind;
	fsock__handle_unlock(s);
	if (behind > 0)
		fsock__wake_send(&side->wake);
}

static void
leave(struct fsock *s, struct side *side, unsigned changes, int is_woken)
{
	int behind;

	fsock__handle_lock(s);
	side->waiting--;
	if (pthread_equal(side->latest, pthread_self()))
		side->has_latest = 0;
	if (changes != side->changes && --side->behind == 0)
		fsock__lock_tell(fsock__lock_of(s));
	behind = side->behind;
	fsock__handle_unlock(s);
	if (is_woken && behind == 0)
		drain(s, side);
}

/* When a wait ends: at the direction's deadline, too, as that is at the moment. */
static int64_t
limit(const struct fsock *s, int direction, int64_t until)
{
	int64_t deadline = fsock__handle_deadline(s, direction);

	return s->settings.interruptible && deadline < until ? deadline : until;
}

/*
 * Whether the direction was shut down, and not only behind what is queued, or another thread has
 * found that output has failed: then nothing is waited for.
 */
static int
is_shut(const struct fsock *s, int direction)
{
	if (direction == FSOCK_OUTPUT && s->output.error != 0)
		return 1;
	return (s->shut & direction) != 0 && !(direction == FSOCK_OUTPUT && s->output.end_due);
}

static int
poll_uncancelled(struct fsock *s, int direction, struct pollfd *list, size_t count, int64_t until)
{
	struct side *side = side_of(s, direction);
	struct pollfd *wakes = &list[count];

	for (;;) {
		int r, is_woken;
		unsigned changes;

		*wakes =
		    (struct pollfd){ .fd = enter(s, side, &changes, limit(s, direction, until)),
			    .events = POLLIN };
		if (wakes->fd < 0)
			return -1;
		r = is_shut(s, direction)
			? 1
			: fsock__sys_poll(list, count + 1, limit(s, direction, until));
		is_woken = r == 1 && wakes->revents != 0 &&
			   !is_shut(s, direction); /* and nothing else is to be told of */
		leave(s, side, changes, is_woken);
		if (r != 0 && !is_woken)
			return r;
		if (is_woken && atomic_exchange(&side->asked, 0)) {
			errno = ECANCELED;
			return -1;
		}
		if (fsock__clock_left(limit(s, direction, until)) == 0)
			return 0;
	}
}

int
fsock__interrupt_poll(
    struct fsock *s, int direction, struct pollfd *list, size_t count, int64_t until)
{
	int cancel, r;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = poll_uncancelled(s, direction, list, count, until);
	pthread_setcancelstate(cancel, NULL);
	return r;
}

void
fsock__interrupt_look(struct fsock *s, int direction)
{
	struct side *side;
	int is_due = 0;

	if (s->interrupt == NULL)
		return;
	side = side_of(s, direction);
	fsock__handle_lock(s);
	if (side->process == fsock__process()) {
		side->changes++;
		side->behind = side->waiting;
		is_due = side->behind > 0;
	}
	fsock__handle_unlock(s);
	if (is_due)
		fsock__wake_send(&side->wake);
}

/* Interrupts one direction; see invariants 1 and 4 for when there is nothing to send. */
static void
ask(struct side *side)
{
	if (!atomic_exchange(&side->asked, 1) && side->process == fsock__process())
		fsock__wake_send(&side->wake);
}

/* see fsock/socket.h */
int
fsock_interrupt(fsock *s, int direction)
{
	if (fsock__handle_check(s, "interrupt") < 0)
		return -1;
	if (direction < FSOCK_INPUT || direction > FSOCK_IO)
		return fsock__handle_error(s, "interrupt", EINVAL);
	if (!s->settings.interruptible)
		return fsock__handle_error(s, "interrupt", EOPNOTSUPP);
	if (direction & FSOCK_INPUT)
		ask(&s->interrupt->input);
	if (direction & FSOCK_OUTPUT)
		ask(&s->interrupt->output);
	return 0;
}

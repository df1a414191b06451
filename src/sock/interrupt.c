#include "../base/compat.h"
#include "interrupt.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "../base/process.h"
#include "../base/sys.h"
#include "transfer.h"

/*
 * The wake-up of a direction is a pipe that is polled beside the socket. What must stay true:
 *  1. `asked` says that a call is to be interrupted; whoever exchanges it for 0 is that call. When
 *     it is 1 there is an octet in the pipe, or is about to be, or somebody who has emptied the
 *     pipe is about to look at `asked`.
 *  2. `waiting` counts the calls in poll(2), `behind` those of them that began before the last
 *     change of the deadline; `changes` tells a call whether it did. While any is behind there is
 *     an octet in the pipe: nobody empties it before all have been woken.
 *  3. These three, and `ends`, change under `lock`. No other lock is taken under it. Setting
 *     `asked` needs none: a signal handler may.
 *  4. The pipe belongs to `process`. In a child of that one nobody waits by it: an octet in it
 *     would be for either process. The child makes its own when a call first has to wait, with an
 *     octet in it, so that this call looks at what was asked for before there was the pipe.
 *  5. No thread is cancelled in here: `waiting` would be wrong, or an octet missing.
 */
struct side {
	pthread_mutex_t lock;
	atomic_int ends[2];
	atomic_int process;
	atomic_int asked;
	int waiting, behind;
	unsigned changes;
};

struct fsock__interrupt {
	struct side input, output;
};

static struct side *
side_of(struct fsock *s, int direction)
{
	return direction == FSOCK_INPUT ? &s->interrupt->input : &s->interrupt->output;
}

/* Gives the side a pipe of this process. Returns 0 or -1. */
static int
open_side(struct side *side)
{
	int ends[2];

	if (fsock__sys_pipe(ends) < 0)
		return -1;
	side->ends[0] = ends[0];
	side->ends[1] = ends[1];
	side->process = fsock__process();
	side->waiting = side->behind = 0;
	return 0;
}

static void
close_side(struct side *side)
{
	fsock__sys_close(side->ends[0]);
	fsock__sys_close(side->ends[1]);
}

int
fsock__interrupt_open(struct fsock *s)
{
	struct fsock__interrupt *new = calloc(1, sizeof *new);
	int error;

	if (new == NULL)
		return -1;
	if (open_side(&new->input) < 0)
		goto err0;
	if (open_side(&new->output) < 0)
		goto err1;
	pthread_mutex_init(&new->input.lock, NULL);
	pthread_mutex_init(&new->output.lock, NULL);
	s->interrupt = new;
	return 0;
err1:
	error = errno;
	close_side(&new->input);
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
	struct fsock__interrupt *old = s->interrupt;

	if (old == NULL)
		return;
	close_side(&old->input);
	close_side(&old->output);
	pthread_mutex_destroy(&old->input.lock);
	pthread_mutex_destroy(&old->output.lock);
	free(old);
}

/* Puts an octet into the pipe. One that is full wakes as well. */
static void
wake(struct side *side)
{
	int cancel, saved = errno;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (write(side->ends[1], "", 1) < 0)
		errno = saved;
	pthread_setcancelstate(cancel, NULL);
}

static void
drain(struct side *side)
{
	int saved = errno;
	char scrap[64];

	while (read(side->ends[0], scrap, sizeof scrap) > 0)
		;
	errno = saved;
}

/* In a child: a pipe of its own. Returns 0 or -1. Needs `lock`. */
static int
renew_nolock(struct side *side)
{
	int old[2] = { side->ends[0], side->ends[1] };

	if (open_side(side) < 0)
		return -1;
	fsock__sys_close(old[0]);
	fsock__sys_close(old[1]);
	wake(side);
	return 0;
}

/* Before a wait. Returns what to poll for input, or -1. */
static int
enter(struct side *side, unsigned *changes)
{
	int fd = -1;

	pthread_mutex_lock(&side->lock);
	if (side->process == fsock__process() || renew_nolock(side) == 0) {
		side->waiting++;
		*changes = side->changes;
		fd = side->ends[0];
	}
	pthread_mutex_unlock(&side->lock);
	return fd;
}

/* After a wait; if the pipe has ended it, empties it. Returns how many are behind. */
static int
leave(struct side *side, unsigned changes, int is_woken)
{
	int behind;

	pthread_mutex_lock(&side->lock);
	side->waiting--;
	if (changes != side->changes)
		side->behind--;
	behind = side->behind;
	if (is_woken && behind == 0)
		drain(side);
	pthread_mutex_unlock(&side->lock);
	return behind;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int
poll_uncancelled(struct fsock *s, int direction, struct pollfd *list, size_t count, int64_t until)
{
	struct side *side = side_of(s, direction);
	struct pollfd *wakes = &list[count];

	for (int turn = 0;; turn++) {
		int r, behind, is_woken;
		unsigned changes;

		*wakes = (struct pollfd){ .fd = enter(side, &changes), .events = POLLIN };
		if (wakes->fd < 0)
			return -1;
		r = fsock__sys_poll(
		    list, count + 1, earlier(until, fsock__transfer_deadline(s, direction)));
		is_woken = r == 1 && wakes->revents != 0; /* and nothing else is to be told of */
		behind = leave(side, changes, is_woken);
		if (r != 0 && !is_woken)
			return r;
		if (is_woken && atomic_exchange(&side->asked, 0)) {
			errno = ECANCELED;
			return -1;
		}
		if (fsock__clock_left(earlier(until, fsock__transfer_deadline(s, direction))) == 0)
			return 0;
		if (behind > 0) /* the octet is theirs: let them have it */
			fsock__sys_pause(turn);
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

	if (s->interrupt == NULL)
		return;
	side = side_of(s, direction);
	pthread_mutex_lock(&side->lock);
	if (side->process == fsock__process()) {
		side->changes++;
		side->behind = side->waiting;
		if (side->behind > 0)
			wake(side);
	}
	pthread_mutex_unlock(&side->lock);
}

/* Interrupts one direction; see invariants 1 and 4 for when there is nothing to write. */
static void
ask(struct side *side)
{
	if (!atomic_exchange(&side->asked, 1) && side->process == fsock__process())
		wake(side);
}

/* see fsock/socket.h */
int
fsock_interrupt(fsock *s, int direction)
{
	if (fsock__socket_check(s, "interrupt") < 0)
		return -1;
	if (direction < FSOCK_INPUT || direction > FSOCK_IO)
		return fsock__socket_error(s, "interrupt", EINVAL);
	if (s->interrupt == NULL)
		return fsock__socket_error(s, "interrupt", EOPNOTSUPP);
	if (direction & FSOCK_INPUT)
		ask(&s->interrupt->input);
	if (direction & FSOCK_OUTPUT)
		ask(&s->interrupt->output);
	return 0;
}

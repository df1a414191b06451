/*
 * A cell: a socket in its combination, the call of the row, and what the socket is good for then.
 */
#include "../../src/base/compat.h"
#include "combination.h"

#include <sys/socket.h>

#include <math.h>
#include <poll.h>
#include <unistd.h>

#include "combination_beside.h"

#define ROOM 4608 /* the least that Linux lets a socket have for output */

static char got[2 * COMBINATION_BLOCK + 256];

int
combination_not_so(struct world *w, const char *condition)
{
	int error = errno;

	snprintf(w->problem, 256, "not so: %s (errno %s)", condition, strerror(error));
	return -1;
}

/* Opens the FILEs, and reads into the first line if it is to be. Returns 0 or -1. */
static int
open_files(struct world *w)
{
	char part[4];

	switch (w->at.files) {
	case FRESH:
	case MID_LINE:
		w->reads = w->writes = fsock_stream(w->s);
		break;
	case ONE_WAY:
	case ONE_WAY_MID_LINE:
		w->reads = fsock_input(w->s);
		w->writes = fsock_output(w->s);
		break;
	case OUTPUT_ONLY:
		w->writes = fsock_output(w->s);
		break;
	default:
		break;
	}
	EXPECT(w, (w->reads != NULL) == combination_has_reading_file(&w->at));
	if (!combination_is_mid_line(&w->at))
		return 0;
	EXPECT(w, fgets(part, sizeof part, w->reads) != NULL);
	EXPECT(w, combination_took(w, part, 3));
	return 0;
}

static int
make(struct world *w)
{
	struct fsock_options options = { .nonblocking =
					     w->at.nonblocking ? FSOCK_ON : FSOCK_DEFAULT };
	int fds[2], room = ROOM;

	EXPECT(w, socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	EXPECT(w, setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
	w->s = fsock_adopt(fds[0], &options);
	w->peer = fds[1];
	EXPECT(w, w->s != NULL);
	for (int i = 0; i < w->at.lists; i++) {
		w->lists[i] = fsock_waitlist_new();
		EXPECT(w, w->lists[i] != NULL);
		EXPECT(w, fsock_waitlist_add(w->lists[i], w->s, FSOCK_INPUT, w) == 0);
	}
	/* Who is to be blocked reading or waiting needs a socket with nothing to read. */
	if (combination_is_mid_line(&w->at))
		combination_say(w, "first line\nsecond\nthird\n");
	else if (!combination_is_reading(&w->at) && w->at.beside != IN_WAIT)
		combination_say(w, "a line\nand another\n");
	return open_files(w);
}

/* ---- After the row. */

/* Lets the lists of the cell, one of them, send what is queued; without one the program does. */
static void
pump(struct world *w)
{
	fsock_waitlist *list = w->at.lists == 0 ? NULL : w->lists[w->at.files % w->at.lists];

	if (list != NULL) {
		fsock_waitlist_wait(list, 0.001, NULL);
		return;
	}
	if (!w->gone && !w->closed)
		fsock_send_pending(w->s);
	poll(NULL, 0, 1);
}

/* Reads all there is to be, and finds it as it was sent. */
static int
hear(struct world *w)
{
	char line[sizeof w->in];
	ssize_t n;

	while (w->taken < strlen(w->in)) {
		if (w->reads != NULL)
			n = fgets(line, sizeof line, w->reads) == NULL ? -1 : (ssize_t)strlen(line);
		else
			n = fsock_receive(w->s, line, sizeof line, NULL);
		if (w->input_shut && n <= 0)
			return 0;
		if (n < 0 && errno == EAGAIN && w->at.nonblocking) {
			if (w->reads != NULL)
				clearerr(w->reads);
			EXPECT(w, fsock_wait_for_input(&w->s, 1, 1, NULL) == 1);
			continue;
		}
		EXPECT(w, n > 0);
		EXPECT(w, combination_took(w, line, (size_t)n));
	}
	return 0;
}

/* A line each way, as far as the directions are open. */
static int
exchange(struct world *w)
{
	if (!w->input_shut)
		combination_say(w, "ping\n");
	if (hear(w) < 0)
		return -1;
	if (w->output_shut)
		return 0;
	errno = 0;
	if (w->writes != NULL)
		EXPECT(w, fputs("pong\n", w->writes) >= 0 && fflush(w->writes) == 0);
	else
		EXPECT(w, WORKED(fsock_send(w->s, "pong\n", 5, NULL)));
	combination_gave(w, "pong\n");
	return 0;
}

/* Whether the peer has got what was written: the block's octets are 'w', which no row writes. */
static int
check_got(struct world *w)
{
	size_t block = 0, n = 0, length = strlen(w->out);
	int beside = w->at.beside == IN_WRITE && !w->at.nonblocking;
	char rest[sizeof w->out];

	if (w->cut)
		return 0;
	for (size_t i = 0; i < w->got_count; i++)
		if (w->got[i] == 'w' && (beside || n == 0))
			block++;
		else if (n < sizeof rest)
			rest[n++] = w->got[i];
	EXPECT(w, block == w->block);
	EXPECT(w, n == length && memcmp(rest, w->out, n) == 0);
	EXPECT(w, w->got_error == 0);
	return 0;
}

/* Ends the handle if the row has not, and waits until the peer has seen the end. */
static int
end(struct world *w)
{
	if (w->output_shut)
		while (!w->peer_done)
			pump(w);
	if (!w->gone) {
		errno = 0;
		if (w->cut)
			fsock_close(w->s);
		else
			EXPECT(w, WORKED(fsock_close(w->s)));
	}
	w->gone = 1;
	while (!w->peer_done)
		pump(w);
	sock_thread_join(&w->listener);
	for (int i = 0; i < w->at.lists; i++) {
		if (w->lists[i] == NULL)
			continue;
		EXPECT(w, fsock_waitlist_count(w->lists[i]) == 0);
		fsock_waitlist_wait(w->lists[i], 0, NULL);
		EXPECT(w, fsock_waitlist_closing(w->lists[i]) == 0);
		fsock_waitlist_free(w->lists[i]);
	}
	close(w->peer);
	return check_got(w);
}

int
combination_play(const struct combination_row *row, const struct combination *at, char *problem)
{
	static struct world w;

	w = (struct world){ .at = *at, .problem = problem, .got = got };
	snprintf(problem, 256, "hangs while it is set up");
	if (make(&w) < 0 || combination_begin_beside(&w) < 0)
		return -1;
	if (row->drained && w.at.beside == IN_WRITE)
		combination_listen(&w);
	snprintf(problem, 256, "hangs");
	errno = 0;
	if (row->run(&w) < 0)
		return -1;
	snprintf(problem, 256, "hangs after the call");
	if (!w.is_listening)
		combination_listen(&w);
	if (combination_end_beside(&w) < 0)
		return -1;
	if (!w.gone && !w.closed && exchange(&w) < 0)
		return -1;
	return end(&w);
}

/*
 * Ending a socket, shutting it down, and moving octets beside its FILEs, in every combination: see
 * tests/support/combination.h.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <unistd.h>

#include "../support/combination.h"
#include "../support/tsan_files.h"

/* ---- Ending. */

/* Leaves output in the FILE, which the call is to flush; sends it, if there is none. */
static int
leave_output(struct world *w)
{
	if (combination_output_is_held(&w->at) || (w->writes == NULL && w->at.beside == IN_WRITE))
		return 0;
	combination_turn(w);
	if (w->writes == NULL)
		EXPECT(w, fsock_send(w->s, "left\n", 5, NULL) == 5);
	else
		EXPECT(w, fputs("left\n", w->writes) >= 0);
	combination_gave(w, "left\n");
	errno = 0;
	return 0;
}

static int
row_close(struct world *w)
{
	if (leave_output(w) < 0)
		return -1;
	w->gone = 1;
	EXPECT(w, WORKED(fsock_close(w->s)));
	return 0;
}

static int
row_auto_close(struct world *w)
{
	if (leave_output(w) < 0)
		return -1;
	w->gone = 1;
	fsock_auto_close(&w->s);
	EXPECT(w, errno == 0);
	return 0;
}

static int
row_abort(struct world *w)
{
	if (leave_output(w) < 0)
		return -1;
	w->gone = w->cut = 1;
	EXPECT(w, WORKED(fsock_abort(w->s)));
	return 0;
}

/* What was read ahead comes first; the descriptor goes on from there. */
static int
row_release(struct world *w)
{
	char ahead[sizeof w->in];
	size_t n = 0;
	int fd;

	if (leave_output(w) < 0)
		return -1;
	do { /* while that thread is at work on a FILE */
		errno = 0;
		fd = fsock_release(w->s, ahead, sizeof ahead, &n);
	} while (w->at.beside == IN_FLUSH_ALL && FAILED(fd, EBUSY));
	EXPECT(w, WORKED(fd));
	w->gone = 1;
	EXPECT(w, combination_took(w, ahead, n));
	while (*combination_next(w) != '\0') {
		ssize_t r = recv(fd, ahead, sizeof ahead, MSG_DONTWAIT);

		EXPECT(w, r > 0 && combination_took(w, ahead, (size_t)r));
	}
	EXPECT(w, write(fd, "bare\n", 5) == 5);
	combination_gave(w, "bare\n");
	EXPECT(w, close(fd) == 0);
	return 0;
}

/* Without a FILE it is closed; else the FILEs keep it, and find it. */
static int
row_disown(struct world *w)
{
	if (leave_output(w) < 0)
		return -1;
	w->gone = w->writes == NULL;
	fsock_disown(w->s);
	EXPECT(w, errno == 0);
	EXPECT(w, w->gone || fsock_of(w->writes) == w->s);
	return 0;
}

static const char *
no_disown(const struct combination *c)
{
	return c->files == NO_FILE ? combination_no_end(c) : NULL;
}

/* ---- Shutting down. It waits for nobody. */

static int
row_shut_input(struct world *w)
{
	w->input_shut = 1;
	EXPECT(w, WORKED(fsock_shutdown(w->s, FSOCK_INPUT)));
	return 0;
}

/* A writer that is blocked fails; whether its output counts as this call's failure is open. */
static int
shut_output(struct world *w, int direction)
{
	int r;

	if (leave_output(w) < 0)
		return -1;
	w->output_shut = 1;
	if (w->at.beside == IN_FLUSH_ALL && w->writes != NULL)
		fflush(w->writes);
	r = fsock_shutdown(w->s, direction);
	if (!combination_is_writing(&w->at)) {
		EXPECT(w, WORKED(r));
		return 0;
	}
	EXPECT(w, WORKED(r) || FAILED(r, EPIPE) || FAILED(r, EBUSY));
	return combination_writer_failed(w);
}

static int
row_shut_output(struct world *w)
{
	return shut_output(w, FSOCK_OUTPUT);
}

static int
row_shut_both(struct world *w)
{
	w->input_shut = 1;
	return shut_output(w, FSOCK_IO);
}

/* ---- Moving octets beside the FILEs. */

static int
row_send(struct world *w)
{
	EXPECT(w, fsock_send(w->s, "sent\n", 5, NULL) == 5 && errno == 0);
	combination_gave(w, "sent\n");
	return 0;
}

static int
row_receive(struct world *w)
{
	char text[sizeof w->in];
	ssize_t n;

	if (!combination_is_reading(&w->at))
		combination_feed(w);
	n = fsock_receive(w->s, text, sizeof text, NULL);
	if (combination_is_busy(w, n))
		return 0;
	EXPECT(w, n > 0 && errno == 0 && !combination_is_reading(&w->at));
	EXPECT(w, combination_took(w, text, (size_t)n));
	return 0;
}

static const char *
no_receive(const struct combination *c)
{
	if (c->beside == IN_RECEIVE)
		return "two threads that receive take octets from each other, as in recv()";
	return NULL;
}

static const struct combination_row rows[] = {
	{ "fsock_close", row_close, combination_no_end, 1 },
	{ "fsock_auto_close", row_auto_close, combination_no_end, 1 },
	{ "fsock_abort", row_abort, combination_no_end, 0 },
	{ "fsock_release", row_release, combination_no_end, 1 },
	{ "fsock_disown", row_disown, no_disown, 0 },
	{ "fsock_shutdown, input", row_shut_input, NULL, 0 },
	{ "fsock_shutdown, output", row_shut_output, NULL, 0 },
	{ "fsock_shutdown, both", row_shut_both, NULL, 0 },
	{ "fsock_send", row_send, NULL, 1 },
	{ "fsock_receive", row_receive, no_receive, 0 },
};

START_TEST(ending_function)
{
	combination_sweep(&rows[_i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("combination");
	TCase *tcase = tcase_create("ending");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, ending_function, 0, COUNT(rows));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

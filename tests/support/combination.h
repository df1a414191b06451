/*
 * Every function of sockets and streams in every combination of what a socket may be in: wait
 * lists, FILEs, another thread that is in a call on it, blocking or not. A row is a function of the
 * library; a cell is a row in one combination. Cells run in child processes under an alarm, so that
 * one that hangs is named and the others go on. All this uses the public interface only.
 *
 * What may hang is measured by fdopen(): where the same calls on a plain FILE would wait, the cell
 * is made such that they need not, or the row leaves it out and says why.
 */
#ifndef TESTS_COMBINATION_H
#define TESTS_COMBINATION_H

#include "sock_support.h"

enum files { NO_FILE, FRESH, MID_LINE, ONE_WAY, ONE_WAY_MID_LINE, OUTPUT_ONLY, FILE_STATES };

/* What another thread does. IN_WRITE on a socket that does not block is queued output instead. */
enum beside {
	ALONE,
	IN_FGETS,
	IN_RECEIVE,
	IN_WRITE,
	IN_WAIT, /* on each list, or in fsock_wait_for_input() */
	IN_FLUSH_ALL,
	REOPENING, /* opens and closes one more FILE of the socket */
	BESIDES
};

#define COMBINATION_LISTS 2

struct combination {
	int lists;
	enum files files;
	enum beside beside;
	int nonblocking;
};

/* A socket in a combination, and its peer. */
struct world {
	struct combination at;
	fsock *s;
	int peer;
	FILE *reads, *writes; /* one FILE if it is two-way; NULL if there is none */
	fsock_waitlist *lists[COMBINATION_LISTS];

	char in[256];    /* what the peer has sent */
	size_t taken;    /* and how much of it was read */
	char out[256];   /* what was written, behind the block of IN_WRITE */
	size_t block;    /* octets of that block */
	char heard[256]; /* what the thread of IN_FGETS and IN_RECEIVE has read */

	struct sock_thread others[COMBINATION_LISTS], listener;
	int other_count, is_listening;
	atomic_int stop, passes, peer_done;
	int other_result, other_error; /* what came of the call of IN_WRITE */

	char *got; /* what the peer got, and the errno that ended it, 0 for a proper end */
	size_t got_count;
	int got_error;

	/* What the row has done, for the check behind it. */
	int input_shut, output_shut;
	int closed; /* the connection is, the handle is not ended */
	int gone;   /* the handle is */
	int cut;    /* output is lost, and the peer may be told so */

	char *problem; /* what was not so */
};

/* A row. run() returns 0, or -1 by EXPECT. */
struct combination_row {
	const char *name;
	int (*run)(struct world *);
	const char *(*left_out)(const struct combination *); /* the reason, or NULL; may be NULL */
	int drained; /* beside IN_WRITE the peer reads meanwhile: the call waits for the writer */
};

/* Runs a row in all combinations. Asserts that none is red, having printed each that is. */
void combination_sweep(const struct combination_row *);

/* ---- For rows. */

#define EXPECT(w, condition)                                        \
	do {                                                        \
		if (!(condition))                                   \
			return combination_not_so((w), #condition); \
	} while (0)
int combination_not_so(struct world *, const char *condition);

/* Whether a call worked, and left errno alone; or failed with this errno. */
#define WORKED(result)        ((result) >= 0 && errno == 0)
#define FAILED(result, error) ((result) < 0 && errno == (error))

/* Sees to it that there is a line to read. */
void combination_feed(struct world *);

/* The octets to read next, and whether these are: then they count as read. */
const char *combination_next(const struct world *);
int combination_took(struct world *, const char *text, size_t n);

/*
 * Before writing to a FILE that was read from: musl's drops what it holds if nothing comes between
 * (fsock/stream.h).
 */
void combination_turn(struct world *);

/* The program has written a text. */
void combination_gave(struct world *, const char *text);

/* Joins the writer, whose call must have failed with EPIPE. Returns 0, or -1 by EXPECT. */
int combination_writer_failed(struct world *);

/* ---- Questions about a combination. */

int combination_is_two_way(const struct combination *);
int combination_is_mid_line(const struct combination *);
int combination_has_reading_file(const struct combination *);
int combination_has_writing_file(const struct combination *);

/* A thread is blocked reading, or writing. */
int combination_is_reading(const struct combination *);
int combination_is_writing(const struct combination *);

/* A thread is in a call on the FILE that reads, or writes, and has its lock. */
int combination_input_is_held(const struct combination *);
int combination_output_is_held(const struct combination *);

/*
 * Whether a call that has to know what a FILE holds was told EBUSY as it may be: another thread is
 * in a call on that FILE, or receives.
 */
int combination_is_busy(const struct world *, long long result);

/* Why a row that ends the handle, or the connection, leaves a cell out. */
const char *combination_no_end(const struct combination *);

/* Why one that reads, or writes, by a FILE does. */
const char *combination_no_reading(const struct combination *);
const char *combination_no_writing(const struct combination *);

/* ---- Between the sweep and the worlds. */

/* Why there is no such combination, or NULL. */
const char *combination_is_none(const struct combination *);

/* Plays a row's cell. Returns 0, or -1 with what was not so in `problem`, 256 octets. */
int combination_play(const struct combination_row *, const struct combination *, char *problem);

#endif

/* The sweep: the cells of a row, in children. */
#include "../../src/base/compat.h"
#include "combination.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define CELLS   ((COMBINATION_LISTS + 1) * FILE_STATES * BESIDES * 2)
#define LIMIT   10 /* seconds that a cell has; it needs a millisecond */
#define PATIENT 4 /* hangs of a row that are waited for: more would not tell more */

/* Shared with the child. */
struct note {
	volatile int cell; /* the one under way */
	volatile int ran;
	char problem[256];
};

static struct combination
combination_at(int i)
{
	struct combination c = { .nonblocking = i % 2 };

	i /= 2;
	c.beside = (enum beside)(i % BESIDES);
	i /= BESIDES;
	c.files = (enum files)(i % FILE_STATES);
	c.lists = i / FILE_STATES;
	return c;
}

static void
report(const struct combination_row *row, int cell, const char *problem)
{
	static const char *const files[] = { "no FILE", "a fresh FILE", "a FILE in mid-line",
		"one-way FILEs", "one-way FILEs in mid-line", "an output FILE" };
	static const char *const besides[] = { "nobody", "fgets()", "fsock_receive()", "a writer",
		"waits", "fflush(NULL)", "opening and closing" };
	struct combination c = combination_at(cell);

	fprintf(stderr, "RED %s | %s, %d lists, %s | beside %s: %s\n", row->name,
	    c.nonblocking ? "non-blocking" : "blocking", c.lists, files[c.files],
	    c.nonblocking && c.beside == IN_WRITE ? "queued output" : besides[c.beside], problem);
}

static int
is_wanted(const struct combination_row *row, int cell)
{
	struct combination c = combination_at(cell);

	if (getenv("FSOCK_SAMPLE") != NULL && cell % 5 != 0)
		return 0;
	if (combination_is_none(&c) != NULL)
		return 0;
	return row->left_out == NULL || row->left_out(&c) == NULL;
}

/* In the child: the cells from this one on, up to the first that is red; a hang is the alarm's. */
static void
play_from(const struct combination_row *row, int cell, struct note *note)
{
	signal(SIGALRM, SIG_DFL);
	for (; cell < CELLS; cell++) {
		struct combination c = combination_at(cell);

		if (!is_wanted(row, cell))
			continue;
		note->cell = cell;
		note->ran++;
		alarm(LIMIT);
		if (combination_play(row, &c, note->problem) < 0)
			_exit(EXIT_FAILURE);
	}
	_exit(EXIT_SUCCESS);
}

/* What became of the child, as a text; NULL if all its cells are green. */
static const char *
end_of(int status, struct note *note)
{
	size_t size = sizeof note->problem;

	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
		return NULL;
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM)
		snprintf(note->problem, size, "signal %d", WTERMSIG(status));
	else if (WIFEXITED(status) && WEXITSTATUS(status) != EXIT_FAILURE)
		snprintf(note->problem, size, "a sanitizer says why"); /* by its own status */
	return note->problem;
}

void
combination_sweep(const struct combination_row *row)
{
	struct note *note =
	    mmap(NULL, sizeof *note, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int red = 0, hung = 0, status = -1;

	ck_assert_ptr_ne(note, MAP_FAILED);
	note->cell = -1;
	while (hung < PATIENT) {
		pid_t child = fork();
		const char *problem;

		ck_assert_int_ge(child, 0);
		if (child == 0)
			play_from(row, note->cell + 1, note);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		problem = end_of(status, note);
		if (problem == NULL)
			break;
		red++;
		hung += WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
		report(row, note->cell, problem);
	}
	ck_assert_msg(red == 0, "%s: %d of %d cells are red%s", row->name, red, note->ran,
	    hung < PATIENT ? "" : "; so many hang that the rest was left out");
	ck_assert_int_gt(note->ran, 0);
	munmap(note, sizeof *note);
}

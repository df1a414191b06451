/*
 * How far a long transfer has come, in a line that is written over itself.
 */
#include "command.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Less than this is not worth a line, unless it is asked for. */
#define LONG_TRANSFER (1024 * 1024)

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Where somebody types and reads, the line would be in the way. */
void
progress_begin(struct progress *progress, const struct settings *settings)
{
	struct stat is;
	int is_dialogue = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

	*progress = (struct progress){ .began = now(), .is_asked_for = settings->progress > 0 };
	progress->is_wanted =
	    settings->progress >= 0 ? settings->progress : isatty(STDERR_FILENO) && !is_dialogue;
	if (fstat(STDIN_FILENO, &is) == 0 && S_ISREG(is.st_mode))
		progress->whole = is.st_size;
}

/* "12.3 MiB" */
static const char *
amount(char text[32], double octets)
{
	static const char *const units[] = { "octets", "KiB", "MiB", "GiB", "TiB" };
	size_t i = 0;

	while (octets >= 1024 && i < sizeof units / sizeof *units - 1) {
		octets /= 1024;
		i++;
	}
	snprintf(text, 32, i == 0 ? "%.0f %s" : "%.1f %s", octets, units[i]);
	return text;
}

void
progress_show(struct progress *progress, uint64_t sent, uint64_t received)
{
	char a[32], b[32], c[32], part[32] = "";
	double seconds = now() - progress->began;

	if (!progress->is_wanted || (!progress->is_asked_for && sent + received < LONG_TRANSFER))
		return;
	if (progress->whole > 0 && sent <= (uint64_t)progress->whole)
		snprintf(part, sizeof part, " (%d %%)",
		    (int)(100.0 * (double)sent / (double)progress->whole));
	fprintf(stderr, "\r%s sent%s, %s received, %s/s\033[K", amount(a, (double)sent), part,
	    amount(b, (double)received),
	    amount(c, seconds > 0 ? (double)(sent + received) / seconds : 0));
	fflush(stderr);
	progress->is_shown = 1;
}

/* Before anything else is written to the terminal. */
void
progress_hide(struct progress *progress)
{
	if (!progress->is_shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->is_shown = 0;
}

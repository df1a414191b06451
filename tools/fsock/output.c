/*
 * Standard output, which need not take all at once: what comes from the network must not wait in a
 * write while standard input has something to send.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A pipe is opened once more, so that O_NONBLOCK is not set for whoever else writes to it. Where
 * that is not possible, a write of PIPE_BUF octets does not wait if the pipe is ready.
 */
static void
open_pipe(struct output *output)
{
	int descriptor = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	if (descriptor < 0)
		return;
	output->descriptor = descriptor;
	output->is_own = 1;
	output->waits = 0;
	output->most = SSIZE_MAX;
}

void
output_open(struct output *output)
{
	struct stat is;

	*output = (struct output){ .descriptor = STDOUT_FILENO, .waits = 1, .most = PIPE_BUF };
	output->is_a_terminal = isatty(STDOUT_FILENO);
	if (fstat(STDOUT_FILENO, &is) < 0)
		return;
	if (S_ISFIFO(is.st_mode)) {
		open_pipe(output);
	} else if (S_ISREG(is.st_mode)) {
		output->waits = 0;
		output->most = SSIZE_MAX;
	}
}

/* Returns the number of octets written, or -1. EAGAIN: wait until the descriptor is ready. */
ssize_t
output_write(struct output *output, const void *octets, size_t n)
{
	ssize_t r = write(output->descriptor, octets, n < output->most ? n : output->most);

	if (r < 0 && errno == EINTR)
		errno = EAGAIN;
	return r;
}

void
output_close(struct output *output)
{
	if (output->is_own)
		close(output->descriptor);
}

#include "compat.h"
#include "trace_set.h"

#include <unistd.h>

#include "error.h"
#include "sys.h"
#include "trace.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

static int
is_for_writing(int fd)
{
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

/* A descriptor by its number; -1: the value is none. */
static int
number_of(const char *value)
{
	size_t length;

	if (strcmp(value, "/dev/stderr") == 0) /* maybe a link, which is not followed */
		return STDERR_FILENO;
	if (strcmp(value, "/dev/stdout") == 0)
		return STDOUT_FILENO;
	value += *value == '&';
	length = strspn(value, "0123456789");
	return length > 0 && length < 6 && value[length] == '\0' ? (int)strtol(value, NULL, 10)
								 : -1;
}

/* Opens a file that no other program's is, and that is none of the three which programs expect. */
static int
open_file(const char *path)
{
	int fd = open(path,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	int moved;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	fsock__sys_close(fd);
	return moved;
}

static void
read_environment(void)
{
	const char *value = fsock__getenv("FSOCK_TRACE");
	int fd;

	if (value == NULL || value[0] == '\0')
		return;
	fd = number_of(value);
	if (fd >= 0 ? !is_for_writing(fd) : (fd = open_file(value)) < 0)
		return;
	fsock__trace_select(NULL, NULL, fd, 1);
	fsock__trace_tell(
	    0, FSOCK_TRACE_OPEN, FSOCK__TRACE_NONE, "trace of process %ld begins", (long)getpid());
}

void
fsock__trace_prepare(void)
{
	int saved = errno;

	pthread_once(&once, read_environment);
	errno = saved;
}

/* see fsock/trace.h */
void
fsock_set_trace(fsock_tracer *function, void *arg)
{
	fsock__trace_prepare();
	fsock__trace_select(function, arg, -1, 0);
}

/* see fsock/trace.h */
int
fsock_set_trace_descriptor(int descriptor)
{
	int saved = errno;

	fsock__trace_prepare();
	if (descriptor != -1 && !is_for_writing(descriptor))
		return fsock__error_set("trace", NULL, FSOCK__NO_PORT, EBADF);
	fsock__trace_select(NULL, NULL, descriptor, 0);
	errno = saved;
	return 0;
}

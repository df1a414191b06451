/*
 * Handles for what is waited for beside sockets: descriptors that are not the library's, and
 * timers. They have no streams and transfer nothing.
 *
 * A descriptor is watched by a duplicate of its own. The program, or another library, may close its
 * descriptor at any time, and the system may give the number away again: what is watched remains
 * what it was. (With the number itself, epoll would forget the descriptor or go on reporting it,
 * and the next to be removed from a list would take the new owner's registration with it.) Nor does
 * it matter how many handles, of which lists, watch the same descriptor.
 */
#include "../base/compat.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <fsock/wait.h>

#include "../base/error.h"
#include "../base/sys.h"
#include "../sock/handle.h"
#include "../sock/socket.h"

/* Nothing else of it is called: see fsock__handle_check(). */
static const struct fsock__transport_ops foreign_transport = { .close =
								   fsock__socket_close_foreign };

/* Makes a handle without a descriptor. Returns NULL with the error recorded. */
static struct fsock *
make(const char *operation)
{
	struct fsock__settings settings;
	struct fsock *s;

	if (fsock__settings_make(&settings, NULL, operation, NULL, 0) < 0)
		return NULL;
	s = fsock__socket_new(
	    -1, FSOCK__FOREIGN, AF_UNSPEC, &settings, NULL, FSOCK__NO_PORT, &foreign_transport);
	if (s == NULL)
		return NULL;
	s->fd = FSOCK__NO_FD;
	s->foreign = -1;
	return s;
}

/*
 * Whether reading and writing never wait, as far as poll(2) is concerned. Not every backend takes
 * these. They are not duplicated: closing any descriptor of a file gives up the process's locks on
 * it.
 */
static int
is_always_ready(const struct stat *st)
{
	return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) || S_ISBLK(st->st_mode);
}

/* Whether the descriptor can be polled: one that only names a file (O_PATH) is as good as none. */
static int
can_be_polled(int fd)
{
	struct pollfd p = { .fd = fd };

	return fd >= 0 && fsock__sys_poll(&p, 1, 0) >= 0 && !(p.revents & POLLNVAL);
}

/* Has the handle watch a descriptor. Returns 0 or an errno. */
static int
watch(struct fsock *s, int descriptor)
{
	struct stat st;
	int fd;

	if (!can_be_polled(descriptor) || fstat(descriptor, &st) < 0)
		return EBADF;
	s->foreign = descriptor;
	s->is_always_ready = is_always_ready(&st);
	if (s->is_always_ready)
		return 0;
	fd = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (fd < 0)
		return errno;
	s->fd = fd;
	return 0;
}

/* see fsock/wait.h */
fsock *
fsock_watch(int descriptor)
{
	int error, saved = errno;
	fsock *s = make("watch");

	if (s == NULL)
		return NULL;
	error = watch(s, descriptor);
	if (error != 0) {
		fsock__socket_unref(s);
		fsock__error_set("watch", NULL, FSOCK__NO_PORT, error);
		return NULL;
	}
	errno = saved;
	return s;
}

/* see fsock/wait.h */
fsock *
fsock_timer(void)
{
	int saved = errno;
	fsock *s = make("timer");

	if (s != NULL)
		errno = saved;
	return s;
}

#include "../base/compat.h"
#include "unix_file.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/sys.h"

/* How long others may hold the lock that they need for a few system calls, and when to look. */
#define PATIENCE INT64_C(1000000000)
#define PAUSE    INT64_C(1000000)

/*
 * What must stay true:
 *  1. The owner unlinks its file while its socket is bound: nobody replaces the file until then,
 *     and its inode's numbers are not another's.
 *  2. Only who holds the lock of the directory, by flock(2), unlinks a file that it did not make:
 *     one that no socket is bound to, and which is still there after that was seen, so that its
 *     owner, who is gone, does not unlink it. The lock keeps others from doing the same.
 */
struct fsock__unix_file {
	pid_t owner;
	dev_t device;
	ino_t inode;
	char path[];
};

int
fsock__unix_file_is_path(const struct fsock_addr *addr)
{
	return fsock_addr_family(addr) == AF_UNIX && addr->as.un.sun_path[0] != '\0';
}

/*
 * Whether no socket is bound to the address. A datagram socket cannot be connected to one of
 * another type: the answer is EPROTOTYPE even if that one does not listen yet, and no listener is
 * bothered.
 */
static int
is_stale(const struct fsock_addr *addr)
{
	int fd = fsock__sys_socket(AF_UNIX, SOCK_DGRAM, 0), stale;

	if (fd < 0)
		return 0;
	fsock__sys_set_nonblocking(fd, 1);
	stale = connect(fd, &addr->as.any, addr->length) < 0 && errno == ECONNREFUSED;
	fsock__sys_close(fd);
	return stale;
}

/* Whether the path is this very socket file. */
static int
is_same(const char *path, dev_t device, ino_t inode)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == inode &&
	       st.st_dev == device;
}

/* Opens the directory that the path is in: a descriptor, or -1. */
static int
open_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
	char directory[sizeof((struct fsock_addr *)NULL)->as + 2] = ".";

	if (length > 0) {
		memcpy(directory, path, length);
		directory[length] = '\0';
	}
	return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Locks the directory that the path is in, by a descriptor to be unlocked. Returns it, or -1. */
static int
lock_directory(const char *path)
{
	int64_t deadline = fsock__clock_after(PATIENCE);
	int fd = open_directory(path);

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK && fsock__clock_left(deadline) > 0) {
			fsock__sys_poll(NULL, 0, fsock__clock_after(PAUSE));
			continue;
		}
		fsock__sys_close(fd);
		fd = -1;
	}
	return fd;
}

/* A child of fork() may have a copy of the descriptor: closing this one would not do. */
static void
unlock_directory(int fd)
{
	flock(fd, LOCK_UN);
	fsock__sys_close(fd);
}

static int
bind_to(int fd, const struct fsock_addr *addr)
{
	return bind(fd, &addr->as.any, addr->length);
}

/*
 * Binds in the place of a socket that is gone. Needs the directory's lock. Meanwhile the owner may
 * unlink its file, and another be made. So the file is held open, for a new one not to get the same
 * inode. And whether it is stale is asked after another bind(), which waits for one that has made
 * the file, but has not bound its socket to it yet. Returns 0 or -1.
 */
static int
replace(int fd, const struct fsock_addr *addr)
{
	const char *path = addr->as.un.sun_path;
	int held = fsock__open_path(path), r, error;
	struct stat st;
	int is_socket =
	    (held < 0 ? lstat(path, &st) : fstat(held, &st)) == 0 && S_ISSOCK(st.st_mode);

	r = bind_to(fd, addr);
	if (r < 0) {
		if (is_socket && is_stale(addr) && is_same(path, st.st_dev, st.st_ino))
			unlink(path);
		r = bind_to(fd, addr);
	}
	error = errno;
	if (held >= 0)
		fsock__sys_close(held);
	errno = error;
	return r;
}

static int
bind_or_replace(int fd, const struct fsock_addr *addr)
{
	int directory, r = bind_to(fd, addr), error;

	if (r == 0 || errno != EADDRINUSE)
		return r;
	directory = lock_directory(addr->as.un.sun_path);
	if (directory >= 0) {
		r = replace(fd, addr);
		error = errno;
		unlock_directory(directory);
		errno = error;
	} else {
		errno = EADDRINUSE; /* it cannot be replaced */
	}
	return r;
}

/*
 * Sets the permissions of the file, but not of one that a link in its place points to. That was
 * left out of glibc before 2.32, and needs /proc. Returns 0 or -1.
 */
static int
set_mode(const struct fsock__unix_file *file, unsigned mode)
{
	int fd, r = fchmodat(AT_FDCWD, file->path, mode, AT_SYMLINK_NOFOLLOW);
	char name[sizeof "/proc/self/fd/" + 3 * sizeof fd];
	struct stat st;

	if (r == 0 || errno != EOPNOTSUPP)
		return r;
	fd = fsock__open_path(file->path);
	if (fd < 0)
		return -1;
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	errno = ENOENT;
	if (fstat(fd, &st) == 0 && st.st_dev == file->device && st.st_ino == file->inode)
		r = chmod(name, mode);
	fsock__sys_close(fd);
	return r;
}

/*
 * Takes note of which file it is, and gives it what it lacks of the mode. A name that is another
 * file's by now is left alone. Returns 0 or -1.
 */
static int
note(struct fsock__unix_file *file, unsigned mode)
{
	struct stat st;

	if (lstat(file->path, &st) < 0)
		return 0;
	file->owner = getpid();
	file->device = st.st_dev;
	file->inode = st.st_ino;
	if (mode == 0 || !S_ISSOCK(st.st_mode) || (st.st_mode & 0777) == mode)
		return 0;
	return set_mode(file, mode);
}

struct fsock__unix_file *
fsock__unix_file_bind(int fd, const struct fsock_addr *addr, unsigned mode)
{
	const char *path = addr->as.un.sun_path;
	size_t length = strnlen(path, sizeof addr->as.un.sun_path);
	struct fsock__unix_file *file = calloc(1, sizeof *file + length + 1);
	int cancel, r, saved = errno;

	if (file == NULL)
		return NULL;
	memcpy(file->path, path, length);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (mode != 0) /* on Linux the file is made with no more than this */
		fchmod(fd, mode);
	r = bind_or_replace(fd, addr);
	if (r == 0 && note(file, mode) < 0) {
		int error = errno;

		fsock__unix_file_remove(file);
		file = NULL;
		errno = error;
	} else if (r < 0) {
		free(file);
		file = NULL;
	}
	pthread_setcancelstate(cancel, NULL);
	if (file == NULL)
		return NULL;
	errno = saved;
	return file;
}

void
fsock__unix_file_remove(struct fsock__unix_file *file)
{
	if (file == NULL)
		return;
	if (file->owner == getpid() && is_same(file->path, file->device, file->inode))
		unlink(file->path);
	free(file);
}

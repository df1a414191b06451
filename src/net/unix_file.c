#include "../base/compat.h"
#include "unix_file.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <unistd.h>

#include "../base/sys.h"

struct fsock__unix_file {
	pid_t owner; /* 0 until it is bound */
	dev_t device;
	ino_t inode;
	char path[];
};

int
fsock__unix_file_is_path(const struct fsock_addr *addr)
{
	return fsock_addr_family(addr) == AF_UNIX && addr->as.un.sun_path[0] != '\0';
}

/* Whether a socket of the type is bound to the address: 1, 0, or -1 if that cannot be told. */
static int
is_alive(const struct fsock_addr *addr, int type)
{
	int fd = fsock__sys_socket(AF_UNIX, type, 0);
	int alive = -1;

	if (fd < 0)
		return -1;
	fsock__sys_set_nonblocking(fd, 1);
	if (connect(fd, &addr->as.any, addr->length) == 0)
		alive = 1;
	else if (errno == ECONNREFUSED)
		alive = 0;
	fsock__sys_close(fd);
	return alive;
}

/* Whether the path is a socket file, and this very one. */
static int
is_same(const char *path, dev_t device, ino_t inode)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == inode &&
	       st.st_dev == device;
}

int
fsock__unix_file_remove_stale(const struct fsock_addr *addr, int type)
{
	const char *path = addr->as.un.sun_path;
	struct stat st;
	int saved = errno, removed;

	/* Looked at twice: a file put there by another process meanwhile is alive. */
	removed = fsock__unix_file_is_path(addr) && lstat(path, &st) == 0 &&
		  is_alive(addr, type) == 0 && is_same(path, st.st_dev, st.st_ino) &&
		  unlink(path) == 0;
	errno = saved;
	return removed;
}

struct fsock__unix_file *
fsock__unix_file_new(const struct fsock_addr *addr)
{
	const char *path = addr->as.un.sun_path;
	size_t length = strnlen(path, sizeof addr->as.un.sun_path);
	struct fsock__unix_file *file = calloc(1, sizeof *file + length + 1);

	if (file != NULL)
		memcpy(file->path, path, length);
	return file;
}

void
fsock__unix_file_bound(struct fsock__unix_file *file)
{
	struct stat st;
	int saved = errno;

	if (lstat(file->path, &st) == 0) {
		file->owner = getpid();
		file->device = st.st_dev;
		file->inode = st.st_ino;
	}
	errno = saved;
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

/* For `make coverage`: what a child that ends by _exit() has run counts, too. */
#include <sys/types.h>

#include <stddef.h>
#include <unistd.h>

void __gcov_dump(void);
void __real__exit(int status);
void __wrap__exit(int status);

void
__wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

/*
 * gcov's own calls of the system, in programs that have put something in front of fcntl64() and
 * mmap64(): glibc has each by two names.
 */
#define WEAK __attribute__((weak))

WEAK int __real_fcntl(int fd, int command, void *argument);
WEAK int __wrap_fcntl(int fd, int command, void *argument);
WEAK void *__real_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
WEAK void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);

int
__wrap_fcntl(int fd, int command, void *argument)
{
	return __real_fcntl(fd, command, argument);
}

void *
__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	return __real_mmap(at, n, protection, flags, fd, offset);
}

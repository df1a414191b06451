#include "../base/compat.h"

#include <stdlib.h>
#include <unistd.h>

#include <fsock/server.h>

#include "../base/error.h"
#include "../sock/handle.h"

#define FIRST 3 /* the descriptor of the first socket passed: SD_LISTEN_FDS_START */

/* A decimal number without sign or blanks. Returns it, or -1. */
static long
parse(const char *text)
{
	long n = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || n > 100000000)
			return -1;
		n = 10 * n + (*text - '0');
	}
	return n;
}

/* How many sockets were passed to this process; -1 if the environment makes no sense. */
static long
count_sockets(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	long n;

	if (pid == NULL || count == NULL)
		return 0;
	n = parse(pid);
	if (n <= 0)
		return -1;
	if (n != (long)getpid())
		return 0; /* meant for another process, whose environment we have inherited */
	n = parse(count);
	return n;
}

/* How many names there are; without any, each socket's is "unknown". */
static long
count_names(const char *names)
{
	long n = 1;

	for (; *names != '\0'; names++)
		n += *names == ':';
	return n;
}

/* Copies the names, cut to what there is room for; NULL stands for as many unknown ones. */
static void
copy_names(const char *from, char (*names)[FSOCK_ACTIVATED_NAME_SIZE], long count)
{
	for (long i = 0; i < count; i++) {
		const char *name = from == NULL ? "unknown" : from;
		size_t n = strcspn(name, ":");

		if (from != NULL)
			from += from[n] == ':' ? n + 1 : n;
		if (n > FSOCK_ACTIVATED_NAME_SIZE - 1)
			n = FSOCK_ACTIVATED_NAME_SIZE - 1;
		memcpy(names[i], name, n);
		names[i][n] = '\0';
	}
}

/* Makes sockets of the descriptors: all, or none. */
static int
adopt_all(fsock *list[], long count, const struct fsock_options *options)
{
	for (long i = 0; i < count; i++) {
		list[i] = fsock_adopt(FIRST + (int)i, options);
		if (list[i] != NULL)
			continue;
		while (i-- > 0)
			fsock_release(list[i], NULL, 0, NULL);
		return -1;
	}
	return 0;
}

/* see fsock/server.h */
int
fsock_activated(fsock *list[], char (*names)[FSOCK_ACTIVATED_NAME_SIZE], size_t room,
    const struct fsock_options *options)
{
	const char *given = getenv("LISTEN_FDNAMES");
	long count = count_sockets();
	int saved = errno;

	if (count < 0 || (count > 0 && given != NULL && count_names(given) != count) ||
	    (list == NULL && room > 0))
		return fsock__error_set("activate", NULL, FSOCK__NO_PORT, EINVAL);
	if (count == 0 || (size_t)count > room)
		return (int)count;
	if (adopt_all(list, count, options) < 0)
		return -1;
	if (names != NULL)
		copy_names(given, names, count);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	errno = saved;
	return (int)count;
}

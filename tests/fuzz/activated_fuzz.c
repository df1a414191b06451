/*
 * The variables by which a supervisor passes sockets. Whatever they say, fsock_activated() takes
 * all of the sockets and clears the variables, or takes none and leaves the descriptors and the
 * environment as they were.
 *
 * Input: lines, which are LISTEN_PID ('@' is this process), LISTEN_FDS, LISTEN_FDNAMES (a missing
 * one is not set); at its end two octets: the room, and what the descriptors are.
 */
#include "../../src/base/compat.h"
#include "fuzz.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <fsock.h>

enum { FIRST = 3, PASSED = 3, VARIABLES = 3 };

static const char *const variables[VARIABLES] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" };

/* What the variables hold; NULL: not set. */
static char *values[VARIABLES];

static void
set_variables(char *text)
{
	static char self[32];

	for (int i = 0; i < VARIABLES; i++) {
		values[i] = strsep(&text, "\n");
		if (i == 0 && values[0] != NULL && strcmp(values[0], "@") == 0) {
			snprintf(self, sizeof self, "%ld", (long)getpid());
			values[0] = self;
		}
		if (values[i] != NULL)
			setenv(variables[i], values[i], 1);
		else
			unsetenv(variables[i]);
	}
}

static void
check_variables(int cleared)
{
	for (int i = 0; i < VARIABLES; i++) {
		const char *value = getenv(variables[i]);

		FUZZ_ASSERT(cleared || values[i] == NULL
				? value == NULL
				: value != NULL && !strcmp(value, values[i]));
	}
}

/* ---- The descriptors, in the place of what others have there. */

static int kept[PASSED];

static void
pass(unsigned what)
{
	for (int i = 0; i < PASSED; i++, what /= 4) {
		int fd = -1;

		kept[i] = fcntl(FIRST + i, F_DUPFD_CLOEXEC, 64);
		close(FIRST + i);
		if (what % 4 == 0)
			fd = socket(AF_UNIX, SOCK_STREAM, 0);
		else if (what % 4 == 1)
			fd = socket(AF_UNIX, SOCK_DGRAM, 0);
		else if (what % 4 == 2)
			fd = open("/dev/null", O_RDWR);
		FUZZ_ASSERT(fd < 0 || fd == FIRST + i || dup2(fd, FIRST + i) == FIRST + i);
		if (fd >= 0 && fd != FIRST + i)
			close(fd);
	}
}

static void
restore(void)
{
	for (int i = 0; i < PASSED; i++) {
		close(FIRST + i);
		if (kept[i] >= 0) {
			dup2(kept[i], FIRST + i);
			fcntl(FIRST + i, F_SETFD, FD_CLOEXEC);
			close(kept[i]);
		}
	}
}

/* Whether all n are sockets. */
static int
are_sockets(int n, unsigned what)
{
	for (; n > 0; n--, what /= 4)
		if (what % 4 > 1)
			return 0;
	return 1;
}

/* ---- */

static void
check_taken(fsock *const list[], char (*names)[FSOCK_ACTIVATED_NAME_SIZE], int count)
{
	const char *rest = values[2];

	for (int i = 0; i < count; i++) {
		size_t length = rest == NULL ? 7 : strcspn(rest, ":");

		FUZZ_ASSERT(fsock_socket(list[i]) == FIRST + i);
		size_t most = FSOCK_ACTIVATED_NAME_SIZE - 1, n = length < most ? length : most;

		FUZZ_ASSERT(strlen(names[i]) == n);
		FUZZ_ASSERT(memcmp(names[i], rest == NULL ? "unknown" : rest, n) == 0);
		rest = rest == NULL ? NULL : rest + length + 1;
	}
}

static void
activate(size_t room, unsigned what)
{
	char names[PASSED][FSOCK_ACTIVATED_NAME_SIZE];
	fsock *list[PASSED] = { NULL };
	int n, error, own, is_taken;

	fsock_clear_error();
	errno = EDOM;
	n = fsock_activated(list, names, room, NULL);
	error = errno;
	own = values[0] != NULL && values[1] != NULL && atol(values[0]) == (long)getpid();
	is_taken = n > 0 && (size_t)n <= room;
	FUZZ_ASSERT(error == (n >= 0 ? EDOM : fsock_last_error()->errnum));
	FUZZ_ASSERT(n <= 0 || (own && atol(values[1]) == n));
	FUZZ_ASSERT(!is_taken || are_sockets(n, what));
	check_variables(is_taken);
	if (is_taken)
		check_taken(list, names, n);
	for (int i = 0; i < PASSED; i++)
		FUZZ_ASSERT((fcntl(FIRST + i, F_GETFD) >= 0) == ((what >> 2 * i) % 4 < 3));
	for (int i = 0; is_taken && i < n; i++)
		fsock_close(list[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	unsigned what = fuzz_take(&input, 64), room = fuzz_take(&input, PASSED + 1);
	char text[400];

	if (input.size >= sizeof text)
		return 0;
	memcpy(text, data, input.size);
	text[input.size] = '\0';
	set_variables(text);
	pass(what);
	activate(room, what);
	restore();
	return 0;
}

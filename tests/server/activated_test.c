/* Sockets passed by systemd's protocol: what the environment says, and what is made of it. */
#include "../../src/base/compat.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/server_support.h"

enum { ROOM = 4, FIRST = 3 };

/* What is behind descriptors 3, 4 ...; the environment; and what comes of it. */
static const struct passing {
	const char *kinds; /* l listener, d datagram, c connected, f a file, - nothing */
	const char *pid;   /* "ours" for this process's; NULL: not set */
	const char *fds, *names;
	int result;
	int errnum;
	const char *names_out; /* joined by ':' */
} passings[] = {
	{ "l", "ours", "1", NULL, 1, 0, "unknown" },
	{ "l", "ours", "1", "web", 1, 0, "web" },
	{ "lld", "ours", "3", "web:web:dns", 3, 0, "web:web:dns" },
	{ "lc", "ours", "2", ":x", 2, 0, ":x" },
	{ "llll", "ours", "4", NULL, 4, 0, "unknown:unknown:unknown:unknown" },
	/* Not for us. */
	{ "l", NULL, NULL, NULL, 0, 0, NULL },
	{ "l", NULL, "1", NULL, 0, 0, NULL },
	{ "l", "ours", NULL, NULL, 0, 0, NULL },
	{ "l", "1", "1", "web", 0, 0, NULL },
	{ "l", "ours", "0", NULL, 0, 0, NULL },
	/* More than there is room for: told, and left alone. */
	{ "llll", "ours", "5", NULL, 5, 0, NULL },
	/* No sense. */
	{ "l", "", "1", NULL, -1, EINVAL, NULL },
	{ "l", "x", "1", NULL, -1, EINVAL, NULL },
	{ "l", "0", "1", NULL, -1, EINVAL, NULL },
	{ "l", "-1", "1", NULL, -1, EINVAL, NULL },
	{ "l", "99999999999999999999", "1", NULL, -1, EINVAL, NULL },
	{ "l", "ours", "", NULL, -1, EINVAL, NULL },
	{ "l", "ours", "-1", NULL, -1, EINVAL, NULL },
	{ "l", "ours", "1x", NULL, -1, EINVAL, NULL },
	{ "l", "ours", " 1", NULL, -1, EINVAL, NULL },
	{ "l", "ours", "4294967297", NULL, -1, EINVAL, NULL },
	{ "l", "ours", "1", "web:dns", -1, EINVAL, NULL },
	{ "ll", "ours", "2", "web", -1, EINVAL, NULL },
	/* Not all of them sockets: none is taken. */
	{ "lf", "ours", "2", NULL, -1, ENOTSOCK, NULL },
	{ "l-", "ours", "2", NULL, -1, EBADF, NULL },
};

/* Puts a descriptor of a kind at a number; like those of systemd it is not close-on-exec. */
static void
put(int fd, char kind)
{
	fsock *ends[2];
	int made = -1, high;

	if (kind == 'l')
		made = fsock_release(fsock_listen("127.0.0.1", 0, NULL), NULL, 0, NULL);
	else if (kind == 'd')
		made = socket(AF_INET, SOCK_DGRAM, 0);
	else if (kind == 'f')
		made = open("/dev/null", O_RDWR);
	if (kind == 'c' && fsock_pair(ends, NULL) == 0) {
		made = fsock_release(ends[0], NULL, 0, NULL);
		fsock_close(ends[1]);
	}
	high = made < 0 ? -1 : fcntl(made, F_DUPFD, 40);
	close(made);
	close(fd);
	if (high >= 0) {
		dup2(high, fd);
		close(high);
	}
}

static void
set(const char *name, const char *value)
{
	char pid[24];

	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	if (value == NULL)
		unsetenv(name);
	else
		setenv(name, strcmp(value, "ours") == 0 ? pid : value, 1);
}

/* What was adopted, against the row. */
static int
check_sockets(const struct passing *row, fsock *list[], char names[][FSOCK_ACTIVATED_NAME_SIZE])
{
	char joined[ROOM * FSOCK_ACTIVATED_NAME_SIZE] = "";

	for (int i = 0; i < row->result; i++) {
		char kind = row->kinds[i];

		SOCK_EXPECT(fsock_socket(list[i]) == FIRST + i);
		SOCK_EXPECT(fcntl(FIRST + i, F_GETFD) == FD_CLOEXEC);
		SOCK_EXPECT(fsock_is_listener(list[i]) == (kind == 'l'));
		SOCK_EXPECT(fsock_is_datagram(list[i]) == (kind == 'd'));
		SOCK_EXPECT(fsock_is_stream(list[i]) == (kind == 'c'));
		snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s",
		    i > 0 ? ":" : "", names[i]);
		SOCK_EXPECT(fsock_close(list[i]) == 0);
	}
	SOCK_EXPECT(strcmp(joined, row->names_out) == 0);
	SOCK_EXPECT(getenv("LISTEN_PID") == NULL && getenv("LISTEN_FDS") == NULL);
	SOCK_EXPECT(getenv("LISTEN_FDNAMES") == NULL);
	SOCK_EXPECT(fsock_activated(list, names, ROOM, NULL) == 0);
	return 0;
}

static int
pass(void *arg)
{
	const struct passing *row = arg;
	char names[ROOM][FSOCK_ACTIVATED_NAME_SIZE];
	fsock *list[ROOM];
	int result;

	for (int i = 0; row->kinds[i] != '\0'; i++)
		put(FIRST + i, row->kinds[i]);
	set("LISTEN_PID", row->pid);
	set("LISTEN_FDS", row->fds);
	set("LISTEN_FDNAMES", row->names);
	errno = EDOM;
	result = fsock_activated(list, names, ROOM, NULL);
	SOCK_EXPECT(errno == (row->errnum != 0 ? row->errnum : EDOM));
	SOCK_EXPECT(result == row->result);
	if (row->names_out != NULL)
		return check_sockets(row, list, names);
	SOCK_EXPECT(row->pid == NULL || getenv("LISTEN_PID") != NULL);
	SOCK_EXPECT(row->fds == NULL || getenv("LISTEN_FDS") != NULL);
	SOCK_EXPECT(fcntl(FIRST, F_GETFD) >= 0);
	return 0;
}

START_TEST(passed)
{
	struct passing row = passings[_i];

	ck_assert_int_eq(sock_child(pass, &row), 0);
}
END_TEST

/* A name longer than any that systemd gives is cut; names need not be asked for. */
static int
pass_long_name(void *arg)
{
	char name[600], names[1][FSOCK_ACTIVATED_NAME_SIZE];
	fsock *list[1];

	(void)arg;
	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	put(FIRST, 'l');
	set("LISTEN_PID", "ours");
	set("LISTEN_FDS", "1");
	set("LISTEN_FDNAMES", name);
	SOCK_EXPECT(fsock_activated(NULL, NULL, 0, NULL) == 1);
	SOCK_EXPECT(fsock_activated(NULL, NULL, 1, NULL) == -1 && errno == EINVAL);
	SOCK_EXPECT(fsock_activated(list, names, 1, NULL) == 1);
	SOCK_EXPECT(strlen(names[0]) == FSOCK_ACTIVATED_NAME_SIZE - 1);
	SOCK_EXPECT(fsock_close(list[0]) == 0);
	put(FIRST, 'l');
	set("LISTEN_PID", "ours");
	set("LISTEN_FDS", "1");
	SOCK_EXPECT(fsock_activated(list, NULL, 1, NULL) == 1);
	SOCK_EXPECT(fsock_close(list[0]) == 0);
	return 0;
}

START_TEST(long_name)
{
	ck_assert_int_eq(sock_child(pass_long_name, NULL), 0);
}
END_TEST

/*
 * The listener is shared with whoever passed it: after a server on it has ended, it still listens,
 * and blocks or not as before.
 */
static int
serve_shared(void *arg)
{
	int blocking = *(int *)arg, kept, port;
	struct fsock_server_options options = { .socket_count = 1 };
	fsock_server *server;
	fsock *list[1], *s;
	char line[32];

	put(FIRST, 'l');
	kept = dup(FIRST);
	fcntl(kept, F_SETFL, blocking ? 0 : O_NONBLOCK);
	set("LISTEN_PID", "ours");
	set("LISTEN_FDS", "1");
	SOCK_EXPECT(fsock_activated(list, NULL, 1, NULL) == 1);
	options.sockets = list;
	server = fsock_server_start(NULL, 0, fsock_default_tcp_handler, NULL, &options);
	SOCK_EXPECT(server != NULL);
	port = fsock_local_port(fsock_server_socket(server));
	s = fsock_connect("127.0.0.1", port, NULL);
	SOCK_EXPECT(s != NULL && fgets(line, sizeof line, fsock_stream(s)) != NULL);
	fsock_close(s);
	SOCK_EXPECT(fsock_server_stop(server, 10) == 0);
	SOCK_EXPECT(((fcntl(kept, F_GETFL) & O_NONBLOCK) == 0) == blocking);
	s = fsock_connect("127.0.0.1", port, NULL);
	SOCK_EXPECT(s != NULL);
	fcntl(kept, F_SETFL, 0);
	SOCK_EXPECT(accept(kept, NULL, NULL) >= 0);
	fsock_close(s);
	return 0;
}

START_TEST(shared)
{
	ck_assert_int_eq(sock_child(serve_shared, &_i), 0);
}
END_TEST

static Suite *
activated_suite(void)
{
	Suite *suite = suite_create("activated");
	TCase *tcase = tcase_create("activated");

	tcase_add_loop_test(tcase, passed, 0, COUNT(passings));
	tcase_add_test(tcase, long_name);
	tcase_add_loop_test(tcase, shared, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	return sock_run(activated_suite());
}

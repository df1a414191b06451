/*
 * The files of Unix-domain listeners: replaced when stale, gone when their listener is, else left.
 */
#include "../../src/base/compat.h"

#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <unistd.h>

#include "../support/sock_support.h"

/* Binds a bare socket to the path. Returns its descriptor. */
static int
bind_bare(const char *path, int type)
{
	struct fsock_addr addr;
	int fd = socket(AF_UNIX, type, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fsock_addr_from_text(&addr, path, 0), 0);
	ck_assert_int_eq(bind(fd, &addr.as.any, addr.length), 0);
	return fd;
}

static int
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static ino_t
inode(const char *path)
{
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	return st.st_ino;
}

/* Whether a listener can be talked to at the path. */
static void
check_alive(fsock *listener, const char *path)
{
	fsock *s = fsock_connect(path, 0, NULL);
	fsock *served = fsock_accept(listener, &(struct fsock_options){ .timeout = 20 });

	ck_assert_msg(s != NULL && served != NULL, "%s", fsock_last_error()->text);
	fsock_close(s);
	fsock_close(served);
}

/*
 * What lies where somebody wants to listen. Each makes it and returns a descriptor to close, or -1.
 */
static int
lay_nothing(const char *path)
{
	(void)path;
	return -1;
}

static int
lay_stale(const char *path)
{
	close(bind_bare(path, SOCK_STREAM));
	return -1;
}

static int
lay_dead_listener(const char *path)
{
	int fd = bind_bare(path, SOCK_STREAM);

	ck_assert_int_eq(listen(fd, 1), 0);
	close(fd);
	return -1;
}

static int
lay_live(const char *path)
{
	int fd = bind_bare(path, SOCK_STREAM);

	ck_assert_int_eq(listen(fd, 5), 0);
	return fd;
}

static int full[SOCK_FULL];

static int
lay_full(const char *path)
{
	sock_full(path, 0, full);
	return -1;
}

static int
lay_datagram(const char *path)
{
	return bind_bare(path, SOCK_DGRAM);
}

static int
lay_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_eq(write(fd, "precious", 8), 8);
	return fd;
}

static int
lay_directory(const char *path)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	return -1;
}

static int
lay_dangling_link(const char *path)
{
	ck_assert_int_eq(symlink("nowhere", path), 0);
	return -1;
}

static int
lay_link_to_stale(const char *path)
{
	close(bind_bare(sock_path("target"), SOCK_STREAM));
	ck_assert_int_eq(symlink("target", path), 0);
	return -1;
}

static int
lay_fifo(const char *path)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	return -1;
}

static const struct lie {
	int (*lay)(const char *);
	int replaced;
} lies[] = {
	{ lay_nothing, 1 },
	{ lay_stale, 1 },
	{ lay_dead_listener, 1 },
	{ lay_live, 0 },
	{ lay_full, 0 },
	{ lay_datagram, 0 },
	{ lay_file, 0 },
	{ lay_directory, 0 },
	{ lay_dangling_link, 0 },
	{ lay_link_to_stale, 0 },
	{ lay_fifo, 0 },
};

START_TEST(where_something_lies)
{
	const struct lie *row = &lies[_i];
	const char *path = sock_path("s");
	int fds, left;
	struct stat before = { 0 }, after = { 0 };
	fsock *listener;

	memset(full, -1, sizeof full);
	left = row->lay(path);
	fds = sock_open_fds();
	lstat(path, &before);
	errno = EDOM;
	listener = fsock_listen(path, 0, NULL);
	if (row->replaced) {
		ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
		ck_assert_int_eq(errno, EDOM);
		check_alive(listener, path);
		ck_assert_int_eq(fsock_close(listener), 0);
		ck_assert_int_eq(exists(path), 0);
	} else {
		ck_assert_ptr_null(listener);
		sock_assert_failed(FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE, "listen on %s: %s", path,
		    strerror(EADDRINUSE));
		ck_assert_int_eq(lstat(path, &after), 0);
		ck_assert_int_eq(after.st_ino, before.st_ino);
		ck_assert_int_eq(after.st_size, before.st_size);
		ck_assert_int_eq(after.st_mode, before.st_mode);
	}
	ck_assert_int_eq(sock_open_fds(), fds);
	if (left >= 0)
		close(left);
	sock_full_free(full);
	rmdir(path);
}
END_TEST

/* The longest path there can be, and one octet more. */
START_TEST(longest_path)
{
	char path[sizeof(struct sockaddr_un)];
	size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
	size_t n = (size_t)snprintf(path, sizeof path, "%s", sock_path(""));
	fsock *listener;

	memset(path + n, 'x', most - n);
	path[most] = '\0';
	close(bind_bare(path, SOCK_STREAM));
	listener = fsock_listen(path, 0, NULL);
	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	check_alive(listener, path);
	ck_assert_int_eq(fsock_close(listener), 0);
	ck_assert_int_eq(exists(path), 0);
}
END_TEST

static int
end_by_abort(fsock *listener)
{
	return fsock_abort(listener);
}

static int
end_by_disown(fsock *listener)
{
	fsock_disown(listener);
	return 0;
}

static int (*const ends[])(fsock *) = { fsock_close, end_by_abort, end_by_disown };

START_TEST(gone_with_its_listener)
{
	const char *path = sock_path("s");
	fsock *listener = fsock_listen(path, 0, NULL);

	ck_assert_int_eq(exists(path), 1);
	ck_assert_int_eq(fsock_shutdown(listener, FSOCK_IO), 0);
	ck_assert_int_eq(exists(path), 1);
	ck_assert_int_eq(ends[_i](listener), 0);
	ck_assert_int_eq(exists(path), 0);
}
END_TEST

static int
close_in_child(void *listener)
{
	SOCK_EXPECT(fsock_close(listener) == 0);
	return 0;
}

START_TEST(left_by_a_child)
{
	const char *path = sock_path("s");
	fsock *listener = fsock_listen(path, 0, NULL);

	ck_assert_int_eq(sock_child(close_in_child, listener), 0);
	ck_assert_int_eq(exists(path), 1);
	check_alive(listener, path);
	ck_assert_int_eq(fsock_close(listener), 0);
	ck_assert_int_eq(exists(path), 0);
}
END_TEST

/* What took the place of the file while the listener was open is not its own. */
static const struct lie successors[] = {
	{ lay_live, 0 },
	{ lay_stale, 0 },
	{ lay_file, 0 },
	{ lay_dangling_link, 0 },
};

START_TEST(left_when_replaced)
{
	const char *path = sock_path("s"), *aside = sock_path("aside");
	fsock *listener = fsock_listen(path, 0, NULL);
	ino_t before;
	int fd;

	ck_assert_int_eq(rename(path, aside), 0);
	fd = successors[_i].lay(path);
	before = inode(path);
	ck_assert_int_eq(fsock_close(listener), 0);
	ck_assert_int_eq(inode(path), before);
	if (fd >= 0)
		close(fd);
}
END_TEST

START_TEST(gone_already)
{
	const char *path = sock_path("s");
	fsock *listener = fsock_listen(path, 0, NULL);

	ck_assert_int_eq(unlink(path), 0);
	errno = EDOM;
	ck_assert_int_eq(fsock_close(listener), 0);
	ck_assert_int_eq(errno, EDOM);
}
END_TEST

/* A descriptor handed over keeps its file: whoever has it now still listens. */
START_TEST(left_when_released)
{
	const char *path = sock_path("s");
	fsock *listener = fsock_listen(path, 0, NULL);
	int fd = fsock_release(listener, NULL, 0, NULL);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(exists(path), 1);
	listener = fsock_adopt(fd, NULL);
	ck_assert_int_eq(fsock_is_listener(listener), 1);
	check_alive(listener, path);
	ck_assert_int_eq(fsock_close(listener), 0);
	ck_assert_int_eq(exists(path), 1);
}
END_TEST

START_TEST(abstract_name)
{
	const char *name = sock_place("abstract");
	fsock *listener = fsock_listen(name, 0, NULL);

	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(exists(name), 0);
	check_alive(listener, name);
	ck_assert_int_eq(fsock_close(listener), 0);
	ck_assert_ptr_null(fsock_connect(name, 0, NULL));
	sock_assert_error(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("unix_file");
	TCase *tcase = tcase_create("unix_file");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, where_something_lies, 0, COUNT(lies));
	tcase_add_test(tcase, longest_path);
	tcase_add_loop_test(tcase, gone_with_its_listener, 0, COUNT(ends));
	tcase_add_test(tcase, left_by_a_child);
	tcase_add_loop_test(tcase, left_when_replaced, 0, COUNT(successors));
	tcase_add_test(tcase, gone_already);
	tcase_add_test(tcase, left_when_released);
	tcase_add_test(tcase, abstract_name);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

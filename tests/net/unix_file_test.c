/*
 * The files of Unix-domain sockets: replaced when stale, gone when their owner is, else left.
 */
#include "../../src/base/compat.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/sys.h"
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

static int
lay_stale_datagram(const char *path)
{
	close(bind_bare(path, SOCK_DGRAM));
	return -1;
}

/* It does not listen yet. */
static int
lay_bound(const char *path)
{
	return bind_bare(path, SOCK_STREAM);
}

static int
lay_records(const char *path)
{
	return bind_bare(path, SOCK_SEQPACKET);
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
	{ lay_stale_datagram, 1 },
	{ lay_live, 0 },
	{ lay_bound, 0 },
	{ lay_records, 0 },
	{ lay_full, 0 },
	{ lay_datagram, 0 },
	{ lay_file, 0 },
	{ lay_directory, 0 },
	{ lay_dangling_link, 0 },
	{ lay_link_to_stale, 0 },
	{ lay_fifo, 0 },
};

/* What may be made at the path. */
static const struct kind {
	const char *operation;
	int is_listener;
} kinds[] = { { "listen on", 1 }, { "bind to", 0 } };

static fsock *
make(const struct kind *kind, const char *path)
{
	return kind->is_listener
		   ? fsock_listen(path, 0, NULL)
		   : fsock_datagram(NULL, 0, &(struct fsock_options){ .local_host = path });
}

static void
check_made(fsock *s, const struct kind *kind, const char *path)
{
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
	if (kind->is_listener)
		check_alive(s, path);
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_int_eq(exists(path), 0);
}

static void
check_left(fsock *s, const struct kind *kind, const char *path, const struct stat *before)
{
	struct stat after = { 0 };

	ck_assert_ptr_null(s);
	sock_assert_failed(FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE, "%s %s: %s", kind->operation,
	    path, strerror(EADDRINUSE));
	ck_assert_int_eq(lstat(path, &after), 0);
	ck_assert_int_eq(after.st_ino, before->st_ino);
	ck_assert_int_eq(after.st_size, before->st_size);
	ck_assert_int_eq(after.st_mode, before->st_mode);
}

START_TEST(where_something_lies)
{
	const struct lie *row = &lies[_i / COUNT(kinds)];
	const struct kind *kind = &kinds[_i % COUNT(kinds)];
	const char *path = sock_path("s");
	struct stat before = { 0 };
	int fds, left;
	fsock *s;

	memset(full, -1, sizeof full);
	left = row->lay(path);
	fds = sock_open_fds();
	lstat(path, &before);
	errno = EDOM;
	s = make(kind, path);
	if (row->replaced)
		check_made(s, kind, path);
	else
		check_left(s, kind, path, &before);
	ck_assert_int_eq(sock_open_fds(), fds);
	if (left >= 0)
		close(left);
	sock_full_free(full);
	rmdir(path);
}
END_TEST

/* A listener is not bothered by who would take its place: nobody connects. */
START_TEST(live_is_left_alone)
{
	const char *path = sock_path("s");
	int fd = lay_live(path);

	ck_assert_ptr_null(make(&kinds[_i], path));
	ck_assert_int_eq(fsock__sys_wait(fd, POLLIN, 0), 0);
	close(fd);
}
END_TEST

/* Whoever else locks the directory keeps nobody from a path that is free, nor for long. */
START_TEST(directory_is_locked)
{
	const char *path = sock_path("s");
	int directory = open(sock_path(""), O_RDONLY);
	double start = sock_now();
	struct stat before;
	fsock *s;

	ck_assert_int_eq(flock(directory, LOCK_EX), 0);
	errno = EDOM;
	check_made(make(&kinds[_i], path), &kinds[_i], path);
	ck_assert_double_le(sock_now() - start, 1);
	lay_stale(path);
	ck_assert_int_eq(lstat(path, &before), 0);
	start = sock_now();
	s = make(&kinds[_i], path);
	check_left(s, &kinds[_i], path, &before);
	sock_assert_took(start, 1);
	ck_assert_int_eq(flock(directory, LOCK_UN), 0);
	errno = EDOM;
	check_made(make(&kinds[_i], path), &kinds[_i], path);
	close(directory);
}
END_TEST

/* Without a slash it could not be told from a host. */
START_TEST(below_the_current_directory)
{
	ck_assert_int_eq(chdir(sock_path("")), 0);
	lay_stale("./s");
	errno = EDOM;
	check_made(make(&kinds[_i], "./s"), &kinds[_i], "./s");
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

/* Threads that want the same path at once. Processes differ in nothing that counts here. */
enum { RIVALS = 4, ROUNDS = 150 };

static struct rivalry {
	char path[sizeof(struct sockaddr_un)];
	struct sock_barrier barrier;
	atomic_int owners, wrong;
	atomic_int reigns; /* how often somebody has owned it */
} rivalry;

struct rival {
	struct sock_thread thread;
	fsock *s;
	int error;
};

static void
rival_once(void *arg)
{
	struct rival *r = arg;

	for (int i = 0; i < ROUNDS; i++) {
		sock_barrier_wait(&rivalry.barrier);
		r->s = fsock_listen(rivalry.path, 0, NULL);
		r->error = r->s == NULL ? errno : 0;
		sock_barrier_wait(&rivalry.barrier);
	}
}

static void
start_rivals(struct rival rivals[RIVALS], void (*fn)(void *))
{
	memset(&rivalry, 0, sizeof rivalry);
	snprintf(rivalry.path, sizeof rivalry.path, "%s", sock_path("s"));
	sock_barrier_init(&rivalry.barrier, RIVALS + 1);
	for (int i = 0; i < RIVALS; i++)
		sock_thread_start(&rivals[i].thread, fn, &rivals[i]);
}

static void
join_rivals(struct rival rivals[RIVALS])
{
	for (int i = 0; i < RIVALS; i++)
		sock_thread_join(&rivals[i].thread);
	sock_barrier_destroy(&rivalry.barrier);
}

/* All start on a stale path: one of them has it then, and can be reached. */
START_TEST(one_owner)
{
	struct rival rivals[RIVALS];
	fsock *owner;

	start_rivals(rivals, rival_once);
	for (int i = 0; i < ROUNDS; i++) {
		lay_dead_listener(rivalry.path);
		sock_barrier_wait(&rivalry.barrier);
		sock_barrier_wait(&rivalry.barrier);
		owner = NULL;
		for (int k = 0; k < RIVALS; k++) {
			ck_assert_int_eq(rivals[k].error, rivals[k].s == NULL ? EADDRINUSE : 0);
			ck_assert_msg(owner == NULL || rivals[k].s == NULL, "two owners");
			if (rivals[k].s != NULL)
				owner = rivals[k].s;
		}
		ck_assert_msg(owner != NULL, "no owner");
		check_alive(owner, rivalry.path);
		ck_assert_int_eq(fsock_close(owner), 0);
		ck_assert_int_eq(exists(rivalry.path), 0);
	}
	join_rivals(rivals);
}
END_TEST

/* Owns the path for a moment, if it can be had, and is reached there. */
static void
reign(void)
{
	fsock *s = fsock_listen(rivalry.path, 0, NULL), *client;

	if (s == NULL) {
		rivalry.wrong += errno != EADDRINUSE;
		return;
	}
	rivalry.wrong += rivalry.owners++ != 0;
	client = fsock_connect(rivalry.path, 0, NULL);
	rivalry.wrong += client == NULL || fsock__sys_wait(fsock_socket(s), POLLIN, 0) != 1;
	fsock_close(client);
	rivalry.owners--;
	rivalry.reigns++;
	fsock_close(s);
}

static void
rival_often(void *arg)
{
	(void)arg;
	sock_barrier_wait(&rivalry.barrier);
	for (int i = 0; i < ROUNDS; i++)
		reign();
}

/* They come and go as they like; the first finds it stale. */
START_TEST(owners_in_turn)
{
	struct rival rivals[RIVALS];

	start_rivals(rivals, rival_often);
	lay_stale(rivalry.path);
	sock_barrier_wait(&rivalry.barrier);
	join_rivals(rivals);
	ck_assert_int_eq(rivalry.wrong, 0);
	ck_assert_int_ge(rivalry.reigns, 1);
	ck_assert_int_eq(exists(rivalry.path), 0);
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

/* ---- The permissions of the file: as asked, whatever the umask is, which stays what it is */

static const struct permissions {
	unsigned mode, mask;
	unsigned is; /* of the file */
} permissions[] = {
	{ 0, 022, 0755 },
	{ 0, 077, 0700 },
	{ 0600, 022, 0600 },
	{ 0660, 022, 0660 },
	{ 0777, 077, 0777 },
	{ 0666, 0, 0666 },
	{ 0600, 0, 0600 },
	{ 0700, 0777, 0700 },
};

START_TEST(permitted)
{
	const struct permissions *row = &permissions[_i / 2];
	const char *path = sock_path("s");
	struct fsock_options options = { .file_mode = row->mode, .local_host = path };
	mode_t before = umask(row->mask);
	struct stat st;
	fsock *s;

	if (_i % 4 >= 2) { /* in the place of a stale one */
		close(bind_bare(path, SOCK_STREAM));
		chmod(path, 0777);
	}
	s = _i % 2 ? fsock_datagram(NULL, 0, &options) : fsock_listen(path, 0, &options);
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	ck_assert_uint_eq(umask(before), row->mask);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, row->is);
	if (_i % 2 == 0)
		check_alive(s, path);
	fsock_close(s);
	ck_assert(!exists(path));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("unix_file");
	TCase *tcase = tcase_create("unix_file");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, where_something_lies, 0, COUNT(lies) * COUNT(kinds));
	tcase_add_loop_test(tcase, live_is_left_alone, 0, COUNT(kinds));
	tcase_add_loop_test(tcase, directory_is_locked, 0, COUNT(kinds));
	tcase_add_loop_test(tcase, below_the_current_directory, 0, COUNT(kinds));
	tcase_add_test(tcase, one_owner);
	tcase_add_test(tcase, owners_in_turn);
	tcase_add_test(tcase, longest_path);
	tcase_add_loop_test(tcase, gone_with_its_listener, 0, COUNT(ends));
	tcase_add_test(tcase, left_by_a_child);
	tcase_add_loop_test(tcase, left_when_replaced, 0, COUNT(successors));
	tcase_add_test(tcase, gone_already);
	tcase_add_test(tcase, left_when_released);
	tcase_add_test(tcase, abstract_name);
	tcase_add_loop_test(tcase, permitted, 0, 2 * COUNT(permissions));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

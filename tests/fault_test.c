/*
 * Faults: a whole life of a connection, in which the first call that the library makes of the system
 * fails, then the second, and so on until none does. Each failure must be a clean error, with nothing
 * left behind. The linker puts __wrap_NAME() in front of NAME() for the library and for this file.
 */
#include "../src/compat.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/sock_support.h"

/* What the calls do that are to fail. */
enum fault {
	NO_MEMORY,   /* the n-th that needs memory fails with ENOMEM */
	NO_BUFFERS,  /* the n-th other one fails with ENOBUFS */
	INTERRUPTED, /* the n-th that may wait fails with EINTR */
	SHORT        /* all transfers move one octet: no n */
};

static struct {
	int armed;
	enum fault fault;
	int n, calls;       /* which call is to fail, how many there were */
	const char *failed; /* the one that did */
	long held;          /* pieces of memory, FILEs and answers not given back */
} plan;

/* Whether this call is the one to fail; errno is set then. */
static int
fails(const char *name, enum fault fault, int errnum)
{
	if (!plan.armed || plan.fault != fault || ++plan.calls != plan.n)
		return 0;
	plan.failed = name;
	errno = errnum;
	return 1;
}

static int
is_short(void)
{
	return plan.armed && plan.fault == SHORT;
}

/* Counts what is made, if it was, and what is given back; the test framework's own is not. */
static void *
hold(void *made)
{
	plan.held += plan.armed && made != NULL;
	return made;
}

static void
let_go(const void *made)
{
	plan.held -= plan.armed && made != NULL;
}

/* Calls that take the place of NAME(args): fail, or do as it does. */
#define STAND_IN(type, name, parameters, arguments, fault, errnum, failure)             \
	type __real_##name parameters;                                                  \
	type __wrap_##name parameters;                                                  \
	type __wrap_##name parameters                                                   \
	{                                                                               \
		return fails(#name, fault, errnum) ? failure : __real_##name arguments; \
	}

#define SYSTEM_CALL(type, name, parameters, arguments) \
	STAND_IN(type, name, parameters, arguments, NO_BUFFERS, ENOBUFS, -1)

SYSTEM_CALL(int, socket, (int family, int type, int protocol), (family, type, protocol))
SYSTEM_CALL(int, connect, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
SYSTEM_CALL(int, bind, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
SYSTEM_CALL(int, listen, (int fd, int backlog), (fd, backlog))
SYSTEM_CALL(int, setsockopt, (int fd, int level, int option, const void *value, socklen_t n),
    (fd, level, option, value, n))
SYSTEM_CALL(int, getsockopt, (int fd, int level, int option, void *value, socklen_t *n),
    (fd, level, option, value, n))
SYSTEM_CALL(int, getsockname, (int fd, struct sockaddr *name, socklen_t *n), (fd, name, n))
SYSTEM_CALL(int, getpeername, (int fd, struct sockaddr *name, socklen_t *n), (fd, name, n))
SYSTEM_CALL(int, shutdown, (int fd, int how), (fd, how))
SYSTEM_CALL(int, unlink, (const char *path), (path))

/* Calls that wait fail in one more way. */
#define WAITING_CALL(type, name, parameters, arguments)                                    \
	type __real_##name parameters;                                                     \
	type __wrap_##name parameters;                                                     \
	type __wrap_##name parameters                                                      \
	{                                                                                  \
		if (fails(#name, NO_BUFFERS, ENOBUFS) || fails(#name, INTERRUPTED, EINTR)) \
			return -1;                                                         \
		return __real_##name arguments;                                            \
	}

WAITING_CALL(
    int, accept4, (int fd, struct sockaddr *peer, socklen_t *n, int flags), (fd, peer, n, flags))
WAITING_CALL(
    ssize_t, recv, (int fd, void *buf, size_t n, int flags), (fd, buf, is_short() ? 1 : n, flags))
WAITING_CALL(ssize_t, send, (int fd, const void *buf, size_t n, int flags),
    (fd, buf, is_short() ? 1 : n, flags))
WAITING_CALL(int, poll, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))

/* A close() that fails has closed. */
int __real_close(int fd);
int __wrap_close(int fd);

int
__wrap_close(int fd)
{
	int r = __real_close(fd);

	return fails("close", NO_BUFFERS, ENOBUFS) || fails("close", INTERRUPTED, EINTR) ? -1 : r;
}

/* Names of calls that have a twin for large files. */
#if defined(__GLIBC__)
#define TWIN(prefix, name) prefix##name##64
#else
#define TWIN(prefix, name) prefix##name
#endif

int TWIN(__real_, lstat)(const char *path, struct stat *st);
int TWIN(__wrap_, lstat)(const char *path, struct stat *st);

int
TWIN(__wrap_, lstat)(const char *path, struct stat *st)
{
	return fails("lstat", NO_BUFFERS, ENOBUFS) ? -1 : TWIN(__real_, lstat)(path, st);
}

int TWIN(__real_, fcntl)(int fd, int command, ...);
int TWIN(__wrap_, fcntl)(int fd, int command, ...);

int
TWIN(__wrap_, fcntl)(int fd, int command, ...)
{
	va_list arguments;
	int argument;

	va_start(arguments, command);
	argument = va_arg(arguments, int);
	va_end(arguments);
	return fails("fcntl", NO_BUFFERS, ENOBUFS) ? -1
						   : TWIN(__real_, fcntl)(fd, command, argument);
}

/* Memory, and what is made of it. */
#define MAKER(type, name, parameters, arguments)                                               \
	type __real_##name parameters;                                                         \
	type __wrap_##name parameters;                                                         \
	type __wrap_##name parameters                                                          \
	{                                                                                      \
		return fails(#name, NO_MEMORY, ENOMEM) ? NULL : hold(__real_##name arguments); \
	}

MAKER(void *, malloc, (size_t n), (n))
MAKER(void *, calloc, (size_t count, size_t n), (count, n))
#if defined(FSOCK_FILE_FUNOPEN)
MAKER(FILE *, funopen,
    (const void *cookie, int (*readfn)(void *, char *, int),
	int (*writefn)(void *, const char *, int), off_t (*seekfn)(void *, off_t, int),
	int (*closefn)(void *)),
    (cookie, readfn, writefn, seekfn, closefn))
#else
MAKER(FILE *, fopencookie, (void *cookie, const char *mode, cookie_io_functions_t functions),
    (cookie, mode, functions))
#endif

void __real_free(void *memory);
void __wrap_free(void *memory);

void
__wrap_free(void *memory)
{
	let_go(memory);
	__real_free(memory);
}

int __real_fclose(FILE *f);
int __wrap_fclose(FILE *f);

int
__wrap_fclose(FILE *f)
{
	let_go(f);
	return __real_fclose(f);
}

void *TWIN(__real_, mmap)(void *at, size_t n, int protection, int flags, int fd, off_t offset);
void *TWIN(__wrap_, mmap)(void *at, size_t n, int protection, int flags, int fd, off_t offset);

void *
TWIN(__wrap_, mmap)(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	void *memory = MAP_FAILED;

	if (!fails("mmap", NO_MEMORY, ENOMEM))
		memory = TWIN(__real_, mmap)(at, n, protection, flags, fd, offset);
	hold(memory == MAP_FAILED ? NULL : memory);
	return memory;
}

int __real_munmap(void *memory, size_t n);
int __wrap_munmap(void *memory, size_t n);

int
__wrap_munmap(void *memory, size_t n)
{
	let_go(memory);
	return __real_munmap(memory, n);
}

int __real_getaddrinfo(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **results);
int __wrap_getaddrinfo(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **results);

int
__wrap_getaddrinfo(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **results)
{
	int eai = EAI_MEMORY;

	/* That a name is no number may be asked in vain. */
	if (hints->ai_flags & AI_NUMERICHOST || !fails("getaddrinfo", NO_MEMORY, ENOMEM))
		eai = __real_getaddrinfo(host, service, hints, results);
	if (eai == 0)
		hold(*results);
	return eai;
}

void __real_freeaddrinfo(struct addrinfo *results);
void __wrap_freeaddrinfo(struct addrinfo *results);

void
__wrap_freeaddrinfo(struct addrinfo *results)
{
	let_go(results);
	__real_freeaddrinfo(results);
}

typedef void *thread_fn(void *);
int __real_pthread_create(pthread_t *id, const pthread_attr_t *attr, thread_fn *fn, void *arg);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr, thread_fn *fn, void *arg);

int
__wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr, thread_fn *fn, void *arg)
{
	int saved = errno, failed = fails("pthread_create", NO_MEMORY, ENOMEM);

	errno = saved; /* this one returns it */
	return failed ? ENOMEM : __real_pthread_create(id, attr, fn, arg);
}

/* ---- The life of a connection. */

struct scene {
	const char *host; /* see sock_place() */
	struct fsock_options options;
};

struct life {
	fsock *listener, *client, *served;
	int failed;       /* a call of the library has */
	int errnum;       /* errno then */
	const char *step; /* what it was */
	struct fsock_error error;
};

/* Notes the first failure. Returns whether all is well still. */
static int
went(struct life *life, int well, const char *step)
{
	if (!well && !life->failed) {
		life->failed = 1;
		life->errnum = errno;
		life->step = step;
		life->error = *fsock_last_error();
	}
	return well;
}

#define WENT(condition) went(life, (condition), #condition)

/* Connects both ends. */
static int
meet(struct life *life, const char *host, const struct fsock_options *options)
{
	int port;

	return WENT((life->listener = fsock_listen(host, 0, options)) != NULL) &&
	       WENT((port = fsock_local_port(life->listener)) >= 0) &&
	       WENT((life->client = fsock_connect(host, port, options)) != NULL) &&
	       WENT((life->served = fsock_accept(life->listener, options)) != NULL);
}

/* Lines and blocks both ways: the client has one stream, its server two. */
static int
talk(struct life *life)
{
	static char block[9000], got[9000];
	size_t n = is_short() ? 90 : sizeof block; /* octets one by one fill a Unix socket soon */
	FILE *client, *in, *out;
	char line[64] = "";

	memset(block, 'b', n);
	block[n - 1] = '\n';
	memset(got, 0, sizeof got);
	return WENT((client = fsock_stream(life->client)) != NULL) &&
	       WENT((in = fsock_input(life->served)) != NULL) &&
	       WENT((out = fsock_output(life->served)) != NULL) &&
	       WENT(fprintf(client, "to the %s\n", "server") == 14) && WENT(fflush(client) == 0) &&
	       WENT(fgets(line, sizeof line, in) != NULL) &&
	       WENT(strcmp(line, "to the server\n") == 0) &&
	       WENT(fputs("to the client\n", out) >= 0) && WENT(fwrite(block, 1, n, out) == n) &&
	       WENT(fflush(out) == 0) && WENT(fgets(line, sizeof line, client) != NULL) &&
	       WENT(strcmp(line, "to the client\n") == 0) && WENT(fread(got, 1, n, client) == n) &&
	       WENT(memcmp(got, block, n) == 0) && WENT(fclose(out) == 0) &&
	       WENT(fgetc(client) == EOF && !ferror(client));
}

/* The ends: each is closed whatever happened, and may fail in its turn. */
static void
part(struct life *life)
{
	WENT(fsock_close(life->client) == 0);
	WENT(fsock_close(life->served) == 0);
	WENT(fsock_close(life->listener) == 0);
}

/* One life, with its fault. Returns whether the fault was there. */
static int
live(const struct scene *scene, enum fault fault, int n, struct life *life)
{
	memset(life, 0, sizeof *life);
	memset(&plan, 0, sizeof plan);
	plan.fault = fault;
	plan.n = n;
	fsock_clear_error();
	errno = EDOM;
	plan.armed = 1;
	if (meet(life, sock_place(scene->host), &scene->options))
		talk(life);
	part(life);
	plan.armed = 0;
	return plan.failed != NULL;
}

static const struct scene scenes[] = {
	{ "127.0.0.1", { .timeout = 20 } },
	{ "127.0.0.1", { .deadline = 20, .line_limit = 10000 } },
	{ "localhost", { .family = FSOCK_IPV4_ONLY, .local_host = "127.0.0.1", .timeout = 20 } },
	{ "unix", { .timeout = 20, .delivery = FSOCK_DELIVER_WHOLE_LINE } },
	{ "unix", { .deadline = 20, .element_type = FSOCK_BYTE } },
};

/* After any life: nothing is left but what was there before. */
static void
check_nothing_left(int n, int fds)
{
	char name[128];

	snprintf(name, sizeof name, "call %d, %s()", n, plan.failed == NULL ? "-" : plan.failed);
	ck_assert_msg(plan.held == 0, "%s: %ld things are held", name, plan.held);
	ck_assert_msg(sock_open_fds() == fds, "%s: descriptors are open", name);
	ck_assert_msg(access(sock_place("unix"), F_OK) < 0, "%s: the file is left", name);
}

/* A failure that was told: errno, the record and the readable line say the same. */
static void
check_told(const struct life *life, int n, int errnum)
{
	ck_assert_msg(life->errnum == errnum, "call %d, %s(): %s said %s", n, plan.failed,
	    life->step, strerror(life->errnum));
	ck_assert_msg(life->error.errnum == errnum, "call %d, %s(): %s recorded %s", n, plan.failed,
	    life->step, life->error.text);
	ck_assert_int_eq(life->error.kind, fsock_error_kind_of_errno(errnum));
	ck_assert_str_ne(life->error.operation, "");
	ck_assert_ptr_nonnull(strstr(life->error.text,
	    life->error.eai == EAI_MEMORY ? gai_strerror(EAI_MEMORY) : strerror(errnum)));
}

/* Whether a life may go well although the call failed: the connection works without. */
static int
is_dispensable(const char *name)
{
	static const char *const names[] = {
		"malloc",      /* a smaller buffer for an idle connection */
		"mmap",        /* a buffer for the FILE: it has its own */
		"setsockopt",  /* options are made the most of */
		"getsockname", /* for telling that one has met oneself */
		"getpeername",
		"lstat", /* a file is only removed when it is known to be ours */
		"unlink",
		"recv", /* what nobody read is thrown away */
		"getsockopt",
	};

	for (int i = 0; i < COUNT(names); i++)
		if (strcmp(names[i], name) == 0)
			return 1;
	return 0;
}

/* Lets every call fail in its turn. Returns how many there were. */
static int
sweep(const struct scene *scene, enum fault fault, int errnum)
{
	struct life life;
	int n, fds = sock_open_fds();

	for (n = 1; live(scene, fault, n, &life); n++) {
		if (life.failed)
			check_told(&life, n, errnum);
		else
			ck_assert_msg(is_dispensable(plan.failed), "call %d, %s(): nobody was told",
			    n, plan.failed);
		if (strcmp(plan.failed, "unlink") == 0 || strcmp(plan.failed, "lstat") == 0)
			__real_unlink(sock_place("unix"));
		check_nothing_left(n, fds);
	}
	ck_assert_msg(!life.failed, "without a fault: %s", life.error.text);
	check_nothing_left(n, fds);
	return n - 1;
}

START_TEST(no_memory)
{
	ck_assert_int_ge(sweep(&scenes[_i], NO_MEMORY, ENOMEM), 9);
}
END_TEST

START_TEST(no_buffers)
{
	ck_assert_int_ge(sweep(&scenes[_i], NO_BUFFERS, ENOBUFS), 20);
}
END_TEST

/* Signals at any moment change nothing. */
START_TEST(interrupted)
{
	int n, fds = sock_open_fds();
	struct life life;

	for (n = 1; live(&scenes[_i], INTERRUPTED, n, &life); n++) {
		ck_assert_msg(!life.failed, "call %d, %s(): %s", n, plan.failed, life.error.text);
		check_nothing_left(n, fds);
	}
	ck_assert_int_ge(n, 10);
}
END_TEST

START_TEST(short_transfers)
{
	int fds = sock_open_fds();
	struct life life;

	live(&scenes[_i], SHORT, 0, &life);
	ck_assert_msg(!life.failed, "%s: %s", life.step, life.error.text);
	check_nothing_left(0, fds);
}
END_TEST

/* A pair that cannot be made leaves nothing. */
START_TEST(pair_without_memory)
{
	const struct fsock_options options = { .family = _i ? FSOCK_IPV4_ONLY : FSOCK_ANY_FAMILY };
	int fds = sock_open_fds(), r = -1;
	fsock *ends[2];

	for (int n = 1; r < 0; n++) {
		memset(&plan, 0, sizeof plan);
		plan.n = n;
		plan.armed = 1;
		r = fsock_pair(ends, &options);
		plan.armed = 0;
		if (r < 0) {
			sock_assert_error(FSOCK_OUT_OF_MEMORY_ERROR, ENOMEM);
			check_nothing_left(n, fds);
		}
	}
	plan.n = 0;
	plan.armed = 1;
	fsock_close(ends[0]);
	fsock_close(ends[1]);
	plan.armed = 0;
	check_nothing_left(0, fds);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fault");
	TCase *tcase = tcase_create("fault");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, no_memory, 0, COUNT(scenes));
	tcase_add_loop_test(tcase, no_buffers, 0, COUNT(scenes));
	tcase_add_loop_test(tcase, interrupted, 0, COUNT(scenes));
	tcase_add_loop_test(tcase, short_transfers, 0, COUNT(scenes));
	tcase_add_loop_test(tcase, pair_without_memory, 0, 2);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

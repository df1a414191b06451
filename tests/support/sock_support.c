#include "../../src/base/compat.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "sock_support.h"

#if defined(__linux__)
#include <sys/syscall.h>
#endif

int
sock_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed, traced = -1;

	if (getenv("FSOCK_TRACED") != NULL) /* what is traced is as it is without */
		traced = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (traced >= 0)
		fsock_set_trace_descriptor(traced);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

const char *
sock_host(enum sock_transport transport)
{
	return transport == SOCK_TCP6 ? "::1" : "127.0.0.1";
}

int
sock_has(enum sock_transport transport)
{
	struct sockaddr_in6 loopback = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd, has;

	if (transport != SOCK_TCP6)
		return 1;
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	has = fd >= 0 && bind(fd, (struct sockaddr *)&loopback, sizeof loopback) == 0;
	if (fd >= 0)
		close(fd);
	if (!has)
		fprintf(stderr, "passed over: this machine has no IPv6\n");
	return has;
}

/* Listens, connects, accepts. */
static void
meet(const char *host, const struct fsock_options *options, fsock *ends[2])
{
	fsock *listener = fsock_listen(host, 0, options);

	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	ends[0] = fsock_connect(host, fsock_local_port(listener), options);
	ck_assert_msg(ends[0] != NULL, "%s", fsock_last_error()->text);
	ends[1] = fsock_accept(listener, options);
	ck_assert_msg(ends[1] != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(fsock_close(listener), 0);
}

void
sock_link(enum sock_transport transport, const struct fsock_options *options, fsock *ends[2])
{
	char path[] = "/tmp/fsock-XXXXXX/s";

	if (transport == SOCK_PAIR) {
		ck_assert_int_eq(fsock_pair(ends, options), 0);
	} else if (transport == SOCK_UNIX) {
		path[sizeof path - 3] = '\0';
		ck_assert_ptr_nonnull(mkdtemp(path));
		path[sizeof path - 3] = '/';
		meet(path, options, ends);
		path[sizeof path - 3] = '\0';
		ck_assert_int_eq(rmdir(path), 0);
	} else {
		meet(sock_host(transport), options, ends);
	}
}

fsock *
sock_raw(enum sock_transport transport, const struct fsock_options *options, int *peer)
{
	fsock *ends[2];

	sock_link(transport, options, ends);
	*peer = fsock_release(ends[1], NULL, 0, NULL);
	ck_assert_int_ge(*peer, 0);
	return ends[0];
}

int
sock_dead_port(enum sock_transport transport, int *fd)
{
	struct fsock_addr addr;

	ck_assert_int_eq(fsock_addr_from_text(&addr, sock_host(transport), 0), 0);
	*fd = socket(addr.as.any.sa_family, SOCK_STREAM, 0);
	ck_assert_int_ge(*fd, 0);
	ck_assert_int_eq(bind(*fd, &addr.as.any, addr.length), 0);
	addr.length = sizeof addr.as;
	ck_assert_int_eq(getsockname(*fd, &addr.as.any, &addr.length), 0);
	return fsock_addr_port(&addr);
}

/* Whether one more connection to the address is made within so many ms; its descriptor is *fd. */
static int
has_room(const struct fsock_addr *addr, int *fd, int patience)
{
	struct pollfd p;

	*fd = socket(addr->as.any.sa_family, SOCK_STREAM, 0);
	ck_assert_int_ge(*fd, 0);
	ck_assert_int_eq(fcntl(*fd, F_SETFL, O_NONBLOCK), 0);
	if (connect(*fd, &addr->as.any, addr->length) == 0)
		return 1;
	if (errno == EAGAIN)
		return 0;
	ck_assert_int_eq(errno, EINPROGRESS);
	p = (struct pollfd){ .fd = *fd, .events = POLLOUT };
	return poll(&p, 1, patience) == 1;
}

int
sock_full(const char *host, int port, int fds[SOCK_FULL])
{
	struct fsock_addr addr;
	int i;

	memset(fds, -1, SOCK_FULL * sizeof fds[0]);
	ck_assert_int_eq(fsock_addr_from_text(&addr, host, port), 0);
	fds[0] = socket(addr.as.any.sa_family, SOCK_STREAM, 0);
	ck_assert_int_ge(fds[0], 0);
	ck_assert_int_eq(bind(fds[0], &addr.as.any, addr.length), 0);
	ck_assert_int_eq(listen(fds[0], 0), 0);
	addr.length = sizeof addr.as;
	ck_assert_int_eq(getsockname(fds[0], &addr.as.any, &addr.length), 0);
	ck_assert(has_room(&addr, &fds[1], 10000)); /* there is room for one everywhere */
	for (i = 2; i < SOCK_FULL && has_room(&addr, &fds[i], 30); i++)
		;
	ck_assert_int_lt(i, SOCK_FULL);
	return fsock_addr_port(&addr);
}

void
sock_full_free(int fds[SOCK_FULL])
{
	for (int i = 0; i < SOCK_FULL; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void
sock_await(int fd, int events)
{
	struct pollfd p = { .fd = fd, .events = (short)events };
	int r;

	do
		r = poll(&p, 1, 10000);
	while (r < 0 && errno == EINTR);
	ck_assert_int_eq(r, 1);
}

void
sock_fill(int fd)
{
	static const char block[4096];

	for (int pauses = 0; pauses < 2; pauses++) {
		while (send(fd, block, sizeof block, MSG_DONTWAIT | FSOCK__MSG_NOSIGNAL) > 0)
			pauses = 0;
		poll(NULL, 0, 60); /* more than an acknowledgement is put off */
	}
}

int
sock_open_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 2048; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

int
sock_may_open(int most)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max < (rlim_t)most ? limit.rlim_max : (rlim_t)most;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return (int)limit.rlim_cur;
}

long
sock_memory_used(void)
{
	char text[128];
	long kilobytes = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(text, sizeof text, f) != NULL)
		sscanf(text, "VmRSS: %ld", &kilobytes);
	if (f != NULL)
		fclose(f);
	return kilobytes * 1024;
}

double
sock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

ssize_t
sock_read_all(int fd, void *buf, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(fd, (char *)buf + got, n - got);

		if (r < 0)
			return -1;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

static char directory[] = "/tmp/fsock-XXXXXX";

void
sock_dir_make(void)
{
	memcpy(strchr(directory, '-') + 1, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

void
sock_dir_remove(void)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(directory);
}

const char *
sock_path(const char *name)
{
	static char paths[4][sizeof directory + 64];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", directory, name);
	return path;
}

const char *
sock_place(const char *host)
{
	static char name[64];

	if (host != NULL && strcmp(host, "unix") == 0)
		return sock_path("s");
	if (host == NULL || strcmp(host, "abstract") != 0)
		return host;
	snprintf(name, sizeof name, "@fsock-test-%ld", (long)getpid());
	return name;
}

int
sock_child(int (*fn)(void *), void *arg)
{
	pid_t pid;
	int status = 0;

	fflush(stdout);
	fflush(stderr);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(60);
		_exit(fn(arg));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		fprintf(stderr, "the child was ended by signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static volatile sig_atomic_t storm, alarms;

/*
 * The next signal a millisecond after this one is dealt with: where that takes long there is
 * progress.
 */
static void
strike(void)
{
	struct itimerval once = { .it_value = { 0, storm ? 1000 : 0 } };

	setitimer(ITIMER_REAL, &once, NULL);
}

static void
on_alarm(int signal)
{
	(void)signal;
	alarms++;
	strike();
}

void
sock_storm_begin(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	int saved = errno;

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	alarms = 0;
	storm = 1;
	strike();
	while (alarms == 0) /* a call that blocks, where the thread sanitizer hands signals on */
		poll(NULL, 0, 1);
	errno = saved;
}

/*
 * The handler stays: a last signal may still be on its way, and the one that the test framework has
 * installed kills the process group.
 */
void
sock_storm_end(void)
{
	int saved = errno;

	storm = 0;
	strike();
	errno = saved;
}

void
sock_storm_shelter(int on)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(on ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

int
sock_is_watched(void)
{
	const char *preloaded = getenv("LD_PRELOAD");
	int watched = preloaded != NULL && strstr(preloaded, "valgrind") != NULL;

	if (watched)
		fprintf(stderr, "passed over: valgrind counts descriptors in its own way\n");
	return watched;
}

static void *
run(void *arg)
{
	struct sock_thread *t = arg;

#if defined(__linux__)
	t->id = (int)syscall(SYS_gettid);
#else
	t->id = 1;
#endif
	t->fn(t->arg);
	return NULL;
}

void
sock_thread_start(struct sock_thread *t, void (*fn)(void *), void *arg)
{
	t->fn = fn;
	t->arg = arg;
	t->id = 0;
	ck_assert_int_eq(pthread_create(&t->thread, NULL, run, t), 0);
}

void
sock_thread_join(struct sock_thread *t)
{
	ck_assert_int_eq(pthread_join(t->thread, NULL), 0);
}

void
sock_barrier_init(struct sock_barrier *b, int threads)
{
	*b = (struct sock_barrier){ .missing = threads, .all = threads };
	pthread_mutex_init(&b->mutex, NULL);
	pthread_cond_init(&b->everybody, NULL);
}

void
sock_barrier_wait(struct sock_barrier *b)
{
	int round;

	pthread_mutex_lock(&b->mutex);
	round = b->round;
	if (--b->missing == 0) {
		b->missing = b->all;
		b->round++;
		pthread_cond_broadcast(&b->everybody);
	}
	while (b->round == round)
		pthread_cond_wait(&b->everybody, &b->mutex);
	pthread_mutex_unlock(&b->mutex);
}

void
sock_barrier_destroy(struct sock_barrier *b)
{
	pthread_cond_destroy(&b->everybody);
	pthread_mutex_destroy(&b->mutex);
}

#if defined(__linux__)

/*
 * The state letter of a thread of this process, '?' if it has ended, and how often it has gone to
 * sleep: proc(5), status.
 */
static char
state(int id, long *sleeps)
{
	char name[64], line[256], c = '?';
	FILE *f;

	snprintf(name, sizeof name, "/proc/self/task/%d/status", id);
	f = fopen(name, "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		sscanf(line, "State: %c", &c);
		sscanf(line, "voluntary_ctxt_switches: %ld", sleeps);
	}
	if (f != NULL)
		fclose(f);
	return c;
}

/*
 * Who waits for a lock, the allocator's say, sleeps as well, but not for long: only one that is
 * found in the same sleep twice is blocked. Under valgrind, where one thread runs at a time and the
 * others sleep, each has its turn while this one does.
 */
void
sock_thread_await_blocked(struct sock_thread *t)
{
	static const struct timespec breath = { 0, 100000 };
	long sleeps = 0, before = -1;
	char c = 0;

	for (;;) { /* on a slow machine it has perhaps ended before it is looked at */
		if (t->id != 0)
			c = state(t->id, &sleeps);
		if (c == '?' || (c == 'S' && sleeps == before))
			return;
		before = c == 'S' ? sleeps : -1;
		nanosleep(&breath, NULL);
	}
}

#else

/* Without a view on other threads: long enough that it is so on all but the most loaded machine. */
void
sock_thread_await_blocked(struct sock_thread *t)
{
	struct timespec while_ = { 0, 100000000 };

	while (t->id == 0)
		sched_yield();
	nanosleep(&while_, NULL);
}

#endif

/*
 * Faults: a whole life of a connection, in which the first call that the library makes of the
 * system fails, then the second, and so on until none does. Each failure must be a clean error,
 * with nothing left behind.
 */
#include "../../src/base/compat.h"

#include <unistd.h>

#include "../support/sock_fault.h"
#include "../support/sock_support.h"

struct scene {
	const char *host; /* see sock_place(); NULL: datagrams */
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

/* Datagrams both ways, one by one and in batches. */
static int
exchange(struct life *life)
{
	static const struct fsock_options bound = { .local_host = "127.0.0.1", .timeout = 20 };
	char got[2][8];
	struct fsock_addr from;
	struct fsock_message in[2] = { { .data = got[0], .size = 8 },
		{ .data = got[1], .size = 8 } };
	struct fsock_message out = { .data = "three", .size = 5 };
	int port;

	return WENT((life->served = fsock_datagram(NULL, 0, &bound)) != NULL) &&
	       WENT((port = fsock_local_port(life->served)) > 0) &&
	       WENT((life->client = fsock_datagram("127.0.0.1", port, &bound)) != NULL) &&
	       WENT(fsock_send(life->client, "one", 3, NULL) == 3) &&
	       WENT(fsock_receive(life->served, got[0], 8, &from) == 3) &&
	       WENT(memcmp(got[0], "one", 3) == 0) &&
	       WENT(fsock_send(life->served, "two", 3, &from) == 3) &&
	       WENT(fsock_receive_many(life->client, in, 2) == 1) &&
	       WENT(in[0].length == 3 && memcmp(got[0], "two", 3) == 0) &&
	       WENT(fsock_send_many(life->client, &out, 1) == 1) &&
	       WENT(fsock_receive_many(life->served, in, 2) == 1) &&
	       WENT(in[0].length == 5 && memcmp(got[0], "three", 5) == 0);
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
	if (scene->host == NULL)
		exchange(life);
	else if (meet(life, sock_place(scene->host), &scene->options))
		talk(life);
	part(life);
	settle();
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
		"recv",    /* what nobody read is thrown away */
		"recvmsg", /* of a batch: what came before it is received */
		"getsockopt",
		"close of no socket",
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

static const struct scene datagrams = { .host = NULL };

START_TEST(datagrams_fail)
{
	ck_assert_int_ge(sweep(&datagrams, NO_MEMORY, ENOMEM), 2);
	ck_assert_int_ge(sweep(&datagrams, NO_BUFFERS, ENOBUFS), 10);
}
END_TEST

static void
check_interrupted(const struct scene *scene, int least)
{
	int n, fds = sock_open_fds();
	struct life life;

	for (n = 1; live(scene, INTERRUPTED, n, &life); n++) {
		ck_assert_msg(!life.failed, "call %d, %s(): %s", n, plan.failed, life.error.text);
		check_nothing_left(n, fds);
	}
	ck_assert_int_ge(n, least);
}

/* Signals at any moment change nothing. */
START_TEST(interrupted)
{
	check_interrupted(&scenes[_i], 10);
}
END_TEST

START_TEST(datagrams_interrupted)
{
	check_interrupted(&datagrams, 6);
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

/* Of a part of a line a wait takes what there is, and does not ask whether that is all. */
START_TEST(part_of_line)
{
	fsock *ends[2];

	ck_assert_int_eq(
	    fsock_pair(ends, &(struct fsock_options){ .delivery = FSOCK_DELIVER_WHOLE_LINE }), 0);
	ck_assert_ptr_nonnull(fsock_stream(ends[0]));
	ck_assert_int_eq(write(fsock_socket(ends[1]), "part", 4), 4);
	memset(&plan, 0, sizeof plan);
	plan.fault = INTERRUPTED; /* counts those that may wait */
	plan.armed = 1;
	ck_assert_int_eq(fsock_wait_for_input(ends, 1, 0, NULL), 0);
	plan.armed = 0;
	ck_assert_int_eq(plan.calls, 2); /* poll(), recv() */
	fsock_close(ends[0]);
	fsock_close(ends[1]);
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
	tcase_add_test(tcase, datagrams_fail);
	tcase_add_loop_test(tcase, interrupted, 0, COUNT(scenes));
	tcase_add_test(tcase, datagrams_interrupted);
	tcase_add_loop_test(tcase, short_transfers, 0, COUNT(scenes));
	tcase_add_test(tcase, part_of_line);
	tcase_add_loop_test(tcase, pair_without_memory, 0, 2);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

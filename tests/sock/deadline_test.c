/* Deadlines, one for each direction: in every way to wait, and set anew. */
#include "../../src/base/compat.h"

#include <math.h>

#include "../support/ways.h"

#define IN 0.03

/* A loop over ways and transports in one number. */
#define WAY(i)       ((enum way)((i) % WAYS))
#define TRANSPORT(i) ((enum sock_transport)((i) / WAYS % SOCK_TRANSPORTS))
#define TURN(i)      ((i) / WAYS / SOCK_TRANSPORTS)
#define ALL          (WAYS * SOCK_TRANSPORTS)

typedef int setter(fsock *, double);

static setter *
setter_of(int direction)
{
	return direction == FSOCK_INPUT    ? fsock_set_read_deadline
	       : direction == FSOCK_OUTPUT ? fsock_set_write_deadline
					   : fsock_set_deadline;
}

/*
 * A call ends at the deadline of its own direction, or of both, and so does every later one, even
 * if it need not wait. Without a deadline it works again. Interruptible or not makes no difference.
 */
static const enum fsock_switch switches[] = { FSOCK_OFF, FSOCK_ON };

START_TEST(own_direction)
{
	int direction = ways_direction(WAY(_i)) | (TURN(_i) % 2 ? FSOCK_IO : 0);
	struct fsock_options options = { .interruptible = switches[TURN(_i) / 2] };
	int is_input = ways_direction(WAY(_i)) == FSOCK_INPUT;
	struct ways w;
	struct ways_call call = { .ways = &w };
	double start;

	if (!ways_has(WAY(_i), TRANSPORT(_i)))
		return;
	ways_open(&w, WAY(_i), TRANSPORT(_i), options);
	start = sock_now();
	errno = EDOM;
	ck_assert_int_eq(setter_of(direction)(w.s, IN), 0);
	ck_assert_int_eq(errno, EDOM);
	ways_run(&call);
	ways_expect(&call, FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	sock_assert_took(start, IN);
	if (is_input) {
		ways_satisfy(&w);
		ways_run(&call);
		ways_expect(&call, FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
		ck_assert_int_eq(setter_of(direction)(w.s, TURN(_i) % 2 ? INFINITY : 60), 0);
		ways_run(&call);
		ways_expect(&call, FSOCK_NO_ERROR, 0);
	}
	ck_assert_int_eq(ways_close(&w), is_input || WAY(_i) >= WAY_SEND_DATAGRAM ? 0 : -1);
}
END_TEST

/* The deadline of the one direction passes; the other goes on. */
START_TEST(other_direction)
{
	int direction = _i / SOCK_TRANSPORTS % 2 ? FSOCK_INPUT : FSOCK_OUTPUT;
	struct fsock_options options = { .deadline = _i / SOCK_TRANSPORTS / 2 ? 60 : 0 };
	char line[16] = "";
	fsock *ends[2];
	FILE *in, *out;

	if (!sock_has(_i % SOCK_TRANSPORTS))
		return;
	sock_link(_i % SOCK_TRANSPORTS, &options, ends);
	in = fsock_input(ends[0]);
	out = fsock_output(ends[0]);
	ck_assert_int_eq(fsock_send(ends[1], "in\n", 3, NULL), 3);
	ck_assert_int_eq(setter_of(direction)(ends[0], 0), 0);
	if (direction == FSOCK_INPUT) {
		ck_assert_int_ge(fputs("out\n", out), 0);
		ck_assert_int_eq(fflush(out), 0);
		ck_assert_int_eq(fsock_receive(ends[1], line, sizeof line, NULL), 4);
		ck_assert_str_eq(line, "out\n");
		ck_assert_int_eq(fgetc(in), EOF);
	} else {
		ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
		ck_assert_str_eq(line, "in\n");
		ck_assert_int_eq(fsock_send(ends[0], "out\n", 4, NULL), -1);
	}
	sock_assert_error(FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	ck_assert_int_eq(fsock_close(ends[0]), direction == FSOCK_INPUT ? 0 : -1);
	fsock_close(ends[1]);
}
END_TEST

/* A listener's deadline is not for its sockets, and theirs in the options is not for it. */
START_TEST(listeners_own)
{
	const struct fsock_options options = { .deadline = IN }, long_wait = { .timeout = 60 },
				   short_wait = { .connect_timeout = IN };
	fsock *listener = fsock_listen("127.0.0.1", 0, _i ? &options : NULL);
	fsock *client = fsock_connect("127.0.0.1", fsock_local_port(listener), NULL), *served;
	char c;

	ck_assert_int_eq(fsock_set_deadline(listener, 60), 0);
	served = fsock_accept(listener, NULL);
	ck_assert_ptr_nonnull(served);
	ck_assert_int_eq(fsock_receive(client, &c, 0, NULL), 0);
	ck_assert_int_eq(fsock_send(client, "x", 1, NULL), 1);
	ck_assert_int_eq(fsock_receive(served, &c, 1, NULL), 1);
	ck_assert_ptr_null(fsock_accept(listener, &short_wait));
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	ck_assert_int_eq(fsock_set_deadline(listener, IN), 0);
	ck_assert_ptr_null(fsock_accept(listener, &long_wait));
	sock_assert_error(FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	ck_assert_str_eq(fsock_last_error()->operation, "accept");
	ck_assert_int_eq(fsock_set_read_deadline(listener, INFINITY), 0);
	ck_assert_int_eq(fsock_set_write_deadline(listener, 0), 0); /* nothing is written there */
	ck_assert_ptr_null(fsock_accept(listener, &short_wait));
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	fsock_close(served);
	fsock_close(client);
	fsock_close(listener);
}
END_TEST

/* Set anew while a call is blocked: it keeps the old one, unless the socket is interruptible. */
static const enum way blocked[] = { WAY_LINE_TWO_WAY, WAY_RECEIVE, WAY_ACCEPT, WAY_DATAGRAM,
	WAY_WRITE, WAY_SEND_DATAGRAM };

START_TEST(while_blocked)
{
	enum way way = blocked[_i % COUNT(blocked)];
	int turn = _i / COUNT(blocked);
	struct fsock_options options = { .interruptible = switches[turn % 2] };
	int direction = ways_direction(way), is_sooner = turn / 2, is_early, is_over;
	const double early = 0.25, late = 0.75; /* a busy machine gets this far before the first */
	struct ways w;
	struct ways_call call = { .ways = &w };
	struct sock_thread thread;
	double start;

	do { /* again if the machine paused until the first was over */
		start = sock_now();
		ways_open(&w, way, SOCK_PAIR, options);
		ck_assert_int_eq(setter_of(direction)(w.s, is_sooner ? late : early), 0);
		sock_thread_start(&thread, ways_run, &call);
		sock_thread_await_blocked(&thread);
		ck_assert_int_eq(setter_of(direction)(w.s, is_sooner ? early : late), 0);
		is_over = sock_now() - start >= early;
		sock_thread_join(&thread);
		if (is_over)
			ways_close(&w);
	} while (is_over);
	ways_expect(&call, FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	is_early = is_sooner == (options.interruptible == FSOCK_ON);
	sock_assert_took(start, is_early ? early : late);
	if (is_early)
		ck_assert_double_lt(sock_now() - start, late);
	ways_close(&w);
}
END_TEST

/* Of many that wait on an interruptible socket, each keeps to the new deadline. */
START_TEST(many_blocked)
{
	enum { MANY = 6, TURNS = 20 };
	static const enum way several[] = { WAY_ACCEPT, WAY_DATAGRAM, WAY_RECEIVE };
	struct ways w;
	struct ways_call calls[MANY];
	struct sock_thread threads[MANY];

	ways_open(&w, several[_i], SOCK_TCP4,
	    (struct fsock_options){ .interruptible = FSOCK_ON, .deadline = 60 });
	for (int i = 0; i < MANY; i++) {
		calls[i].ways = &w;
		sock_thread_start(&threads[i], ways_run, &calls[i]);
	}
	for (int i = 0; i < MANY; i++)
		sock_thread_await_blocked(&threads[i]);
	for (int turn = 0; turn < TURNS; turn++)
		ck_assert_int_eq(fsock_set_deadline(w.s, 60 + turn), 0);
	for (int i = 0; i < MANY; i++)
		sock_thread_await_blocked(&threads[i]);
	ck_assert_int_eq(fsock_set_read_deadline(w.s, 0), 0);
	for (int i = 0; i < MANY; i++) {
		sock_thread_join(&threads[i]);
		ways_expect(&calls[i], FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	}
	ck_assert_int_eq(ways_close(&w), 0);
}
END_TEST

/* A call that had to wait, and then works, leaves errno as it was. */
struct patient {
	struct ways_call call;
	atomic_int is_done;
};

static void
run_patiently(void *arg)
{
	struct patient *patient = arg;

	ways_run(&patient->call);
	patient->is_done = 1;
}

START_TEST(errno_after_waiting)
{
	struct fsock_options options = { .deadline = 60, .interruptible = switches[TURN(_i)] };
	struct ways w;
	struct patient patient = { .call.ways = &w };
	struct sock_thread thread;

	if (!ways_has(WAY(_i), TRANSPORT(_i)))
		return;
	ways_open(&w, WAY(_i), TRANSPORT(_i), options);
	sock_thread_start(&thread, run_patiently, &patient);
	sock_thread_await_blocked(&thread);
	ways_satisfy(&w);
	while (ways_direction(WAY(_i)) == FSOCK_OUTPUT && !patient.is_done)
		ways_satisfy(&w);
	sock_thread_join(&thread);
	ways_expect(&patient.call, FSOCK_NO_ERROR, 0);
	ck_assert_int_eq(ways_close(&w), 0);
}
END_TEST

static const double bad[] = { -1, -1e-300, NAN, -INFINITY };

START_TEST(refused)
{
	setter *set = setter_of(1 + _i / COUNT(bad));
	fsock *ends[2];

	ck_assert_int_eq(set(NULL, 1), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	sock_link(SOCK_PAIR, NULL, ends);
	ck_assert_int_eq(set(ends[0], bad[_i % COUNT(bad)]), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_str_eq(fsock_last_error()->operation, "set deadline");
	ck_assert_int_eq(fclose(fsock_stream(ends[0])), 0);
	ck_assert_int_eq(set(ends[0], 1), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deadline");
	TCase *tcase = tcase_create("deadline");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, own_direction, 0, 4 * ALL);
	tcase_add_loop_test(tcase, other_direction, 0, 4 * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, listeners_own, 0, 2);
	tcase_add_loop_test(tcase, while_blocked, 0, 4 * COUNT(blocked));
	tcase_add_loop_test(tcase, many_blocked, 0, 3);
	tcase_add_loop_test(tcase, errno_after_waiting, 0, 2 * ALL);
	tcase_add_loop_test(tcase, refused, 0, FSOCK_IO * COUNT(bad));
	return sock_run(suite);
}

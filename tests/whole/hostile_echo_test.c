/* An echo server in one thread on a wait list, and bad clients beside one that is not. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "wait/list.h"
#include "../support/sock_support.h"
#include "../support/wait_support.h"

/* ---- A backend that counts how often the system is asked. */

static struct fsock__wait_ops counting;
static const struct fsock__wait_ops *counted;
static int asked;

static int
count_wait(struct fsock__poller *p, int64_t left)
{
	asked++;
	return counted->wait(p, left);
}

/* ---- The server. */

enum { LIMIT = 16384, LINE = 4096, CROWD = 20, CLIENTS = CROWD + 1 };

static fsock_waitlist *list;
static fsock *listener, *sockets[CLIENTS];
static int port, events, clients, failures;
static int served_good; /* events of the first client that came */

static void
begin(int backend)
{
	counted = fsock__wait_backends[backend];
	counting = *counted;
	counting.wait = count_wait;
	list = fsock__waitlist_new(&counting);
	ck_assert_ptr_nonnull(list);
	listener = fsock_listen("127.0.0.1", 0,
	    &(struct fsock_options){
		.nonblocking = FSOCK_ON, .output_limit = LIMIT, .line_limit = LINE });
	ck_assert_ptr_nonnull(listener);
	port = fsock_local_port(listener);
	ck_assert_int_eq(fsock_waitlist_add(list, listener, FSOCK_INPUT, NULL), 0);
	clients = events = failures = 0;
}

static void
greet(void)
{
	static const struct fsock_options options = {
		.nonblocking = FSOCK_ON, .output_limit = LIMIT, .line_limit = LINE
	};
	fsock *s = fsock_accept(listener, &options);

	if (s == NULL) {
		ck_assert_int_eq(errno, EAGAIN);
		return;
	}
	ck_assert_ptr_nonnull(fsock_stream(s));
	ck_assert_int_eq(fsock_set_option(s, FSOCK_OPTION_SEND_BUFFER, 1), 0);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, s), 0);
	ck_assert_int_lt(clients, CLIENTS);
	sockets[clients++] = s;
}

static void
part(fsock *s)
{
	fsock_close(s);
	clients--;
}

/* One line, as a program would that wants to be fair. */
static void
serve(const struct fsock_event *event)
{
	FILE *f = fsock_stream(event->socket);
	char line[LINE + 1];

	events++;
	served_good += event->socket == sockets[0];
	if (event->state & FSOCK_FAILED) {
		failures++;
		part(event->socket);
	} else if (fgets(line, sizeof line, f) != NULL) {
		fputs(line, f);
		fflush(f);
	} else if (errno == EAGAIN && !feof(f)) {
		clearerr(f);
	} else {
		part(event->socket);
	}
}

/* Returns how many events there were. */
static int
turn(double timeout)
{
	struct fsock_event event;
	int n = fsock_waitlist_wait(list, timeout, NULL);

	ck_assert_int_ge(n, 0);
	while (fsock_waitlist_next(list, &event) != NULL)
		if (event.user == NULL)
			greet();
		else
			serve(&event);
	return n;
}

/* Nothing happens: the system is asked once, and perhaps once more to see that. */
static void
expect_idle(void)
{
	int most = 200000; /* a slow machine has much left to do here */

	while (turn(0.25) > 0) /* acknowledgements may take so long */
		ck_assert_int_gt(most--, 0);
	asked = 0;
	ck_assert_int_eq(turn(0.1), 0);
	ck_assert_int_le(asked, 3);
}

static int
connect_to(void)
{
	fsock *s = fsock_connect("127.0.0.1", port, NULL);
	int fd;

	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	fd = fsock_release(s, NULL, 0, NULL);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/*
 * The good client is served in a few turns, however the others behave. On a busy machine the
 * loopback takes its time, which is none of the server's.
 */
static void
talk(int fd)
{
	static const char line[] = "how do you do\n";
	struct pollfd arrived = { .fd = fsock_socket(sockets[0]), .events = POLLIN };
	int before = served_good;
	size_t got = 0;
	char answer[64];

	ck_assert_int_eq(send(fd, line, sizeof line - 1, 0), (int)sizeof line - 1);
	ck_assert_int_eq(poll(&arrived, 1, 10000), 1);
	for (int i = 0; i < 5 && served_good == before; i++)
		turn(0.5);
	ck_assert_int_eq(served_good, before + 1);
	for (double start = sock_now(); got < sizeof line - 1; turn(0.001)) {
		ssize_t n = recv(fd, answer + got, sizeof answer - got, 0);

		got += n > 0 ? (size_t)n : 0;
		ck_assert_double_lt(sock_now() - start, 10);
	}
	ck_assert_mem_eq(answer, line, got);
}

/* ---- The bad ones: what each does in a turn. Returns 0 when it is through. */

static char lines[16384]; /* of 64 octets */

static int
drip(int fd, int step)
{
	ck_assert_int_eq(send(fd, step % 40 == 39 ? "\n" : "x", 1, 0), 1);
	return step < 400;
}

static int
never_end(int fd, int step)
{
	char octets[100];

	memset(octets, 'x', sizeof octets);
	send(fd, octets, sizeof octets, FSOCK__MSG_NOSIGNAL);
	return step < 2 * LINE / 100;
}

/* All that goes: it reads nothing of the answers. */
static int
flood(int fd, int step)
{
	send(fd, lines, sizeof lines, FSOCK__MSG_NOSIGNAL);
	return step < 32;
}

/* All that goes, and reads it, too. */
static int
chatter(int fd, int step)
{
	char octets[65536];

	flood(fd, step);
	while (recv(fd, octets, sizeof octets, 0) > 0)
		;
	return step < 32;
}

/* The number is kept, for who closes it later. */
static int
vanish(int fd, int step)
{
	int null = open("/dev/null", O_RDONLY);

	(void)step;
	ck_assert_int_eq(dup2(null, fd), fd);
	close(null);
	return 0;
}

static int
reset(int fd, int step)
{
	static const struct linger hard = { .l_onoff = 1 };

	if (step == 0)
		ck_assert_int_eq(send(fd, "half a li", 9, 0), 9);
	if (step == 2) {
		ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
		vanish(fd, step);
	}
	return step < 2;
}

static int
half_close(int fd, int step)
{
	if (step == 0)
		ck_assert_int_eq(send(fd, lines, 64 * 20, 0), 64 * 20);
	shutdown(fd, SHUT_WR);
	return step < 30;
}

static const struct hostile {
	const char *name;
	int (*act)(int fd, int step);
	int stays; /* the server has no reason to be rid of it */
	int most;  /* events in all for each of them; 0: they have work to do */
} hostiles[] = {
	{ "drips", drip, 1, 11 },
	{ "never ends its line", never_end, 0, 4 },
	{ "floods, reads nothing", flood, 1, 0 },
	{ "floods", chatter, 1, 0 },
	{ "resets in mid-line", reset, 0, 2 },
	{ "half-closes", half_close, 0, 23 },
	{ "vanishes", vanish, 0, 2 },
};

START_TEST(beside_others)
{
	const struct hostile *h = &hostiles[_i % COUNT(hostiles)];
	int crowd[CROWD], good, busy = 1, congested = 0, before, fds = sock_open_fds();

	memset(lines, 'y', sizeof lines);
	for (size_t i = 63; i < sizeof lines; i += 64)
		lines[i] = '\n';
	begin(_i / COUNT(hostiles));
	good = connect_to();
	for (int i = 0; i < CROWD; i++)
		crowd[i] = connect_to();
	while (clients < CROWD + 1)
		turn(5);
	expect_idle();
	events = asked = 0;
	for (int step = 0; busy; step++) {
		busy = 0;
		for (int i = 0; i < CROWD; i++)
			busy |= h->act(crowd[i], step);
		before = asked;
		turn(0);
		ck_assert_int_le(asked, before + 1);
		if (step % 8 == 0)
			talk(good);
	}
	talk(good);
	if (h->most == 0) {
		/* Who reads nothing is not served any further: what is queued stays in bounds. */
		for (int i = 0; i < 50000 && turn(0.01) > 0; i++)
			if (h->act == chatter)
				for (int j = 0; j < CROWD; j++)
					while (recv(crowd[j], lines, sizeof lines, 0) > 0)
						;
	}
	expect_idle();
	for (int i = 0; h->act == flood && i < CLIENTS; i++)
		congested += fsock_is_congested(sockets[i]);
	ck_assert_int_eq(congested, h->act == flood ? CROWD : 0);
	ck_assert_int_eq(failures, h->act == reset ? CROWD : 0);
	ck_assert_int_eq(clients, 1 + (h->stays ? CROWD : 0));
	if (h->most > 0)
		ck_assert_int_le(events, CROWD * h->most + 60);
	talk(good);
	for (int i = 0; i < CROWD; i++)
		close(crowd[i]);
	while (clients > 1 || fsock_waitlist_closing(list) > 0)
		ck_assert_int_ge(turn(1), 0);
	talk(good);
	close(good);
	while (clients > 0)
		ck_assert_int_ge(turn(5), 1);
	fsock_waitlist_free(list);
	fsock_close(listener);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hostile");
	TCase *t = tcase_create("hostile");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, beside_others, 0, wait_backends() * COUNT(hostiles));
	suite_add_tcase(suite, t);
	return sock_run(suite);
}

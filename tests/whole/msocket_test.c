/*
 * What the 18 functions of Common Lisp's m-socket do, done here: a row each, under its name there,
 * as in the table of man/fsock_symbols.7. Where m-socket was seen to be wrong the row has what is
 * right. tests/tools/symbols sees to it that no row is missing.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "../support/sock_support.h"

#define LIMIT 65536 /* m-socket's own, octets that a socket queues */

static fsock *s;
static int peer;

/* A connection with little room in the kernel, and its peer. */
static void
begin(void)
{
	struct fsock_options options = { .output_limit = LIMIT };

	s = sock_raw(SOCK_TCP4, &options, &peer);
	ck_assert_int_eq(fsock_set_option(s, FSOCK_OPTION_SEND_BUFFER, 4096), 0);
	ck_assert_int_eq(fsock_set_nonblocking(s, 1), 0);
}

static void
finish(void)
{
	fsock_close(s);
	close(peer);
	s = NULL;
}

/* Sends until no more is taken, and nothing of that. Returns how many octets were. */
static size_t
fill(void)
{
	static const char octets[1000];
	size_t sent = 0;

	while (fsock_send(s, octets, sizeof octets, NULL) == (ssize_t)sizeof octets)
		sent += sizeof octets;
	return sent;
}

/* The peer reads so many octets, while `list`, or without one fsock_send_pending(), sends them. */
static void
drain(size_t n, fsock_waitlist *list)
{
	char scrap[4096];

	while (n > 0) {
		ssize_t r = recv(peer, scrap, n < sizeof scrap ? n : sizeof scrap, MSG_DONTWAIT);

		ck_assert_msg(r > 0 || (r < 0 && errno == EAGAIN), "%zu octets are missing", n);
		if (r > 0)
			n -= (size_t)r;
		else if (list != NULL)
			ck_assert_int_ge(fsock_waitlist_wait(list, 0.01, NULL), 0);
		else
			ck_assert_int_ge(fsock_send_pending(s), 0);
	}
}

/* The state that the next wait reports of the only member; 0 if the time runs out. */
static int
wait_state(fsock_waitlist *list, double timeout)
{
	struct fsock_event event;
	int n = fsock_waitlist_wait(list, timeout, NULL);

	ck_assert_int_ge(n, 0);
	if (n == 0)
		return 0;
	ck_assert_ptr_eq(fsock_waitlist_next(list, &event), s);
	ck_assert_ptr_null(fsock_waitlist_next(list, NULL));
	return event.state;
}

/* ---- Multiplexers. */

/* It can be freed, and may be empty. */
static void
make_io_multiplexer(void)
{
	fsock_waitlist *list = fsock_waitlist_new();

	ck_assert_ptr_nonnull(list);
	ck_assert_uint_eq(fsock_waitlist_count(list), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
	fsock_waitlist_free(list);
}

/* Adding twice is no error; what is not read is reported again. */
static void
add_socket_to_io_multiplexer(void)
{
	fsock_waitlist *list = fsock_waitlist_new();

	begin();
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	ck_assert_uint_eq(fsock_waitlist_count(list), 1);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	ck_assert_int_eq(wait_state(list, 5), FSOCK_INPUT);
	ck_assert_int_eq(wait_state(list, 5), FSOCK_INPUT);
	fsock_waitlist_free(list);
	finish();
}

/* A closed socket has left; one that is no member is no error. */
static void
remove_socket_from_io_multiplexer(void)
{
	fsock_waitlist *list = fsock_waitlist_new();

	begin();
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_remove(list, s), 0);
	ck_assert_int_eq(fsock_waitlist_remove(list, s), 0);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	ck_assert_int_eq(wait_state(list, 0), 0);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	finish();
	ck_assert_uint_eq(fsock_waitlist_count(list), 0);
	fsock_waitlist_free(list);
}

/* :read and :write are told apart from failure; it waits for ever, or as exactly as is asked. */
static void
wait_for_events(void)
{
	fsock_waitlist *list = fsock_waitlist_new();
	double start = sock_now();
	int state;

	begin();
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(wait_state(list, 0.05), 0);
	sock_assert_took(start, 0.05);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	ck_assert_int_eq(wait_state(list, INFINITY), FSOCK_INPUT);
	ck_assert_int_eq(fsock_waitlist_change(list, s, FSOCK_IO, NULL), 0);
	ck_assert_int_eq(wait_state(list, INFINITY), FSOCK_IO);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	ck_assert_int_eq(fsock_waitlist_change(list, s, FSOCK_INPUT, NULL), 0);
	do /* until the end has come as well */
		state = wait_state(list, INFINITY);
	while (state == FSOCK_INPUT);
	ck_assert_int_eq(state, FSOCK_INPUT | FSOCK_HANGUP);
	fclose(fsock_stream(s));
	ck_assert_int_eq(wait_state(list, INFINITY), FSOCK_FAILED);
	fsock_waitlist_free(list);
	finish();
}

/* ---- Listeners. */

/* All addresses are tried, and the error tells of one. */
static void
make_listener_socket(void)
{
	fsock *listener = fsock_listen("localhost", 0, NULL);
	int port = fsock_local_port(listener);

	ck_assert_int_gt(port, 0);
	ck_assert_ptr_null(fsock_listen(
	    fsock_local_address(listener, (char[FSOCK_ADDR_TEXT_SIZE]){ "" }, FSOCK_ADDR_TEXT_SIZE),
	    port, NULL));
	sock_assert_error(FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE);
	fsock_close(listener);
}

/* NIL, if none is there, is EAGAIN. What is accepted does not block either, and has an address. */
static void
accept_one(void)
{
	fsock *listener =
	    fsock_listen("127.0.0.1", 0, &(struct fsock_options){ .nonblocking = FSOCK_ON });
	char host[FSOCK_ADDR_TEXT_SIZE];
	fsock *client, *served;

	ck_assert_ptr_null(fsock_accept(listener, NULL));
	sock_assert_error(FSOCK_WOULD_BLOCK, EAGAIN);
	client = fsock_connect("127.0.0.1", fsock_local_port(listener), NULL);
	ck_assert_int_eq(fsock_wait_for_input(&listener, 1, 5, NULL), 1);
	served = fsock_accept(listener, NULL);
	ck_assert_ptr_nonnull(served);
	ck_assert_int_eq(fsock_is_nonblocking(served), 1);
	ck_assert_str_eq(fsock_peer_address(served, host, sizeof host), "127.0.0.1");
	ck_assert_int_eq(fsock_peer_port(served), fsock_local_port(client));
	fsock_close(client);
	fsock_close(served);
	fsock_close(listener);
}

/* ---- Ends. */

/* It is closed when all has gone, which the multiplexer sees to; nobody waits for that. */
static void
close_socket(void)
{
	fsock_waitlist *list = fsock_waitlist_new();
	size_t sent;

	begin();
	ck_assert_ptr_nonnull(fsock_stream(s));
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	sent = fill();
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_uint_eq(fsock_waitlist_count(list), 0);
	ck_assert_uint_eq(fsock_waitlist_closing(list), 1);
	drain(sent, list);
	while (fsock_waitlist_closing(list) > 0)
		ck_assert_int_eq(fsock_waitlist_wait(list, 0.01, NULL), 0);
	ck_assert_int_eq(read(peer, (char[1]){ 0 }, 1), 0);
	fsock_waitlist_free(list);
	close(peer);
}

/* The same for one direction; the other goes on. */
static void
shut_down(void)
{
	size_t sent;
	char c;

	begin();
	ck_assert_ptr_nonnull(fsock_stream(s));
	sent = fill();
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
	ck_assert_int_gt(fsock_pending_output(s), 0);
	drain(sent, NULL);
	ck_assert_int_eq(read(peer, &c, 1), 0);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 5, NULL), 1);
	ck_assert_int_eq(fsock_receive(s, &c, 1, NULL), 1);
	ck_assert_int_eq(c, 'x');
	finish();
}

/* ---- Transfers. */

/* -1 is said in words: the socket is closed, or not yet connected. */
static void
socket_raw(void)
{
	begin();
	ck_assert_int_eq(fcntl(fsock_socket(s), F_GETFD), FD_CLOEXEC);
	fclose(fsock_stream(s));
	ck_assert_int_eq(fsock_socket(s), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	finish();
}

/* :alive without octets is EAGAIN, :closed is 0 octets or an error, :empty-array is 0. */
static void
receive(void)
{
	char octets[8];

	begin();
	ck_assert_int_eq(fsock_receive(s, octets, sizeof octets, NULL), -1);
	sock_assert_error(FSOCK_WOULD_BLOCK, EAGAIN);
	ck_assert_int_eq(fsock_receive(s, octets, 0, NULL), 0);
	ck_assert_int_eq(write(peer, "abc", 3), 3);
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 5, NULL), 1);
	ck_assert_int_eq(fsock_receive(s, octets, sizeof octets, NULL), 3);
	ck_assert_mem_eq(octets, "abc", 3);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 5, NULL), 1);
	ck_assert_int_eq(fsock_receive(s, octets, sizeof octets, NULL), 0);
	finish();
}

/*
 * With streams :sent and :queued are the same, and :not-sent is ENOBUFS: nothing was taken, and
 * that is all. Without streams there is no queue, but :partially-sent, which tells how much.
 */
static void
send_some(void)
{
	static char octets[10 * LIMIT];
	size_t sent;
	ssize_t r;

	begin();
	ck_assert_ptr_nonnull(fsock_stream(s));
	ck_assert_int_eq(fsock_send(s, octets, sizeof octets, NULL), -1);
	sock_assert_error(FSOCK_NO_BUFFERS_ERROR, ENOBUFS);
	ck_assert_int_eq(fsock_pending_output(s), 0);
	sent = fill();
	sock_assert_error(FSOCK_NO_BUFFERS_ERROR, ENOBUFS);
	ck_assert_int_gt(fsock_pending_output(s), LIMIT - 1000);
	drain(sent, NULL);
	ck_assert_int_eq(recv(peer, octets, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq(fsock_send(s, "x", 1, NULL), 1);
	ck_assert_int_eq(read(peer, octets, 1), 1);
	ck_assert_int_eq(octets[0], 'x');
	finish();

	begin();
	r = fsock_send(s, octets, sizeof octets, NULL);
	ck_assert_int_gt(r, 0);
	ck_assert_int_lt(r, sizeof octets);
	while ((r = fsock_send(s, octets, sizeof octets, NULL)) > 0)
		continue;
	sock_assert_error(FSOCK_WOULD_BLOCK, EAGAIN);
	finish();
}

/* It never waits, and tells what is left. */
static void
flush_send_buffers(void)
{
	ssize_t left;
	size_t sent;

	begin();
	ck_assert_int_eq(fsock_send_pending(s), 0);
	ck_assert_ptr_nonnull(fsock_stream(s));
	sent = fill();
	left = fsock_send_pending(s);
	ck_assert_int_gt(left, 0);
	ck_assert_int_eq(left, fsock_pending_output(s));
	drain(sent, NULL);
	ck_assert_int_eq(fsock_send_pending(s), 0);
	finish();
}

/* It can be asked and set, and both are true. */
static void
is_blocking(void)
{
	char c;

	begin();
	ck_assert_int_eq(fsock_is_nonblocking(s), 1);
	ck_assert_int_eq(fsock_set_nonblocking(s, 0), 0);
	ck_assert_int_eq(fsock_is_nonblocking(s), 0);
	ck_assert_int_eq(fsock_set_option(s, FSOCK_OPTION_RECEIVE_TIMEOUT, 0.05), 0);
	ck_assert_int_eq(fsock_receive(s, &c, 1, NULL), -1);
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	ck_assert_int_eq(fsock_set_nonblocking(s, 1), 0);
	ck_assert_int_eq(fsock_receive(s, &c, 1, NULL), -1);
	sock_assert_error(FSOCK_WOULD_BLOCK, EAGAIN);
	finish();
}

/* ---- Streams. */

/* Nothing to read is an error that passes, not end of file; what is written is queued. */
static void
make_socket_stream(void)
{
	static const char octets[LIMIT];
	FILE *f;

	begin();
	f = fsock_stream(s);
	ck_assert_int_eq(fgetc(f), EOF);
	sock_assert_error(FSOCK_WOULD_BLOCK, EAGAIN);
	ck_assert_int_eq(feof(f), 0);
	clearerr(f);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 5, NULL), 1);
	ck_assert_int_eq(fgetc(f), 'x');
	ck_assert_uint_eq(fwrite(octets, 1, sizeof octets, f), sizeof octets);
	ck_assert_int_eq(fflush(f), 0);
	drain(sizeof octets, NULL);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(read(peer, (char[1]){ 0 }, 1), 0);
	finish();
}

static void
socket_object(void)
{
	begin();
	ck_assert_ptr_eq(fsock_of(fsock_stream(s)), s);
	finish();
}

/* ---- Conditions. */

/* It is told by which end the connection is closed. */
static void
socket_closed_error(void)
{
	static const struct linger reset = { .l_onoff = 1 };

	begin();
	ck_assert_int_eq(setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
	close(peer);
	peer = -1;
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 5, NULL), 1);
	ck_assert_int_eq(fsock_receive(s, (char[1]){ 0 }, 1, NULL), -1);
	sock_assert_error(FSOCK_CONNECTION_RESET_ERROR, ECONNRESET);
	ck_assert_int_eq(fsock_send(s, "x", 1, NULL), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	fclose(fsock_stream(s));
	ck_assert_int_eq(fsock_send(s, "x", 1, NULL), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	finish();
}

/* Through a stream it is for good, as the octets are lost: then all that follows tells of it. */
static void
socket_queue_error(void)
{
	static const char octets[10 * LIMIT];
	FILE *f;

	begin();
	f = fsock_stream(s);
	ck_assert(fwrite(octets, 1, sizeof octets, f) < sizeof octets || fflush(f) == EOF);
	sock_assert_error(FSOCK_NO_BUFFERS_ERROR, ENOBUFS);
	clearerr(f);
	ck_assert_int_eq(fsock_send(s, "x", 1, NULL), -1);
	sock_assert_error(FSOCK_NO_BUFFERS_ERROR, ENOBUFS);
	ck_assert_int_eq(fsock_close(s), -1);
	sock_assert_error(FSOCK_NO_BUFFERS_ERROR, ENOBUFS);
	close(peer);
}

/* The group that all are in, and its reader: the error tells of which socket. */
static void
socket_error(void)
{
	static const enum fsock_error_kind kinds[] = { FSOCK_CONNECTION_RESET_ERROR,
		FSOCK_BROKEN_PIPE_ERROR, FSOCK_BAD_FILE_DESCRIPTOR_ERROR, FSOCK_NO_BUFFERS_ERROR,
		FSOCK_WOULD_BLOCK };

	for (int i = 0; i < COUNT(kinds); i++)
		ck_assert_int_eq(fsock_error_is(kinds[i], FSOCK_SOCKET_ERROR), 1);
	begin();
	ck_assert_int_eq(fsock_receive(s, (char[1]){ 0 }, 1, NULL), -1);
	ck_assert_str_eq(fsock_last_error()->host, "127.0.0.1");
	ck_assert_int_eq(fsock_last_error()->port, fsock_peer_port(s));
	finish();
}

static const struct {
	const char *name;
	void (*test)(void);
} rows[] = {
	{ "make-io-multiplexer", make_io_multiplexer },
	{ "add-socket-to-io-multiplexer", add_socket_to_io_multiplexer },
	{ "remove-socket-from-io-multiplexer", remove_socket_from_io_multiplexer },
	{ "wait-for-events", wait_for_events },
	{ "make-listener-socket", make_listener_socket },
	{ "accept", accept_one },
	{ "close-socket", close_socket },
	{ "shutdown", shut_down },
	{ "socket-raw", socket_raw },
	{ "receive", receive },
	{ "send", send_some },
	{ "flush-send-buffers", flush_send_buffers },
	{ "blocking?", is_blocking },
	{ "make-socket-stream", make_socket_stream },
	{ "socket-object", socket_object },
	{ "socket-closed-error", socket_closed_error },
	{ "socket-queue-error", socket_queue_error },
	{ "socket-error", socket_error },
};

START_TEST(m_socket)
{
	int fds = sock_open_fds();

	rows[_i].test();
	ck_assert_msg(sock_open_fds() == fds, "%s leaves descriptors open", rows[_i].name);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("m-socket");
	TCase *tcase = tcase_create("its exports");

	tcase_add_loop_test(tcase, m_socket, 0, COUNT(rows));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

/* A connection that is reset: an error of that kind wherever it is met, never an end of file. */
#include "../../src/base/compat.h"

#include <signal.h>

#include "bare.h"

enum { LINES = 3, RECORD = 5 + 6 + 1 + 16 };

/*
 * What is under way when the reset comes: whole records, and octets of one more, which is a line or
 * the end. What has arrived in time is read; some systems discard what the program has not read.
 */
static const struct {
	int lines, octets, with_end;
} arrived[] = {
	{ 0, 0, 0 },
	{ LINES, 0, 0 },
	{ 0, 3, 0 },
	{ LINES, 5, 0 },
	{ LINES, RECORD - 1, 0 },
	{ LINES, 4, 1 },
};

/* Who meets it: a read that waits, one that comes later, a wait; and before it a write. */
enum meeting { WAITING, LATER, LISTED, AFTER_A_WRITE, MEETINGS };

static void
reset(int fd)
{
	static const struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
	close(fd);
}

/* The bare end sends what a row says, and resets the connection. */
static void
send_and_reset(struct bare *b, int row)
{
	char octets[256];
	BIO *out = BIO_new(BIO_s_mem());

	for (int i = 0; i < arrived[row].lines; i++)
		ck_assert_int_eq(SSL_write(b->ssl, "a line", 6), 6);
	SSL_set0_wbio(b->ssl, out);
	if (arrived[row].with_end)
		SSL_shutdown(b->ssl);
	else
		ck_assert_int_eq(SSL_write(b->ssl, "a line", 6), 6);
	ck_assert_int_ge(BIO_read(out, octets, sizeof octets), arrived[row].octets);
	ck_assert_int_eq(
	    send(b->fd, octets, (size_t)arrived[row].octets, MSG_NOSIGNAL), arrived[row].octets);
	reset(b->fd);
	b->fd = -1;
}

/* Reads on to what ends it: that is an error, of this kind, then and for ever. */
static void
expect_reset(fsock *s, size_t most)
{
	FILE *in = fsock_input(s);
	char octets[256];
	size_t n;

	for (int again = 0; again < 3; again++) {
		clearerr(in);
		n = fread(octets, 1, sizeof octets, in);
		ck_assert_uint_le(n, again == 0 ? most : 0);
		ck_assert(ferror(in) && !feof(in));
		sock_assert_error(FSOCK_CONNECTION_RESET_ERROR, ECONNRESET);
	}
}

struct reading {
	fsock *s;
	size_t got;
	struct fsock_error error;
	int is_failed;
};

static void
read_all(void *arg)
{
	struct reading *r = arg;
	FILE *in = fsock_input(r->s);

	while (fgetc(in) != EOF)
		r->got++;
	r->error = *fsock_last_error();
	r->is_failed = ferror(in) && !feof(in);
}

static void
reset_under_a_reader(struct bare *b, int row)
{
	struct reading reading = { .s = b->s };
	struct sock_thread reader;

	sock_thread_start(&reader, read_all, &reading);
	sock_thread_await_blocked(&reader);
	send_and_reset(b, row);
	sock_thread_join(&reader);
	ck_assert(reading.is_failed);
	ck_assert_msg(reading.error.kind == FSOCK_CONNECTION_RESET_ERROR, "%s", reading.error.text);
	ck_assert_uint_le(reading.got, 6 * (size_t)arrived[row].lines);
}

/* A list tells of a failure, once what could be read has been. */
static void
reset_in_a_list(struct bare *b, int row)
{
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;

	ck_assert_int_eq(fsock_set_nonblocking(b->s, 1), 0);
	ck_assert_int_eq(fsock_waitlist_add(list, b->s, FSOCK_INPUT, NULL), 0);
	send_and_reset(b, row);
	do {
		char octets[256];

		ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
		ck_assert_ptr_eq(fsock_waitlist_next(list, &event), b->s);
		ck_assert(event.state & (FSOCK_INPUT | FSOCK_FAILED));
		if (!(event.state & FSOCK_FAILED))
			fsock_receive(b->s, octets, sizeof octets, NULL);
	} while (!(event.state & FSOCK_FAILED));
	ck_assert_int_eq(event.error, ECONNRESET);
	fsock_waitlist_free(list);
}

/* The kernel tells it but once, and may tell it the writer. */
static void
write_into_reset(struct bare *b, int row)
{
	FILE *out = fsock_output(b->s);

	send_and_reset(b, row);
	sock_await(fsock_socket(b->s), 0);
	ck_assert(fputs("into the void\n", out) < 0 || fflush(out) != 0);
	ck_assert(errno == ECONNRESET || errno == EPIPE);
}

START_TEST(met)
{
	enum meeting meeting = _i / 2 % MEETINGS;
	int row = _i / 2 / MEETINGS;
	struct bare b = { .is_tcp = 1 };

	bare_open(&b, _i % 2);
	bare_say(&b, "the tickets come with it\n");
	if (meeting == WAITING)
		reset_under_a_reader(&b, row);
	else if (meeting == LISTED)
		reset_in_a_list(&b, row);
	else if (meeting == AFTER_A_WRITE)
		write_into_reset(&b, row);
	else
		send_and_reset(&b, row);
	expect_reset(b.s, 6 * (size_t)arrived[row].lines);
	bare_close(&b);
}
END_TEST

/* An end without close_notify may be accepted, but this is none; nor is it one after a shutdown. */
START_TEST(no_end_either)
{
	struct bare b = { .is_server = 1, .is_tcp = 1, .context = bare_context(1) };

	b.tls = tls_of(&(struct fsock_tls_options){
	    .ca_file = file("ca.pem"), .name = "localhost", .allow_truncation = FSOCK_ON });
	bare_connect(&b);
	bare_say(&b, "the tickets come with it\n");
	if (_i == 2) {
		write_into_reset(&b, 1);
	} else {
		send_and_reset(&b, 1);
		sock_await(fsock_socket(b.s), 0);
	}
	if (_i == 1) {
		ck_assert_int_eq(fsock_shutdown(b.s, FSOCK_INPUT), -1);
		sock_assert_error(FSOCK_SHUTDOWN_ERROR, ENOTCONN);
	}
	expect_reset(b.s, 18);
	bare_close(&b);
}
END_TEST

/* In the handshake, after so many octets of the peer's part of it. */
START_TEST(in_handshake)
{
	static const char part[] = "\x16\x03\x03\x00\x7a\x02\x00\x00\x76";
	static const size_t lengths[] = { 0, 3, sizeof part - 1 };
	struct bare b = { .is_server = _i % 2, .is_tcp = 1 };
	char octets[64];

	b.tls = b.is_server ? tls_of(&(struct fsock_tls_options){
				  .ca_file = file("ca.pem"), .name = "localhost" })
			    : tls_of(&(struct fsock_tls_options){
				  .certificate = file("good.pem"), .key = file("good.key") });
	bare_link(&b);
	fsock_set_nonblocking(b.s, 1);
	ck_assert_int_eq(fsock_tls_start(b.s, b.tls, !b.is_server), -1);
	ck_assert_int_eq(errno, EAGAIN);
	fsock_set_nonblocking(b.s, 0);
	if (b.is_server)
		ck_assert_int_gt(recv(b.fd, octets, sizeof octets, 0), 0);
	if (lengths[_i / 2] > 0)
		ck_assert_int_gt(send(b.fd, part, lengths[_i / 2], MSG_NOSIGNAL), 0);
	reset(b.fd);
	b.fd = -1;
	for (int again = 0; again < 2; again++) {
		ck_assert_int_eq(fsock_layer_start(b.s), -1);
		sock_assert_error(FSOCK_CONNECTION_RESET_ERROR, ECONNRESET);
	}
	expect_reset(b.s, 0);
	fsock_close(b.s);
	fsock_tls_free(b.tls);
}
END_TEST

static void
add(TCase *t)
{
	signal(SIGPIPE, SIG_IGN); /* the peer's OpenSSL raises it */
	tcase_add_loop_test(t, met, 0, 2 * MEETINGS * COUNT(arrived));
	tcase_add_loop_test(t, no_end_either, 0, 3);
	tcase_add_loop_test(t, in_handshake, 0, 6);
}

int
main(void)
{
	return tls_run("reset", add);
}

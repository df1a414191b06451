/* What waits in a TLS connection waits no longer than was said, whatever it waits for. */
#include "../../src/base/compat.h"

#include <math.h>
#include <poll.h>
#include <signal.h>

#include "bare.h"

enum call { START, READ, WRITE, CALLS };
enum wish { INPUT, OUTPUT, WISHES };
enum limit { TIMEOUT, DEADLINE, INTERRUPT, LIMITS };

/* So much that the kernel takes no more. */
static void
fill(int fd)
{
	static const char much[4096];

	while (send(fd, much, sizeof much, MSG_DONTWAIT) > 0)
		;
	while (send(fd, much, 1, MSG_DONTWAIT) > 0)
		;
}

static void
drain(int fd)
{
	char sink[4096];

	while (recv(fd, sink, sizeof sink, MSG_DONTWAIT) > 0)
		;
}

static int
do_call(fsock *s, enum call call)
{
	FILE *f = call == READ ? fsock_input(s) : fsock_output(s);

	if (call == START)
		return fsock_layer_start(s);
	if (call == READ)
		return fgetc(f);
	return fputs("first words\n", f) < 0 ? EOF : fflush(f);
}

static void *
interrupt(void *arg)
{
	fsock_interrupt(arg, FSOCK_INPUT | FSOCK_OUTPUT);
	return NULL;
}

static const enum fsock_error_kind kinds[] = { FSOCK_TIMEOUT_ERROR, FSOCK_DEADLINE_TIMEOUT_ERROR,
	FSOCK_CANCELED_ERROR };

/* The call fails, as it was to. */
static void
run_into(fsock *s, enum call call, enum limit limit)
{
	double start = sock_now();
	pthread_t thread;

	if (limit == TIMEOUT)
		fsock_set_option(s,
		    call == WRITE ? FSOCK_OPTION_SEND_TIMEOUT : FSOCK_OPTION_RECEIVE_TIMEOUT, 0.05);
	if (limit == DEADLINE)
		ck_assert_int_eq(fsock_set_deadline(s, 0.05), 0);
	if (limit == INTERRUPT)
		ck_assert_int_eq(pthread_create(&thread, NULL, interrupt, s), 0);
	ck_assert_int_eq(do_call(s, call), -1);
	sock_assert_error(kinds[limit], limit == INTERRUPT ? ECANCELED : ETIMEDOUT);
	ck_assert(sock_now() - start < 10);
	if (limit == INTERRUPT)
		pthread_join(thread, NULL);
}

/* A client in its handshake, which waits for input, or for room: reading, writing, or neither. */
START_TEST(in_handshake)
{
	enum call call = _i % CALLS;
	enum wish wish = _i / CALLS % WISHES;
	enum limit limit = _i / CALLS / WISHES;
	struct bare b = { .is_server = 1, .context = bare_context(1) };
	struct fsock_options options = { .timeout = 20, .interruptible = FSOCK_ON };
	struct fsock_layer_maker *maker;
	pthread_t thread;
	int fds[2];
	void *r;

	b.tls =
	    tls_of(&(struct fsock_tls_options){ .ca_file = file("ca.pem"), .name = "localhost" });
	maker = fsock_tls_layer(b.tls);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	b.fd = fds[1];
	b.s = fsock_adopt(fds[0], &options);
	if (wish == OUTPUT)
		fill(fds[0]);
	ck_assert_int_eq(maker->make(maker, b.s, 0), 0);
	run_into(b.s, call, limit);
	b.ssl = SSL_new(b.context);
	if (call != WRITE) { /* which is not done again once it has failed */
		if (wish == OUTPUT)
			drain(b.fd);
		fsock_set_deadline(b.s, INFINITY);
		fsock_set_option(b.s, FSOCK_OPTION_RECEIVE_TIMEOUT, 20);
		if (call == READ)
			clearerr(fsock_input(b.s));
		SSL_set_fd(b.ssl, b.fd);
		SSL_set_accept_state(b.ssl);
		ck_assert_int_eq(pthread_create(&thread, NULL, bare_handshake, &b), 0);
		ck_assert_msg(fsock_layer_start(b.s) == 0, "%s", fsock_last_error()->text);
		ck_assert_int_eq(pthread_join(thread, &r), 0);
		ck_assert_ptr_nonnull(r);
		bare_hear(&b, "late, but well\n");
		bare_say(&b, "well\n");
	}
	bare_close(&b);
}
END_TEST

/* Afterwards. What was read of a line before is not lost. */
START_TEST(in_reading)
{
	struct bare b = { .is_interruptible = 1 };
	FILE *in;

	bare_open(&b, _i % 2);
	fsock_set_option(b.s, FSOCK_OPTION_RECEIVE_TIMEOUT, 20);
	run_into(b.s, READ, _i / 2);
	in = fsock_input(b.s);
	clearerr(in);
	fsock_set_deadline(b.s, INFINITY);
	fsock_set_option(b.s, FSOCK_OPTION_RECEIVE_TIMEOUT, 20);
	bare_say(&b, "goes on\n");
	bare_hear(&b, "yes\n");
	bare_close(&b);
}
END_TEST

/*
 * The same of a writer, with a line or, _i & 2, more than the kernel has room for. Later writes
 * fail as that one did, and do not wait; the peer is told of no end; what it says is still heard.
 */
START_TEST(in_writing)
{
	enum limit limit = _i / 4;
	struct bare b = { .is_interruptible = 1 };
	static char much[1 << 20];
	char sink[4096];
	double start;
	FILE *out;
	ssize_t n;

	bare_open(&b, _i % 2);
	bare_hear(&b, "before\n");
	out = fsock_output(b.s);
	fsock_set_option(b.s, FSOCK_OPTION_SEND_TIMEOUT, 20);
	if (_i & 2)
		ck_assert_int_eq(setvbuf(out, much, _IOFBF, sizeof much), 0);
	for (size_t i = 0; i < sizeof much - 100 && (_i & 2); i++)
		putc('x', out);
	if (!(_i & 2))
		fill(fsock_socket(b.s));
	run_into(b.s, WRITE, limit);
	fsock_set_deadline(b.s, INFINITY);
	fsock_set_option(b.s, FSOCK_OPTION_SEND_TIMEOUT, 20);
	start = sock_now();
	clearerr(out);
	ck_assert(fputs("more\n", out) < 0 || fflush(out) != 0);
	sock_assert_error(kinds[limit], limit == INTERRUPT ? ECANCELED : ETIMEDOUT);
	ck_assert(sock_now() - start < 10);
	bare_say(&b, "still here\n");
	ck_assert_int_eq(fsock_close(b.s), -1);
	b.s = NULL;
	if (_i & 2) {
		while ((n = SSL_read(b.ssl, sink, sizeof sink)) > 0)
			ck_assert_ptr_null(memchr(sink, 'm', (size_t)n));
		ck_assert_int_ne(SSL_get_error(b.ssl, (int)n), SSL_ERROR_ZERO_RETURN);
	}
	bare_close(&b);
}
END_TEST

/* A record in the middle of which the connection is slow. */
struct slow {
	int fd, n;
	char octets[256];
	atomic_int is_over;
};

static void *
trickle(void *arg)
{
	struct slow *slow = arg;

	for (int i = 0; i < slow->n; i++) {
		if (!slow->is_over)
			poll(NULL, 0, 60);
		if (send(slow->fd, slow->octets + i, 1, MSG_NOSIGNAL) != 1)
			break;
	}
	return NULL;
}

/* Octets that come now and then, and are no record yet, do not make a limit longer. */
START_TEST(trickling)
{
	struct slow slow = { 0 };
	char line[64];
	pthread_t thread;
	struct bare b = { 0 };
	double start;
	BIO *out;
	FILE *in;

	bare_open(&b, 1);
	out = BIO_new(BIO_s_mem());
	SSL_set0_wbio(b.ssl, out);
	ck_assert_int_eq(SSL_write(b.ssl, "piece by piece, for long\n", 25), 25);
	slow.fd = b.fd;
	slow.n = BIO_read(out, slow.octets, sizeof slow.octets);
	ck_assert_int_gt(slow.n, 25);
	in = fsock_stream(b.s);
	fsock_set_option(b.s, FSOCK_OPTION_RECEIVE_TIMEOUT, 0.2);
	start = sock_now();
	ck_assert_int_eq(pthread_create(&thread, NULL, trickle, &slow), 0);
	ck_assert_ptr_null(fgets(line, sizeof line, in));
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	ck_assert(sock_now() - start < 0.06 * slow.n);
	slow.is_over = 1;
	clearerr(in);
	fsock_set_option(b.s, FSOCK_OPTION_RECEIVE_TIMEOUT, 20);
	ck_assert_msg(fgets(line, sizeof line, in) != NULL, "%s", fsock_last_error()->text);
	ck_assert_str_eq(line, "piece by piece, for long\n");
	pthread_join(thread, NULL);
	bare_close(&b);
}
END_TEST

static void
add(TCase *t)
{
	signal(SIGPIPE, SIG_IGN); /* the peer's OpenSSL raises it */
	tcase_add_loop_test(t, in_handshake, 0, CALLS * WISHES * LIMITS);
	tcase_add_loop_test(t, in_reading, 0, 2 * LIMITS);
	tcase_add_loop_test(t, in_writing, 0, 4 * LIMITS);
	tcase_add_test(t, trickling);
}

int
main(void)
{
	return tls_run("limits", add);
}

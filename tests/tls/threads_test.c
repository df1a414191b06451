/* A reader and a writer on one TLS connection, while a third thread interrupts and shuts down. */
#include "../../src/base/compat.h"

#include <semaphore.h>
#include <signal.h>

#include "bare.h"

enum { ENOUGH = 200000, MUCH = 2 * ENOUGH, INTERRUPTS = 50 };

static struct {
	struct bare b;
	sem_t is_going;
	size_t written, read, echoed;
	int is_cut; /* the writer does not end by itself */
	int is_right, errnum;
	char why[2][512]; /* of the writer, of the reader */
} world;

/* The peer: what comes goes back. */
static void *
echo(void *arg)
{
	struct bare *b = arg;
	char octets[4096];
	int n;

	while ((n = SSL_read(b->ssl, octets, sizeof octets)) > 0) {
		world.echoed += (size_t)n;
		if (SSL_write(b->ssl, octets, n) != n)
			return NULL;
	}
	SSL_shutdown(b->ssl);
	return NULL;
}

static void *
write_on(void *arg)
{
	FILE *out = fsock_output(arg);

	while ((world.is_cut || world.written < MUCH) &&
	       putc('a' + (int)(world.written % 26), out) != EOF)
		world.written++;
	if (ferror(out) || fflush(out) != 0)
		world.errnum = errno;
	snprintf(world.why[0], sizeof world.why[0], "%s", fsock_last_error()->text);
	return NULL;
}

/* Until the end, whoever interrupts. */
static void *
read_on(void *arg)
{
	FILE *in = fsock_input(arg);
	int c;

	for (;;) {
		c = getc(in);
		if (c == EOF && ferror(in) && errno == ECANCELED) {
			clearerr(in);
			continue;
		}
		if (c == EOF || c != 'a' + (int)(world.read % 26))
			break;
		if (++world.read == ENOUGH)
			sem_post(&world.is_going);
	}
	snprintf(world.why[1], sizeof world.why[1], "%s", fsock_last_error()->text);
	world.is_right = c == EOF && (world.is_cut || (feof(in) && !ferror(in)));
	if (world.read < ENOUGH)
		sem_post(&world.is_going);
	return NULL;
}

/*
 * Output ends when the writer is through, and then all has come back; or both directions end under
 * the reader and the writer, whose calls fail, and what was read until then is right.
 */
START_TEST(three)
{
	pthread_t peer, writer, reader;
	struct bare *b = &world.b;

	memset(&world, 0, sizeof world);
	world.is_cut = _i & 1;
	sem_init(&world.is_going, 0, 0);
	b->is_interruptible = 1;
	bare_open(b, _i & 2);
	ck_assert_int_eq(pthread_create(&peer, NULL, echo, b), 0);
	ck_assert_int_eq(pthread_create(&reader, NULL, read_on, b->s), 0);
	ck_assert_int_eq(pthread_create(&writer, NULL, write_on, b->s), 0);
	while (sem_wait(&world.is_going) != 0)
		;
	for (int i = 0; i < INTERRUPTS; i++)
		ck_assert_int_eq(fsock_interrupt(b->s, FSOCK_INPUT), 0);
	if (world.is_cut)
		fsock_shutdown(b->s, FSOCK_INPUT | FSOCK_OUTPUT);
	pthread_join(writer, NULL);
	if (!world.is_cut)
		ck_assert_int_eq(fsock_shutdown(b->s, FSOCK_OUTPUT), 0);
	pthread_join(reader, NULL);
	ck_assert_msg((world.errnum != 0) == world.is_cut, "%s", world.why[0]);
	ck_assert_msg(world.is_right, "%s", world.why[1]);
	ck_assert_int_eq(fsock_abort(b->s), 0);
	b->s = NULL;
	pthread_join(peer, NULL);
	ck_assert_uint_ge(world.read, ENOUGH);
	if (!world.is_cut)
		ck_assert(world.read == MUCH && world.echoed == MUCH);
	bare_close(b);
}
END_TEST

/* ---- Shutting down where the kernel takes no more: nobody gets a proper end of what is cut. */

static void
write_for_ever(void *arg)
{
	FILE *out = fsock_output(arg);

	while (fputs("much that nobody reads\n", out) >= 0)
		world.written++;
	world.errnum = errno;
}

/* The bare end reads until there is no more. Returns what OpenSSL says then. */
static int
read_to_end(struct bare *b)
{
	char octets[4096];
	int n;

	while ((n = SSL_read(b->ssl, octets, sizeof octets)) > 0)
		;
	return SSL_get_error(b->ssl, n);
}

/* A writer that is blocked fails at once, whoever has the FILE: _i & 4; both directions: _i & 1. */
START_TEST(shutdown_behind_a_writer)
{
	struct sock_thread writer;
	struct bare b = { 0 };
	double start;

	memset(&world, 0, sizeof world);
	bare_open(&b, _i & 2);
	if (_i & 4)
		fsock_input(b.s);
	sock_thread_start(&writer, write_for_ever, b.s);
	sock_thread_await_blocked(&writer);
	start = sock_now();
	ck_assert_int_eq(fsock_shutdown(b.s, _i & 1 ? FSOCK_IO : FSOCK_OUTPUT), 0);
	sock_thread_join(&writer);
	ck_assert(sock_now() - start < 10);
	ck_assert_int_eq(world.errnum, EPIPE);
	ck_assert_int_ne(read_to_end(&b), SSL_ERROR_ZERO_RETURN);
	bare_close(&b);
}
END_TEST

static void
read_line(void *arg)
{
	char line[64];

	world.is_right = fgets(line, sizeof line, arg) == NULL && feof(arg) && !ferror(arg);
}

/* Who is blocked in a read gets the end of the file, and no word of a cut; output goes on. */
START_TEST(input_ends_under_a_reader)
{
	struct sock_thread reader;
	char line[64] = "";

	for (int i = 0; i < 50; i++) {
		struct bare b = { 0 };
		FILE *in, *out;

		bare_open(&b, _i);
		in = fsock_input(b.s);
		out = fsock_output(b.s);
		sock_thread_start(&reader, read_line, in);
		sock_thread_await_blocked(&reader);
		ck_assert_int_eq(fsock_shutdown(b.s, FSOCK_INPUT), 0);
		sock_thread_join(&reader);
		ck_assert_msg(world.is_right, "round %d", i);
		ck_assert_int_ge(fputs("still here\n", out), 0);
		ck_assert_int_eq(fflush(out), 0);
		ck_assert_int_eq(SSL_read(b.ssl, line, sizeof line - 1), 11);
		ck_assert_int_eq(fsock_close(b.s), 0);
		b.s = NULL;
		ck_assert_int_eq(read_to_end(&b), SSL_ERROR_ZERO_RETURN);
		bare_close(&b);
	}
}
END_TEST

/*
 * Where nobody writes, the end waits for room as long as a write does. If there is none output has
 * failed: later writes do, and do not wait again; the peer's input has ended.
 */
START_TEST(no_room_for_the_end)
{
	struct bare b = { 0 };
	char sink[4096];
	double start;
	ssize_t n;
	FILE *out;

	bare_open(&b, _i & 2);
	bare_hear(&b, "all there is\n");
	out = fsock_stream(b.s);
	sock_fill(fsock_socket(b.s));
	fsock_set_option(b.s, FSOCK_OPTION_SEND_TIMEOUT, 0.05);
	ck_assert_int_eq(fsock_shutdown(b.s, _i & 1 ? FSOCK_IO : FSOCK_OUTPUT), -1);
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	fsock_set_option(b.s, FSOCK_OPTION_SEND_TIMEOUT, 20);
	start = sock_now();
	ck_assert(fputs("more\n", out) < 0 || fflush(out) != 0);
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	ck_assert(sock_now() - start < 10);
	while ((n = recv(b.fd, sink, sizeof sink, MSG_DONTWAIT)) > 0)
		;
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(fsock_close(b.s), -1);
	b.s = NULL;
	bare_close(&b);
}
END_TEST

static void
add(TCase *t)
{
	tcase_add_loop_test(t, shutdown_behind_a_writer, 0, 8);
	tcase_add_loop_test(t, input_ends_under_a_reader, 0, 2);
	tcase_add_loop_test(t, no_room_for_the_end, 0, 4);
	signal(SIGPIPE, SIG_IGN); /* the peer's OpenSSL raises it */
	tcase_add_loop_test(t, three, 0, 4);
}

int
main(void)
{
	return tls_run("threads", add);
}

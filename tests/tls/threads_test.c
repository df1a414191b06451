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

static void
add(TCase *t)
{
	signal(SIGPIPE, SIG_IGN); /* the peer's OpenSSL raises it */
	tcase_add_loop_test(t, three, 0, 4);
}

int
main(void)
{
	return tls_run("threads", add);
}

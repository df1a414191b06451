/*
 * Batched output: what the two-way stream hands over is held back while input is at hand, and sent
 * before anything waits. By every way in which a wait may begin.
 */
#include "../../src/base/compat.h"

#include <poll.h>
#include <unistd.h>

#include "../support/batch_link.h"
#include "../support/wait_support.h"

static struct batch_link link_;
static int number; /* of the way to wait */

/* Two requests that came together are answered: neither answer has gone. */
static void
answer_two(void)
{
	sock_await(link_.peer, POLLOUT);
	batch_peer_says(&link_, "one\ntwo\n");
	sock_await(fsock_socket(link_.s), POLLIN);
	batch_expect_line(&link_, "one\n");
	batch_say(&link_, "a\n");
	batch_expect_line(&link_, "two\n");
	batch_say(&link_, "b\n");
}

/* ---- What sends it. */

static void
expect_nothing(bool is_nothing)
{
	ck_assert(is_nothing);
	ck_assert_msg(errno == EAGAIN || errno == ETIMEDOUT, "%s", strerror(errno));
	clearerr(link_.f);
}

static void
by_fgets(void)
{
	char line[10];

	expect_nothing(fgets(line, sizeof line, link_.f) == NULL);
}

static void
by_getc(void)
{
	expect_nothing(getc(link_.f) == EOF);
}

static void
by_other_stream(void)
{
	FILE *in = fsock_input(link_.s);

	expect_nothing(getc(in) == EOF);
}

static void
by_octets(void)
{
	char octets[4];

	expect_nothing(fsock_read_octets(link_.f, octets, 4) == 0);
}

static void
by_peek(void)
{
	expect_nothing(fsock_peek_byte(link_.f) == EOF);
}

static void
by_receive(void)
{
	char octets[4];

	expect_nothing(fsock_receive(link_.s, octets, 4, NULL) == -1);
}

static void
by_close(void)
{
	ck_assert_int_eq(fsock_close(link_.s), 0);
	link_.s = NULL;
}

static void
by_recoding(void)
{
	FILE *text = fsock_recode(link_.f, "r+", "latin-1");

	expect_nothing(getc(text) == EOF);
	ck_assert_int_eq(fclose(text), 0); /* which takes the socket's stream with it */
	by_close();
}

static void
by_wait(void)
{
	ck_assert_int_eq(wait_state(number, link_.s, 0), 0);
}

static void
by_send(void)
{
	ck_assert_int_eq(fsock_send(link_.s, "c\n", 2, NULL), 2);
	batch_note(&link_, "c\n");
}

static void
by_empty_send(void)
{
	ck_assert_int_eq(fsock_send(link_.s, NULL, 0, NULL), 0);
}

static void
by_send_pending(void)
{
	while (fsock_send_pending(link_.s) > 0) /* layers have reasons to wait */
		;
}

static void
by_other_writer(void)
{
	FILE *out = fsock_output(link_.s);

	ck_assert_int_ge(fputs("d\n", out), 0);
	ck_assert_int_eq(fflush(out), 0);
	batch_note(&link_, "d\n");
}

static void
by_format(void)
{
	ck_assert_int_eq(fsock_set_format(link_.f, "utf-16"), 0);
}

static void
by_upgrade(void)
{
	ck_assert_int_ge(fsock_upgrade(link_.s), 0);
}

static void
by_blocking(void)
{
	ck_assert_int_eq(fsock_set_nonblocking(link_.s, 0), 0);
	if (fsock_pending_output(link_.s) > 0) /* it blocked before */
		ck_assert_int_eq(fsock_send_pending(link_.s), 0);
}

static void
by_fclose_of_one(void)
{
	ck_assert_ptr_nonnull(fsock_output(link_.s));
	ck_assert_int_eq(fclose(link_.f), 0);
}

static void
by_shutdown(void)
{
	ck_assert_int_eq(fsock_shutdown(link_.s, FSOCK_OUTPUT), 0);
}

static void
by_half_close(void)
{
	ck_assert_ptr_nonnull(fsock_input(link_.s));
	ck_assert_int_eq(fclose(link_.f), 0);
}

static void
by_fclose(void)
{
	fsock_disown(link_.s);
	ck_assert_int_eq(fclose(link_.f), 0);
	link_.s = NULL;
}

static void
by_release(void)
{
	int fd = fsock_release(link_.s, NULL, 0, NULL);

	ck_assert_int_ge(fd, 0);
	close(fd);
	link_.s = NULL;
}

static const struct way {
	const char *name;
	void (*run)(void);
	int is_end, no_layers;
} ways[] = {
	{ "fgets", by_fgets, 0, 0 },
	{ "getc", by_getc, 0, 0 },
	{ "another stream", by_other_stream, 0, 0 },
	{ "fsock_read_octets", by_octets, 0, 0 },
	{ "fsock_peek_byte", by_peek, 0, 0 },
	{ "fsock_receive", by_receive, 0, 0 },
	{ "fsock_recode", by_recoding, 1, 0 },
	{ "fsock_send", by_send, 0, 0 },
	{ "fsock_send of nothing", by_empty_send, 0, 0 },
	{ "fsock_send_pending", by_send_pending, 0, 0 },
	{ "another writer", by_other_writer, 0, 0 },
	{ "a format", by_format, 0, 0 },
	{ "fsock_upgrade", by_upgrade, 0, 1 },
	{ "blocking", by_blocking, 0, 0 },
	{ "fclose of one of two", by_fclose_of_one, 0, 0 },
	{ "fsock_shutdown", by_shutdown, 1, 0 },
	{ "half-close", by_half_close, 1, 0 },
	{ "fsock_close", by_close, 1, 0 },
	{ "fclose", by_fclose, 1, 0 },
	{ "fsock_release", by_release, 1, 1 },
};

static void
run_way(const struct way *way, const struct fsock_options *options)
{
	for (int kind = 0; kind < BATCH_KINDS; kind++) {
		batch_open(&link_, kind, options);
		answer_two();
		if (!batch_has_layers(&link_)) /* which may deliver in pieces */
			batch_expect_held(&link_);
		if (!way->no_layers || !batch_has_layers(&link_))
			way->run();
		else
			by_close();
		batch_expect_sent(&link_);
		if (way->is_end || link_.s == NULL)
			batch_expect_end(&link_);
		batch_close(&link_);
	}
}

START_TEST(sent)
{
	run_way(&ways[_i], &(struct fsock_options){ 0 });
}
END_TEST

START_TEST(sent_by_wait)
{
	static const struct way way = { "a wait", by_wait, 0, 0 };
	/* By blocks would lose input on some libcs: see fsock/stream.h. */
	static const enum fsock_delivery deliveries[] = { FSOCK_DELIVER_LINE,
		FSOCK_DELIVER_WHOLE_LINE };

	number = _i;
	for (int i = 0; i < COUNT(deliveries); i++)
		run_way(&way, &(struct fsock_options){ .delivery = deliveries[i] });
}
END_TEST

/* ---- What does not. */

/* Input at hand: the waits tell of it, and its answer goes with the others. */
START_TEST(at_hand)
{
	for (int kind = 0; kind < BATCH_KINDS; kind++) {
		batch_open(&link_, kind, &(struct fsock_options){ 0 });
		batch_peer_says(&link_, "one\ntwo\nthree\n");
		sock_await(fsock_socket(link_.s), POLLIN);
		batch_expect_line(&link_, "one\n");
		batch_say(&link_, "a\n");
		ck_assert(wait_state(_i, link_.s, 5) & FSOCK_INPUT);
		if (!batch_has_layers(&link_)) /* which deliver in pieces */
			batch_expect_held(&link_);
		batch_expect_line(&link_, "two\n");
		fprintf(link_.f, "%s", "b\n"); /* the next read passes it on */
		batch_note(&link_, "b\n");
		batch_expect_line(&link_, "three\n");
		batch_say(&link_, "c\n");
		by_fgets();
		batch_expect_sent(&link_);
		batch_close(&link_);
	}
}
END_TEST

/* For the streams of one direction, and without the option, fflush() sends. */
START_TEST(opt_in)
{
	for (int kind = 0; kind < BATCH_KINDS; kind++) {
		batch_open(&link_, kind, &(struct fsock_options){ 0 });
		link_.f = fsock_output(link_.s);
		batch_say(&link_, "at once\n");
		batch_expect_sent(&link_);
		batch_close(&link_);
	}
	link_.s = sock_raw(SOCK_PAIR, NULL, &link_.peer);
	link_.f = fsock_stream(link_.s);
	batch_say(&link_, "at once\n");
	batch_expect_sent(&link_);
	batch_close(&link_);
}
END_TEST

static const struct bound {
	struct fsock_options options;
	size_t piece, most; /* the first piece that would make it more sends all */
} bounds[] = {
	{ { .timeout = 0 }, 1000, 16383 },
	{ { .timeout = 0 }, 1, 16383 },
	{ { .timeout = 0 }, 8000, 16383 },
	{ { .timeout = 0 }, 20000, 16383 },
	{ { .high_water = 100 }, 10, 99 },
	{ { .output_limit = 40 }, 3, 19 },
	{ { .format = "utf-16le" }, 1000, 8191 },
};

static void
write_piece(const char *text)
{
	ck_assert_int_ge(fputs(text, link_.f), 0);
	ck_assert_int_eq(fflush(link_.f), 0);
}

/* Writes pieces until one would be too much. */
static void
exceed(const struct bound *b, const char *text)
{
	static char got[65536];
	size_t wide = b->options.format != NULL ? 2 : 1, n = 0;

	for (; n + b->piece <= b->most; n += b->piece) {
		write_piece(text);
		if (b->piece <= 4096) /* else stdio passes it on in two parts */
			ck_assert_int_eq(
			    fsock_pending_output(link_.s), (ssize_t)(wide * (n + b->piece)));
	}
	write_piece(text);
	ck_assert_int_le(fsock_pending_output(link_.s), (ssize_t)(wide * b->most));
	by_fgets();
	n = wide * (n + b->piece);
	ck_assert_int_eq(sock_read_all(link_.peer, got, n), (ssize_t)n);
}

START_TEST(bounded)
{
	static char text[20001];

	memset(text, 'x', bounds[_i].piece);
	text[bounds[_i].piece] = '\0';
	for (int kind = 0; kind < BATCH_KINDS - 2; kind++) {
		batch_open(&link_, kind, &bounds[_i].options);
		exceed(&bounds[_i], text);
		batch_close(&link_);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("batched output");
	TCase *t = tcase_create("batched output");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, sent, 0, COUNT(ways));
	tcase_add_loop_test(t, sent_by_wait, 0, wait_ways());
	tcase_add_loop_test(t, at_hand, 0, wait_ways());
	tcase_add_test(t, opt_in);
	tcase_add_loop_test(t, bounded, 0, COUNT(bounds));
	suite_add_tcase(suite, t);
	return sock_run(suite);
}

/* How a TLS connection ends: properly, in one direction, cut off; and what may follow. */
#include "../../src/base/compat.h"

#include "tls_support.h"

/* The end without close_notify. */
START_TEST(truncated)
{
	struct fsock_tls_options lax = { .ca_file = file("ca.pem"),
		.name = "localhost",
		.allow_truncation = _i ? FSOCK_ON : FSOCK_OFF };
	struct pair p;
	FILE *f;

	pair_open(&p, &lax);
	pair_start(&p);
	f = fsock_stream(p.client);
	say(p.server, p.client, "before\n");
	ck_assert_int_eq(shutdown(fsock_socket(p.server), SHUT_WR), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(fgetc(f), EOF);
		ck_assert_int_eq(ferror(f) != 0, !_i);
		if (!_i) {
			sock_assert_error(FSOCK_TRUNCATED_ERROR, ECONNRESET);
			ck_assert_str_eq(fsock_last_error()->text,
			    "read: connection ended without TLS's end: truncated?");
		}
		clearerr(f);
	}
	if (_i) { /* it has ended its side, and may yet read */
		say(p.client, p.server, "goes on\n");
		ck_assert_int_eq(fsock_close(p.client), 0);
		p.client = NULL;
		ck_assert_int_eq(fgetc(fsock_stream(p.server)), EOF);
		ck_assert(!ferror(fsock_stream(p.server)));
	}
	pair_close(&p);
}
END_TEST

/* Before the handshake is over it is none that anybody has allowed. */
START_TEST(truncated_handshake)
{
	struct fsock_tls_options lax = { .ca_file = file("ca.pem"),
		.name = "localhost",
		.allow_truncation = _i ? FSOCK_ON : FSOCK_OFF };
	struct pair p;

	pair_open(&p, &lax);
	ck_assert_int_eq(shutdown(fsock_socket(p.server), SHUT_WR), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    i == 0 ? fsock_tls_start(p.client, p.ours, 0) : fsock_layer_start(p.client),
		    -1);
		sock_assert_error(FSOCK_TRUNCATED_ERROR, ECONNRESET);
		ck_assert_str_eq(
		    fsock_last_error()->text, "handshake: connection ended in the TLS handshake");
	}
	pair_close(&p);
}
END_TEST

/* A peer that has ended its side, with TLS's end or without, and has gone: not a fault of TLS's. */
START_TEST(gone_behind_its_end)
{
	struct fsock_tls_options lax = {
		.ca_file = file("ca.pem"), .name = "localhost", .allow_truncation = FSOCK_ON
	};
	struct pair p;
	FILE *f;

	pair_open(&p, &lax);
	pair_start(&p);
	f = fsock_stream(p.client);
	say(p.server, p.client, "farewell\n");
	(_i ? fsock_abort : fsock_close)(p.server);
	p.server = NULL;
	ck_assert_int_eq(fgetc(f), EOF);
	ck_assert(!ferror(f));
	ck_assert(fputs("hello?\n", f) < 0 || fflush(f) != 0);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	clearerr(f);
	ck_assert_int_eq(fgetc(f), EOF);
	ck_assert(!ferror(f));
	ck_assert_int_eq(fsock_close(p.client), -1);
	p.client = NULL;
	pair_close(&p);
}
END_TEST

/* Half-close: the other direction goes on. */
START_TEST(half_closed)
{
	struct pair p;
	FILE *in;

	pair_open(&p, NULL);
	pair_start(&p);
	say(p.client, p.server, "that was all\n");
	ck_assert_int_eq(fsock_shutdown(p.client, FSOCK_OUTPUT), 0);
	in = fsock_stream(p.server);
	ck_assert_int_eq(fgetc(in), EOF);
	ck_assert(feof(in) && !ferror(in));
	say(p.server, p.client, "and an answer\n");
	ck_assert_int_eq(fsock_close(p.server), 0);
	p.server = NULL;
	ck_assert_int_eq(fgetc(fsock_stream(p.client)), EOF);
	ck_assert(!ferror(fsock_stream(p.client)));
	pair_close(&p);
}
END_TEST

static void
add(TCase *t)
{
	tcase_add_loop_test(t, truncated, 0, 2);
	tcase_add_loop_test(t, truncated_handshake, 0, 2);
	tcase_add_loop_test(t, gone_behind_its_end, 0, 2);
	tcase_add_test(t, half_closed);
}

int
main(void)
{
	return tls_run("end", add);
}

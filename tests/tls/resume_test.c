/* Sessions that are gone on with, and those that must not be. */
#include "../../src/base/compat.h"

#include "bare.h"

static const struct fsock_tls_options *
good(void)
{
	static struct fsock_tls_options o;

	o = (struct fsock_tls_options){ .certificate = file("good.pem"), .key = file("good.key") };
	return &o;
}

static fsock_tls *
believer(enum fsock_switch resume)
{
	return tls_of(&(struct fsock_tls_options){ .ca_file = file("ca.pem"), .resume = resume });
}

/* One connection, over which something is said. Returns whether it was resumed. */
static int
visit(const char *host, int port, fsock_tls *tls)
{
	FILE *f = fsock_tls_open(host, port, "r+,timeout=20", tls);
	struct fsock_tls_peer peer;
	int is_resumed;

	ck_assert_msg(f != NULL, "%s", fsock_last_error()->text);
	talk(f, "hello\n");
	talk(f, "again\n");
	is_resumed = fsock_tls_resumed(fsock_of(f));
	ck_assert_int_eq(fsock_tls_peer(fsock_of(f), &peer), 0);
	ck_assert_str_eq(peer.subject, "CN = localhost");
	ck_assert_int_eq(fclose(f), 0);
	return is_resumed;
}

/* Where both sides allow it, all but the first. */
START_TEST(again)
{
	enum fsock_switch ours = _i & 1 ? FSOCK_OFF : FSOCK_DEFAULT;
	struct fsock_tls_options server = *good();
	fsock_tls *tls = believer(ours);
	struct echo e;

	server.resume = _i & 2 ? FSOCK_OFF : FSOCK_DEFAULT;
	echo_open(&e, &server, _i & 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(visit("localhost", e.port, tls), i > 0 && (_i & 3) == 0);
	echo_close(&e);
	ck_assert_msg(e.errors == 0, "%s", e.error);
	fsock_tls_free(tls);
}
END_TEST

/* As many as have been kept at once; each is used once. */
START_TEST(several)
{
	fsock_tls *tls = believer(FSOCK_DEFAULT);
	struct echo e;
	FILE *f[5];

	echo_open(&e, good(), 1);
	for (int n = 4; n <= 5; n++) {
		for (int i = 0; i < n; i++) {
			f[i] = fsock_tls_open("localhost", e.port, "r+,timeout=20", tls);
			ck_assert_ptr_nonnull(f[i]);
			ck_assert_int_eq(fsock_tls_resumed(fsock_of(f[i])), n == 5 && i < 4);
		}
		for (int i = 0; i < n; i++) {
			talk(f[i], "hello\n");
			ck_assert_int_eq(fclose(f[i]), 0);
		}
	}
	echo_close(&e);
	fsock_tls_free(tls);
}
END_TEST

/* A session is for one name and one port. */
START_TEST(elsewhere)
{
	fsock_tls *tls = believer(FSOCK_DEFAULT), *other = believer(FSOCK_DEFAULT);
	struct echo e[2];

	echo_open(&e[0], good(), 1);
	echo_open(&e[1], good(), 1);
	ck_assert_int_eq(visit("localhost", e[0].port, tls), 0);
	ck_assert_int_eq(visit("127.0.0.1", e[0].port, tls), 0);
	ck_assert_int_eq(visit("localhost", e[1].port, tls), 0);
	ck_assert_int_eq(visit("localhost", e[0].port, other), 0);
	ck_assert_int_eq(visit("localhost", e[0].port, tls), 1);
	ck_assert_int_eq(visit("127.0.0.1", e[0].port, tls), 1);
	ck_assert_int_eq(visit("localhost", e[1].port, tls), 1);
	echo_close(&e[0]);
	echo_close(&e[1]);
	fsock_tls_free(tls);
	fsock_tls_free(other);
}
END_TEST

static void
copy(const char *from, const char *to)
{
	char command[128];

	snprintf(command, sizeof command, "cd %s && cp %s %s", directory, from, to);
	ck_assert_int_eq(system(command), 0);
}

static void
expect_refusal(int port, fsock_tls *tls)
{
	ck_assert_ptr_null(fsock_tls_open("localhost", port, "r+,timeout=20", tls));
	sock_assert_error(FSOCK_CERTIFICATE_ERROR, EPROTO);
}

/* Whom a client has ceased to believe it does not believe for an old session's sake. */
START_TEST(believed_no_more)
{
	fsock_tls *tls;
	struct echo e;

	copy("ca.pem", "now-ca.pem");
	tls = tls_of(&(struct fsock_tls_options){ .ca_file = file("now-ca.pem") });
	echo_open(&e, good(), 1);
	ck_assert_int_eq(visit("localhost", e.port, tls), 0);
	ck_assert_int_eq(visit("localhost", e.port, tls), 1);
	copy("other.pem", "now-ca.pem");
	ck_assert_int_eq(fsock_tls_reload(tls), 0);
	expect_refusal(e.port, tls);
	copy("ca.pem", "now-ca.pem");
	ck_assert_int_eq(fsock_tls_reload(tls), 0);
	ck_assert_int_eq(visit("localhost", e.port, tls), 0);
	echo_close(&e);
	fsock_tls_free(tls);
}
END_TEST

/* Of a server that was refused no session is kept. */
START_TEST(never_believed)
{
	struct fsock_tls_options server = { .certificate = file("now.pem"),
		.key = file("now.key") };
	fsock_tls *tls = believer(FSOCK_DEFAULT);
	struct echo e;

	copy("stranger.pem", "now.pem");
	copy("stranger.key", "now.key");
	echo_open(&e, &server, 1);
	expect_refusal(e.port, tls);
	expect_refusal(e.port, tls);
	copy("good.pem", "now.pem");
	copy("good.key", "now.key");
	ck_assert_int_eq(fsock_tls_reload(e.tls), 0);
	ck_assert_int_eq(visit("localhost", e.port, tls), 0);
	ck_assert_int_eq(visit("localhost", e.port, tls), 1);
	ck_assert_int_eq(fsock_tls_reload(e.tls), 0); /* its old tickets are of no use then */
	ck_assert_int_eq(visit("localhost", e.port, tls), 0);
	ck_assert_int_eq(visit("localhost", e.port, tls), 1);
	echo_close(&e);
	fsock_tls_free(tls);
}
END_TEST

/* Whom a server has refused comes in by no session; whom it takes keeps the certificate in it. */
START_TEST(client_certificate)
{
	struct fsock_tls_options server = *good();
	struct fsock_tls_options client = { .ca_file = file("ca.pem"),
		.certificate = file(_i ? "client.pem" : NULL),
		.key = file(_i ? "client.key" : NULL) };
	fsock_tls *tls = tls_of(&client);
	struct echo e;
	char line[8];

	server.ca_file = file("ca.pem");
	server.verify = FSOCK_ON;
	echo_open(&e, &server, 0);
	for (int i = 0; i < 3; i++) {
		FILE *f;

		if (_i) {
			ck_assert_int_eq(visit("localhost", e.port, tls), i > 0);
			continue;
		}
		f = fsock_tls_open("localhost", e.port, "r+,timeout=20", tls);
		ck_assert_ptr_nonnull(f);
		ck_assert_ptr_null(fgets(line, sizeof line, f));
		sock_assert_error(FSOCK_CERTIFICATE_ERROR, EPROTO);
		fclose(f);
	}
	echo_close(&e);
	fsock_tls_free(tls);
}
END_TEST

enum ending { CLOSED, ABORTED, TAMPERED };

/* How a connection ends says whether its session is of use: not if that has failed. */
START_TEST(after)
{
	struct pair p;
	fsock *ends[2];

	pair_open(&p, NULL);
	pair_start(&p);
	say(p.server, p.client, "a ticket comes with it\n");
	ck_assert_int_eq(fsock_tls_resumed(p.client), 0);
	if (_i == TAMPERED) {
		static const char forged[64] = "\x17\x03\x03\x00\x20";

		ck_assert_int_gt(send(fsock_socket(p.server), forged, 37, 0), 0);
		ck_assert_int_eq(fgetc(fsock_stream(p.client)), EOF);
		sock_assert_error(FSOCK_TLS_ERROR, EPROTO);
		ck_assert_str_eq(fsock_last_error()->text, "read: a record was changed");
	}
	ck_assert_int_eq((_i == ABORTED ? fsock_abort : fsock_close)(p.client), 0);
	fsock_close(p.server);
	ck_assert_int_eq(fsock_pair(ends, &(struct fsock_options){ .timeout = 20 }), 0);
	p.client = ends[0];
	p.server = ends[1];
	pair_start(&p);
	say(p.server, p.client, "again\n");
	ck_assert_int_eq(fsock_tls_resumed(p.client), _i != TAMPERED);
	ck_assert_int_eq(fsock_tls_resumed(p.server), _i != TAMPERED);
	pair_close(&p);
}
END_TEST

/* TLS 1.2 has tickets in the handshake, which may be used more than once. */
START_TEST(older)
{
	struct bare b = { .is_server = 1, .context = bare_context(1) };

	SSL_CTX_set_max_proto_version(b.context, TLS1_2_VERSION);
	b.tls =
	    tls_of(&(struct fsock_tls_options){ .ca_file = file("ca.pem"), .name = "localhost" });
	for (int i = 0; i < 3; i++) {
		bare_connect(&b);
		ck_assert_str_eq(fsock_tls_version(b.s), "TLSv1.2");
		bare_say(&b, "hello\n");
		bare_hear(&b, "hello\n");
		ck_assert_int_eq(fsock_tls_resumed(b.s), i > 0);
		ck_assert_int_eq(SSL_session_reused(b.ssl), i > 0);
		bare_disconnect(&b);
	}
	fsock_tls_free(b.tls);
	SSL_CTX_free(b.context);
}
END_TEST

static void
add(TCase *t)
{
	tcase_add_loop_test(t, again, 0, 8);
	tcase_add_test(t, several);
	tcase_add_test(t, elsewhere);
	tcase_add_test(t, believed_no_more);
	tcase_add_test(t, never_believed);
	tcase_add_loop_test(t, client_certificate, 0, 2);
	tcase_add_loop_test(t, after, 0, 3);
	tcase_add_test(t, older);
}

int
main(void)
{
	return tls_run("resume", add);
}

/* TLS under the streams: what is agreed on, what is refused, and in which words. */
#include "../../src/base/compat.h"

#include <openssl/ssl.h>

#include "../support/traced.h"
#include "tls_support.h"

START_TEST(agreed)
{
	int version = 12 + _i % 2, lines = _i / 2;
	struct fsock_tls_options server = {
		.certificate = file("good.pem"), .key = file("good.key"), .alpn = "b,a"
	};
	struct fsock_tls_options client = {
		.ca_file = file("ca.pem"), .alpn = "a,b", .min_version = version
	};
	struct fsock_tls_peer peer;
	struct echo e;
	fsock_tls *tls = tls_of(&client);
	FILE *f;

	if (version == 12)
		server.ciphers = "ECDHE+AESGCM";
	echo_open(&e, &server, lines);
	f = fsock_tls_open("localhost", e.port, "r+,timeout=20", tls);
	ck_assert_msg(f != NULL, "%s", fsock_last_error()->text);
	for (int i = 0; i < 100; i++)
		talk(f, "hello there\n");
	ck_assert_str_eq(fsock_tls_version(fsock_of(f)), "TLSv1.3");
	ck_assert_str_eq(fsock_tls_alpn(fsock_of(f)), "b");
	ck_assert_str_eq(fsock_tls_server_name(fsock_of(f)), "localhost");
	ck_assert_int_eq(fsock_tls_peer(fsock_of(f), &peer), 0);
	ck_assert_str_eq(peer.subject, "CN = localhost");
	ck_assert_str_eq(peer.issuer, "CN = Test CA ca");
	ck_assert(peer.not_before < peer.not_after);
	ck_assert_int_eq(fclose(f), 0);
	echo_close(&e);
	ck_assert_msg(e.errors == 0, "%s", e.error);
	fsock_tls_free(tls);
}
END_TEST

/* A trace has what is said in the clear, and of the handshake what was agreed on. */
START_TEST(traced)
{
	struct fsock_tls_options server = { .certificate = file("good.pem"),
		.key = file("good.key") };
	struct fsock_tls_options client = { .ca_file = file("ca.pem") };
	fsock_tls *tls = tls_of(&client);
	struct fsock_statistics st;
	const char *trace;
	struct echo e;
	FILE *f;

	sock_dir_make();
	traced_begin();
	echo_open(&e, &server, 0);
	f = fsock_tls_open("localhost", e.port, "r+,timeout=20", tls);
	ck_assert_msg(f != NULL, "%s", fsock_last_error()->text);
	talk(f, "hello there\n");
	ck_assert_int_eq(fsock_statistics(fsock_of(f), &st), 0);
	ck_assert_uint_eq(st.octets_sent, 12);
	ck_assert_uint_eq(st.octets_received, 12);
	ck_assert(st.wire_sent > 100 && st.wire_received > 100);
	ck_assert(st.ready >= st.connected && st.first_octet >= st.ready);
	ck_assert_int_eq(fclose(f), 0);
	echo_close(&e);
	trace = traced_end();
	ck_assert_msg(strstr(trace, " * handshake: TLS TLSv1.") != NULL, "%s", trace);
	ck_assert_msg(strstr(trace, " > hello there\\n\n") != NULL, "%s", trace);
	ck_assert_msg(strstr(trace, " < hello there\\n\n") != NULL, "%s", trace);
	ck_assert_msg(
	    strstr(trace, " closed: 12 octets received, 12 sent (T s)\n") != NULL, "%s", trace);
	fsock_tls_free(tls);
	sock_dir_remove();
}
END_TEST

static const struct {
	const char *name, *host;
	const char *asked; /* the name, if it is not the host */
	int with_crl;
	const char *text; /* what follows the place; up to a '*' */
} bad[] = {
	{ "expired", "localhost", NULL, 0, "certificate of localhost expired on *" },
	{ "later", "localhost", NULL, 0,
	    "certificate of localhost is not valid before 2099-01-01" },
	{ "own", "localhost", NULL, 0, "certificate of localhost is self-signed" },
	{ "stranger", "localhost", NULL, 0,
	    "certificate of localhost is not signed by a known authority (issuer Test CA other)" },
	{ "leaf", "localhost", NULL, 0,
	    "certificate of localhost is not signed by a known authority (issuer localhost)" },
	{ "named", "localhost", NULL, 0, "certificate is for other.example, not localhost" },
	{ "named", "127.0.0.1", NULL, 0, "certificate is for other.example, not 127.0.0.1" },
	{ "purpose", "localhost", NULL, 0, "certificate of localhost is not for servers" },
	{ "revoked", "localhost", NULL, 1, "certificate of localhost was revoked" },
	{ "partial", "localhost", "www.example.org", 0, "certificate is for w*" },
};

static void
expect_words(const char *text, const char *place, const char *words)
{
	const char *star = strchr(words, '*');
	size_t n = star == NULL ? strlen(words) + 1 : (size_t)(star - words);

	ck_assert_msg(strncmp(text, place, strlen(place)) == 0 &&
			  strncmp(text + strlen(place), words, n) == 0,
	    "'%s' instead of '%s%s'", text, place, words);
}

START_TEST(bad_certificate)
{
	char name[32], key[32], place[64];
	struct fsock_tls_options server = { 0 };
	struct fsock_tls_options client = { .ca_file = file("ca.pem"),
		.crl_file = bad[_i].with_crl ? file("crl.pem") : NULL,
		.name = bad[_i].asked };
	struct fsock_tls_options blind = { .verify = FSOCK_OFF };
	fsock_tls *tls, *trusting;
	struct echo e;
	FILE *f;

	snprintf(name, sizeof name, "%s.pem", bad[_i].name);
	snprintf(key, sizeof key, "%s.key", bad[_i].name);
	server.certificate = file(name);
	server.key = file(key);
	echo_open(&e, &server, _i % 2);
	tls = tls_of(&client);
	ck_assert_ptr_null(fsock_tls_open(bad[_i].host, e.port, "r+,timeout=20", tls));
	snprintf(place, sizeof place, "connect to %s port %d: ", bad[_i].host, e.port);
	expect_words(fsock_last_error()->text, place, bad[_i].text);
	sock_assert_error(FSOCK_CERTIFICATE_ERROR, EPROTO);
	trusting = tls_of(&blind);
	f = fsock_tls_open(bad[_i].host, e.port, "r+,timeout=20", trusting);
	ck_assert_msg(f != NULL, "%s", fsock_last_error()->text);
	talk(f, "all the same\n");
	ck_assert_int_eq(fclose(f), 0);
	echo_close(&e);
	ck_assert_int_eq(e.errors, 1); /* it was told, and nobody else was disturbed */
	ck_assert_msg(strstr(e.error, "peer refused our certificate") != NULL, "%s", e.error);
	fsock_tls_free(tls);
	fsock_tls_free(trusting);
}
END_TEST

static const struct {
	const char *certificate, *key;
	const char *text; /* of the client; NULL: it is served */
} clients[] = {
	{ "client.pem", "client.key", NULL },
	{ NULL, NULL, "peer demands a certificate" },
	{ "stranger.pem", "stranger.key", "peer refused our certificate: unknown authority" },
};

/* A server that demands certificates; TLS 1.3 tells the client when it first reads. */
START_TEST(client_certificate)
{
	struct fsock_tls_options server = { .certificate = file("good.pem"),
		.key = file("good.key"),
		.ca_file = file("ca.pem"),
		.verify = FSOCK_ON };
	struct fsock_tls_options client = { .ca_file = file("ca.pem"),
		.certificate = file(clients[_i].certificate),
		.key = file(clients[_i].key) };
	fsock_tls *tls = tls_of(&client);
	struct echo e;
	char line[8];
	FILE *f;

	echo_open(&e, &server, 0);
	f = fsock_tls_open("127.0.0.1", e.port, "r+,timeout=20", tls);
	ck_assert_ptr_nonnull(f);
	if (clients[_i].text == NULL) {
		talk(f, "let in\n");
	} else {
		ck_assert_ptr_null(fgets(line, sizeof line, f));
		ck_assert_msg(strstr(fsock_last_error()->text, clients[_i].text) != NULL, "%s",
		    fsock_last_error()->text);
	}
	fclose(f);
	echo_close(&e);
	ck_assert_int_eq(e.errors, clients[_i].text != NULL);
	fsock_tls_free(tls);
}
END_TEST

/* Each side says in its words that there is nothing to agree on; others are served after that. */
START_TEST(no_common_protocol)
{
	struct fsock_tls_options server = {
		.certificate = file("good.pem"), .key = file("good.key"), .alpn = "b"
	};
	fsock_tls *tls =
	    tls_of(&(struct fsock_tls_options){ .ca_file = file("ca.pem"), .alpn = "a" });
	static const char words[] = "no common application protocol (ALPN)";
	fsock_tls *other =
	    tls_of(&(struct fsock_tls_options){ .ca_file = file("ca.pem"), .alpn = "b" });
	struct echo e;
	FILE *f;

	echo_open(&e, &server, _i);
	ck_assert_ptr_null(fsock_tls_open("localhost", e.port, "r+,timeout=20", tls));
	sock_assert_error(FSOCK_TLS_ERROR, EPROTO);
	ck_assert_msg(
	    strstr(fsock_last_error()->text, words) != NULL, "%s", fsock_last_error()->text);
	f = fsock_tls_open("localhost", e.port, "r+,timeout=20", other);
	ck_assert_msg(f != NULL, "%s", fsock_last_error()->text);
	talk(f, "served\n");
	ck_assert_int_eq(fclose(f), 0);
	echo_close(&e);
	ck_assert_int_eq(e.errors, 1);
	ck_assert_msg(strstr(e.error, words) != NULL, "%s", e.error);
	fsock_tls_free(tls);
	fsock_tls_free(other);
}
END_TEST

START_TEST(octet_by_octet)
{
	enum sock_transport transport = _i ? SOCK_TCP4 : SOCK_UNIX;
	const struct fsock_options options = { .timeout = 20 };
	struct relay relay;
	struct pair p;

	pair_make(&p, NULL);
	p.client = sock_raw(transport, &options, &relay.fds[0]);
	p.server = sock_raw(transport, &options, &relay.fds[1]);
	relay_start(&relay);
	pair_start(&p);
	for (int i = 0; i < 20; i++) {
		say(p.client, p.server, "one at a time\n");
		say(p.server, p.client, "and back\n");
	}
	pair_close(&p);
	relay_join(&relay);
}
END_TEST

/* Tickets make a descriptor readable that has nothing to be read; lines of one record all come. */
START_TEST(listed)
{
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;
	int lines = 0;
	char line[32];
	struct pair p;

	pair_open(&p, NULL);
	ck_assert_int_eq(fsock_waitlist_add(list, p.client, FSOCK_INPUT, NULL), 0);
	pair_start(&p);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.05, NULL), 0);
	ck_assert_int_eq(fsock_wait_for_input(&p.client, 1, 0.05, NULL), 0);
	ck_assert_int_ge(fputs("1\n2\n3\n4\n", fsock_stream(p.server)), 0);
	ck_assert_int_eq(fflush(fsock_stream(p.server)), 0);
	while (lines < 4) {
		ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
		ck_assert_ptr_eq(fsock_waitlist_next(list, &event), p.client);
		ck_assert_int_eq(event.state, FSOCK_INPUT);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(p.client)));
		ck_assert_int_eq(line[0], '1' + lines++);
	}
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.02, NULL), 0);
	ck_assert_int_eq(fsock_close(p.server), 0);
	p.server = NULL;
	ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, &event), p.client);
	ck_assert_int_eq(event.state, FSOCK_INPUT | FSOCK_HANGUP);
	pair_close(&p);
	fsock_waitlist_free(list);
}
END_TEST

/*
 * Much in both directions, with a reader and a writer on each end. Their FILEs are open before the
 * first of them is through: the last one that is closed takes the socket with it.
 */
struct bulk {
	FILE *f;
	size_t n;
	pthread_t thread;
};

static void *
write_bulk(void *arg)
{
	struct bulk *b = arg;

	for (size_t i = 0; i < b->n; i++)
		fprintf(b->f, "line %zu of many\n", i);
	fclose(b->f);
	return NULL;
}

static void *
read_bulk(void *arg)
{
	struct bulk *b = arg;
	char line[64], expected[64];
	size_t i;

	for (i = 0; fgets(line, sizeof line, b->f) != NULL; i++) {
		snprintf(expected, sizeof expected, "line %zu of many\n", i);
		if (strcmp(line, expected) != 0)
			return NULL;
	}
	return i == b->n && !ferror(b->f) ? b : NULL;
}

START_TEST(four_threads)
{
	struct bulk writers[2], readers[2];
	struct pair p;
	void *r;

	pair_open(&p, NULL);
	pair_start(&p);
	for (int i = 0; i < 2; i++) {
		fsock *s = i ? p.server : p.client;

		writers[i] = (struct bulk){ .f = fsock_output(s), .n = 40000 };
		readers[i] = (struct bulk){ .f = fsock_input(s), .n = 40000 };
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    pthread_create(&writers[i].thread, NULL, write_bulk, &writers[i]), 0);
		ck_assert_int_eq(
		    pthread_create(&readers[i].thread, NULL, read_bulk, &readers[i]), 0);
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_join(writers[i].thread, NULL), 0);
		ck_assert_int_eq(pthread_join(readers[i].thread, &r), 0);
		ck_assert_ptr_nonnull(r);
	}
	pair_close(&p);
}
END_TEST

/* A server that says nothing is not waited for longer than was said. */
START_TEST(silence)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL);
	struct fsock_options options = { .layer = fsock_tls_layer(NULL) };

	if (_i)
		options.deadline = 0.1;
	else
		options.connect_timeout = 0.1;
	ck_assert_ptr_null(fsock_connect("127.0.0.1", fsock_local_port(listener), &options));
	ck_assert_int_eq(errno, ETIMEDOUT);
	fsock_close(listener);
}
END_TEST

/* A whole hello: the server answers, and waits for the client's part. */
static int
make_hello(char *octets, int most)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);
	BIO *out = BIO_new(BIO_s_mem());
	int n;

	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
	SSL_connect(ssl);
	n = BIO_read(out, octets, most);
	SSL_free(ssl);
	SSL_CTX_free(context);
	return n;
}

/* Clients that say nothing, or a hello, or half of one, are let go in time; others are served. */
START_TEST(silent_clients)
{
	struct fsock_tls_options good = { .certificate = file("good.pem"),
		.key = file("good.key") };
	fsock_tls *tls = tls_of(&good), *ours;
	struct fsock_server_options how = { .error = keep_error,
		.socket = { .layer = fsock_tls_layer(tls), .handshake_timeout = 3 } };
	struct echo e = { 0 };
	char hello[1024], sink[4096];
	int length = make_hello(hello, sizeof hello);
	fsock *silent[9];
	ssize_t n;
	FILE *f;

	e.server = _i ? fsock_server_start_lines("127.0.0.1", 0, echo_line, &e, &how)
		      : fsock_server_start("127.0.0.1", 0, echo_stream, &e, &how);
	e.port = fsock_local_port(fsock_server_socket(e.server));
	for (int i = 0; i < 9; i++) {
		silent[i] =
		    fsock_connect("127.0.0.1", e.port, &(struct fsock_options){ .timeout = 20 });
		ck_assert_int_gt(length, 100);
		if (i % 2 || i == 8)
			fsock_send(silent[i], hello, i == 8 ? (size_t)length : 4, NULL);
	}
	ours = tls_of(&(struct fsock_tls_options){ .ca_file = file("ca.pem") });
	f = fsock_tls_open("localhost", e.port, "r+,timeout=20", ours);
	ck_assert_ptr_nonnull(f);
	talk(f, "served\n");
	for (int i = 0; i < 9; i++) {
		errno = 0;
		while ((n = fsock_receive(silent[i], sink, sizeof sink, NULL)) > 0)
			ck_assert_int_eq(i, 8); /* who alone gets an answer */
		ck_assert_int_ne(errno, ETIMEDOUT);
		fsock_close(silent[i]);
	}
	ck_assert_int_eq(fclose(f), 0);
	fsock_server_stop(e.server, 5);
	ck_assert_int_eq(e.errors, 9);
	fsock_tls_free(tls);
	fsock_tls_free(ours);
}
END_TEST

static const struct {
	struct fsock_tls_options options;
	const char *files[3]; /* certificate, key, authorities */
	int errnum;
} unusable[] = {
	{ { .min_version = 11 }, { NULL }, EINVAL }, { { .alpn = "a,,b" }, { NULL }, EINVAL },
	{ { .reserved = { 1 } }, { NULL }, EINVAL },
	{ { .ciphers = "none such" }, { NULL }, EPROTO }, { { 0 }, { "missing.pem" }, ENOENT },
	{ { 0 }, { "good.pem", "named.key" }, EPROTO }, { { 0 }, { "good.key" }, EPROTO },
	{ { 0 }, { NULL, NULL, "missing.pem" }, ENOENT },
	{ { 0 }, { "weak.pem", "weak.key" }, EPROTO }, /* 1024 bits of RSA */
};

START_TEST(unusable_options)
{
	struct fsock_tls_options o = unusable[_i].options;

	o.certificate = file(unusable[_i].files[0]);
	o.key = file(unusable[_i].files[1]);
	o.ca_file = file(unusable[_i].files[2]);
	ck_assert_ptr_null(fsock_tls_new(&o));
	ck_assert_msg(errno == unusable[_i].errnum, "%s", fsock_last_error()->text);
	ck_assert_int_eq(fsock_last_error()->errnum, unusable[_i].errnum);
}
END_TEST

/* New files for connections to come, under the ones that stand. */
START_TEST(reload)
{
	struct fsock_tls_options server = { .certificate = file("now.pem"),
		.key = file("now.key") };
	fsock_tls *tls = tls_of(&(struct fsock_tls_options){ .ca_file = file("ca.pem") });
	char command[256];
	struct echo e;
	FILE *before, *after;

	snprintf(command, sizeof command, "cd %s && cp good.pem now.pem && cp good.key now.key",
	    directory);
	ck_assert_int_eq(system(command), 0);
	echo_open(&e, &server, 1);
	before = fsock_tls_open("localhost", e.port, "r+,timeout=20", tls);
	ck_assert_ptr_nonnull(before);
	talk(before, "old\n");
	snprintf(command, sizeof command, "cd %s && cp named.pem now.pem && cp named.key now.key",
	    directory);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(fsock_tls_reload(e.tls), 0);
	ck_assert_ptr_null(fsock_tls_open("localhost", e.port, "r+,timeout=20", tls));
	talk(before, "goes on\n");
	snprintf(command, sizeof command, "cd %s && : > now.pem", directory);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(fsock_tls_reload(e.tls), -1);
	snprintf(command, sizeof command, "cd %s && cp good.pem now.pem && cp good.key now.key",
	    directory);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(fsock_tls_reload(e.tls), 0);
	after = fsock_tls_open("localhost", e.port, "r+,timeout=20", tls);
	ck_assert_ptr_nonnull(after);
	talk(after, "new\n");
	fclose(before);
	fclose(after);
	echo_close(&e);
	fsock_tls_free(tls);
}
END_TEST

struct visitor {
	pthread_t thread;
	fsock_tls *tls;
	int port, rounds;
};

/* Connects again and again. Returns its argument, or NULL if once that has failed. */
static void *
visit_often(void *arg)
{
	struct visitor *v = arg;
	char line[16];

	for (int i = 0; i < v->rounds; i++) {
		FILE *f = fsock_tls_open("localhost", v->port, "r+,timeout=20", v->tls);
		int r = f != NULL && fputs("hello\n", f) >= 0 && fflush(f) == 0 &&
			fgets(line, sizeof line, f) != NULL;

		if (f == NULL || fclose(f) != 0 || !r)
			return NULL;
	}
	return v;
}

/* New files, of the server and of the clients, while clients come; nobody is turned away. */
START_TEST(reload_under_load)
{
	enum { VISITORS = 3, ROUNDS = 20 };
	struct fsock_tls_options server = { .certificate = file("good.pem"),
		.key = file("good.key") };
	fsock_tls *tls = tls_of(&(struct fsock_tls_options){ .ca_file = file("ca.pem") });
	struct visitor visitors[VISITORS];
	struct echo e;
	void *r;

	echo_open(&e, &server, _i);
	for (int i = 0; i < VISITORS; i++) {
		visitors[i] = (struct visitor){ .tls = tls, .port = e.port, .rounds = ROUNDS };
		ck_assert_int_eq(
		    pthread_create(&visitors[i].thread, NULL, visit_often, &visitors[i]), 0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		ck_assert_int_eq(fsock_tls_reload(e.tls), 0);
		ck_assert_int_eq(fsock_tls_reload(tls), 0);
	}
	for (int i = 0; i < VISITORS; i++) {
		ck_assert_int_eq(pthread_join(visitors[i].thread, &r), 0);
		ck_assert_ptr_nonnull(r);
	}
	echo_close(&e);
	ck_assert_msg(e.errors == 0, "%s", e.error);
	fsock_tls_free(tls);
}
END_TEST

static void
add(TCase *t)
{
	tcase_add_loop_test(t, reload_under_load, 0, 2);
	tcase_add_loop_test(t, agreed, 0, 4);
	tcase_add_test(t, traced);
	tcase_add_loop_test(t, bad_certificate, 0, COUNT(bad));
	tcase_add_loop_test(t, no_common_protocol, 0, 2);
	tcase_add_loop_test(t, client_certificate, 0, COUNT(clients));
	tcase_add_loop_test(t, octet_by_octet, 0, 2);
	tcase_add_test(t, listed);
	tcase_add_test(t, four_threads);
	tcase_add_loop_test(t, silence, 0, 2);
	tcase_add_loop_test(t, silent_clients, 0, 2);
	tcase_add_loop_test(t, unusable_options, 0, COUNT(unusable));
	tcase_add_test(t, reload);
}

int
main(void)
{
	return tls_run("tls", add);
}

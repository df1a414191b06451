/*
 * What a program may say of certificates, names and protocols, and what it is told of a connection.
 */
#include "../../src/base/compat.h"

#include "bare.h"

/* ---- What a server shows to whom. */

static const struct {
	const char *name, *subject;
} chosen[] = {
	{ "localhost", "CN = localhost" }, { "other.example", "CN = example.org" },
	{ "127.0.0.1", "CN = localhost" }, /* no name is asked for */
};

static fsock_tls *
choose(const char *name, void *arg)
{
	return strcmp(name, "other.example") == 0 ? arg : NULL;
}

START_TEST(by_name)
{
	fsock_tls *other = tls_of(&(struct fsock_tls_options){
	    .certificate = file("named.pem"), .key = file("named.key") });
	struct fsock_tls_options client = { .ca_file = file("ca.pem"), .name = chosen[_i].name };
	struct fsock_tls_peer peer;
	struct pair p;

	pair_open(&p, &client);
	fsock_tls_free(p.theirs);
	p.theirs = tls_of(&(struct fsock_tls_options){ .certificate = file("good.pem"),
	    .key = file("good.key"),
	    .choose = choose,
	    .arg = other });
	pair_start(&p);
	ck_assert_int_eq(fsock_tls_peer(p.client, &peer), 0);
	ck_assert_str_eq(peer.subject, chosen[_i].subject);
	pair_close(&p);
	fsock_tls_free(other);
}
END_TEST

/* ---- Whom a client asks for. */

#define A_63  "a23456789012345678901234567890123456789012345678901234567890123"
#define A_256 A_63 "." A_63 "." A_63 "." A_63 "."

static const struct {
	const char *name;
	enum fsock_switch verify, verify_name;
	int errnum; /* 0: it is connected */
} names[] = {
	{ "localhost.", FSOCK_DEFAULT, FSOCK_DEFAULT, 0 },
	{ ".localhost", FSOCK_DEFAULT, FSOCK_DEFAULT, EINVAL },
	{ ".", FSOCK_DEFAULT, FSOCK_OFF, EINVAL },
	{ A_256 "aa", FSOCK_DEFAULT, FSOCK_OFF, EINVAL },
	{ "", FSOCK_DEFAULT, FSOCK_DEFAULT, EINVAL },
	{ "/a/path", FSOCK_DEFAULT, FSOCK_DEFAULT, EINVAL },
	{ "@name", FSOCK_DEFAULT, FSOCK_DEFAULT, EINVAL },
	{ "", FSOCK_DEFAULT, FSOCK_OFF, 0 },
	{ "/a/path", FSOCK_DEFAULT, FSOCK_OFF, 0 },
	{ "@name", FSOCK_OFF, FSOCK_DEFAULT, 0 },
	{ "example.net", FSOCK_DEFAULT, FSOCK_OFF, 0 },
};

START_TEST(asked_for)
{
	struct fsock_tls_options client = { .ca_file = file("ca.pem"),
		.name = names[_i].name,
		.verify = names[_i].verify,
		.verify_name = names[_i].verify_name };
	struct pair p;

	pair_open(&p, &client);
	if (names[_i].errnum == 0) {
		pair_start(&p);
		say(p.client, p.server, "it is\n");
	} else {
		ck_assert_int_eq(fsock_tls_start(p.client, p.ours, 0), -1);
		sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, names[_i].errnum);
		ck_assert_str_eq(fsock_last_error()->operation, "make TLS");
		say(p.client, p.server, "in clear\n"); /* nothing has begun */
	}
	pair_close(&p);
}
END_TEST

/* ---- Whom it believes. */

static const struct {
	const char *dir;
	const char *text; /* of the error; NULL: it is connected */
} dirs[] = {
	{ "hashed", NULL },
	{ "hashed/none", "certificate of localhost is not signed by a known authority" },
	{ "", "certificate of localhost is not signed by a known authority" },
	{ NULL, "certificate of localhost is not signed by a known authority" },
};

START_TEST(directory_of_authorities)
{
	const char *dir = dirs[_i].dir;
	struct fsock_tls_options client = { .ca_dir = dir != NULL && dir[0] ? file(dir) : dir };
	fsock_tls *tls = dir != NULL ? tls_of(&client) : NULL;
	struct echo e;
	FILE *f;

	echo_open(&e,
	    &(struct fsock_tls_options){ .certificate = file("good.pem"), .key = file("good.key") },
	    0);
	f = fsock_tls_open("localhost", e.port, "r+,timeout=20", tls);
	if (dirs[_i].text == NULL) {
		ck_assert_msg(f != NULL, "%s", fsock_last_error()->text);
		talk(f, "believed\n");
		ck_assert_int_eq(fclose(f), 0);
	} else {
		ck_assert_ptr_null(f);
		sock_assert_error(FSOCK_CERTIFICATE_ERROR, EPROTO);
		ck_assert_msg(strstr(fsock_last_error()->text, dirs[_i].text) != NULL, "%s",
		    fsock_last_error()->text);
	}
	echo_close(&e);
	fsock_tls_free(tls);
}
END_TEST

/* A server that knows authorities asks for a certificate, but demands none. */
static const struct {
	const char *certificate, *key;
	const char *subject; /* that the server sees; NULL: none */
	const char *text;    /* of its error; NULL: it is connected */
} shown[] = {
	{ NULL, NULL, NULL, NULL },
	{ "client.pem", "client.key", "CN = someone", NULL },
	{ "nameless.pem", "nameless.key", NULL,
	    "handshake: certificate of (no name) is not for clients" },
	{ "stranger.pem", "stranger.key", NULL,
	    "handshake: certificate of localhost is not signed by a known authority (issuer Test "
	    "CA other)" },
};

static void *
connect_tls(void *arg)
{
	struct pair *p = arg;
	char c;

	if (fsock_tls_start(p->client, p->ours, 0) == 0)
		fsock_receive(p->client, &c, 1, NULL);
	return NULL;
}

START_TEST(asks)
{
	struct fsock_tls_options client = { .ca_file = file("ca.pem"),
		.name = "localhost",
		.certificate = file(shown[_i].certificate),
		.key = file(shown[_i].key) };
	struct fsock_tls_peer peer;
	struct pair p;

	pair_open(&p, &client);
	fsock_tls_free(p.theirs);
	p.theirs = tls_of(&(struct fsock_tls_options){
	    .certificate = file("good.pem"), .key = file("good.key"), .ca_dir = file("hashed") });
	ck_assert_int_eq(pthread_create(&p.thread, NULL, connect_tls, &p), 0);
	ck_assert_int_eq(fsock_tls_start(p.server, p.theirs, 1), shown[_i].text == NULL ? 0 : -1);
	if (shown[_i].text != NULL) {
		sock_assert_error(FSOCK_CERTIFICATE_ERROR, EPROTO);
		ck_assert_str_eq(fsock_last_error()->text, shown[_i].text);
	}
	errno = 0;
	ck_assert_int_eq(fsock_tls_peer(p.server, &peer), shown[_i].subject != NULL ? 0 : -1);
	if (shown[_i].subject != NULL)
		ck_assert_str_eq(peer.subject, shown[_i].subject);
	else
		ck_assert_int_eq(errno, ENOENT);
	fsock_close(p.server);
	p.server = NULL;
	ck_assert_int_eq(pthread_join(p.thread, NULL), 0);
	pair_close(&p);
}
END_TEST

/* ---- Which version. */

static const struct {
	int min_version, theirs; /* which is the only one that they have */
	const char *agreed;      /* NULL: there is none */
} versions[] = {
	{ 12, TLS1_2_VERSION, "TLSv1.2" },
	{ 12, TLS1_3_VERSION, "TLSv1.3" },
	{ 13, TLS1_3_VERSION, "TLSv1.3" },
	{ 13, TLS1_2_VERSION, NULL },
	{ 12, TLS1_1_VERSION, NULL },
};

/* Of a client, or of a server: _i & 1. Who finds that there is none tells the other so. */
START_TEST(version)
{
	int row = _i / 2, theirs = versions[row].theirs;
	const char *agreed = versions[row].agreed;
	struct bare b = { .is_server = !(_i & 1), .context = bare_context(!(_i & 1)) };
	pthread_t thread;
	void *r;

	b.tls = tls_of(&(struct fsock_tls_options){ .ca_file = file("ca.pem"),
	    .name = "localhost",
	    .certificate = file(b.is_server ? NULL : "good.pem"),
	    .key = file(b.is_server ? NULL : "good.key"),
	    .verify = b.is_server ? FSOCK_ON : FSOCK_OFF,
	    .min_version = versions[row].min_version });
	SSL_CTX_set_min_proto_version(b.context, theirs);
	SSL_CTX_set_max_proto_version(b.context, theirs);
	if (theirs < TLS1_2_VERSION)
		ck_assert_int_eq(SSL_CTX_set_cipher_list(b.context, "DEFAULT@SECLEVEL=0"), 1);
	bare_link(&b);
	bare_ssl(&b);
	ck_assert_int_eq(pthread_create(&thread, NULL, bare_handshake, &b), 0);
	if (agreed != NULL) {
		ck_assert_int_eq(fsock_tls_start(b.s, b.tls, !b.is_server), 0);
		ck_assert_str_eq(fsock_tls_version(b.s), agreed);
	} else {
		ck_assert_int_eq(fsock_tls_start(b.s, b.tls, !b.is_server), -1);
		sock_assert_error(FSOCK_TLS_ERROR, EPROTO);
		ck_assert_str_eq(fsock_last_error()->text, "handshake: no common protocol version");
	}
	ck_assert_int_eq(pthread_join(thread, &r), 0);
	ck_assert_int_eq(r != NULL, agreed != NULL);
	bare_close(&b);
}
END_TEST

/* A server that has never heard of TLS 1.3 answers with what it knows. */
START_TEST(older_answer)
{
	char hello[2048], answer[5 + 42] = "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03";
	fsock_tls *tls = tls_of(&(struct fsock_tls_options){
	    .ca_file = file("ca.pem"), .name = "localhost", .min_version = 13 });
	fsock *s;
	int fd;

	memcpy(answer + 5 + 4 + 2 + 32, "\x00\xc0\x2b\x00", 4); /* no session; cipher; no method */
	s = sock_raw(SOCK_TCP4, &(struct fsock_options){ .timeout = 20 }, &fd);
	ck_assert_int_eq(send(fd, answer, sizeof answer, MSG_NOSIGNAL), sizeof answer);
	ck_assert_int_eq(fsock_tls_start(s, tls, 0), -1);
	sock_assert_error(FSOCK_TLS_ERROR, EPROTO);
	ck_assert_ptr_nonnull(strstr(fsock_last_error()->text, ": no common protocol version"));
	ck_assert_int_gt(recv(fd, hello, sizeof hello, 0), 0);
	fsock_close(s);
	close(fd);
	fsock_tls_free(tls);
}
END_TEST

/* ---- What is told of a connection. */

static const struct {
	const char *theirs, *ours;
	const char *agreed; /* "-": they refuse */
} protocols[] = {
	{ "h2,http/1.1", "http/1.1,h2", "h2" },
	{ "h2,http/1.1", "http/1.1", "http/1.1" },
	{ NULL, "h2", NULL },
	{ "h2", NULL, NULL },
	{ "h2", "http/1.1", "-" },
};

START_TEST(protocol)
{
	const char *agreed = protocols[_i].agreed;
	struct fsock_tls_options server = { .certificate = file("good.pem"),
		.key = file("good.key"),
		.alpn = protocols[_i].theirs };
	fsock_tls *tls = tls_of(
	    &(struct fsock_tls_options){ .ca_file = file("ca.pem"), .alpn = protocols[_i].ours });
	struct echo e;
	FILE *f;

	echo_open(&e, &server, _i % 2);
	f = fsock_tls_open("localhost", e.port, "r+,timeout=20", tls);
	if (agreed != NULL && strcmp(agreed, "-") == 0) {
		ck_assert_ptr_null(f);
		sock_assert_error(FSOCK_TLS_ERROR, EPROTO);
		ck_assert_ptr_nonnull(
		    strstr(fsock_last_error()->text, "no common application protocol (ALPN)"));
	} else {
		const char *told = fsock_tls_alpn(fsock_of(f));

		ck_assert_str_eq(told != NULL ? told : "none", agreed != NULL ? agreed : "none");
		talk(f, "agreed\n");
		ck_assert_int_eq(fclose(f), 0);
	}
	echo_close(&e);
	fsock_tls_free(tls);
}
END_TEST

static void
expect_nothing(fsock *s)
{
	struct fsock_tls_peer peer;

	ck_assert_ptr_null(fsock_tls_version(s));
	ck_assert_ptr_null(fsock_tls_cipher(s));
	ck_assert_ptr_null(fsock_tls_alpn(s));
	ck_assert_ptr_null(fsock_tls_server_name(s));
	ck_assert_int_eq(fsock_tls_resumed(s), 0);
	errno = 0;
	ck_assert_int_eq(fsock_tls_peer(s, &peer), -1);
	ck_assert_int_eq(errno, ENOENT);
}

/* Of a connection without TLS, and of one whose handshake has just begun: nothing. */
START_TEST(told)
{
	struct fsock_tls_peer peer;
	struct pair p;

	pair_open(&p, NULL);
	expect_nothing(p.client);
	expect_nothing(p.server);
	ck_assert_int_eq(fsock_set_nonblocking(p.client, 1), 0);
	ck_assert_int_eq(fsock_tls_start(p.client, p.ours, 0), -1);
	ck_assert_int_eq(errno, EAGAIN);
	expect_nothing(p.client);
	ck_assert_int_eq(fsock_set_nonblocking(p.client, 0), 0);
	ck_assert_int_eq(pthread_create(&p.thread, NULL, accept_tls, &p), 0);
	ck_assert_int_eq(fsock_layer_start(p.client), 0);
	ck_assert_int_eq(pthread_join(p.thread, NULL), 0);
	ck_assert_str_eq(fsock_tls_version(p.client), "TLSv1.3");
	ck_assert_str_eq(fsock_tls_cipher(p.client), "TLS_AES_256_GCM_SHA384");
	ck_assert_str_eq(fsock_tls_cipher(p.server), "TLS_AES_256_GCM_SHA384");
	ck_assert_ptr_null(fsock_tls_alpn(p.client));
	ck_assert_str_eq(fsock_tls_server_name(p.server), "localhost");
	ck_assert_int_eq(fsock_tls_resumed(p.client), 0);
	ck_assert_int_eq(fsock_tls_peer(p.client, &peer), 0);
	ck_assert_str_eq(peer.issuer, "CN = Test CA ca");
	pair_close(&p);
}
END_TEST

static void
add(TCase *t)
{
	tcase_add_loop_test(t, by_name, 0, COUNT(chosen));
	tcase_add_loop_test(t, asked_for, 0, COUNT(names));
	tcase_add_loop_test(t, directory_of_authorities, 0, COUNT(dirs));
	tcase_add_loop_test(t, asks, 0, COUNT(shown));
	tcase_add_loop_test(t, version, 0, 2 * COUNT(versions));
	tcase_add_test(t, older_answer);
	tcase_add_loop_test(t, protocol, 0, COUNT(protocols));
	tcase_add_test(t, told);
}

int
main(void)
{
	return tls_run("context", add);
}

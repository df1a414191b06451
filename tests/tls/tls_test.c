/* TLS under the streams: what is agreed on, what is refused, and in which words. */
#include "../../src/base/compat.h"

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

static const struct {
	const char *name, *host;
	int with_crl;
	const char *text; /* what follows the place; up to a '*' */
} bad[] = {
	{ "expired", "localhost", 0, "certificate of localhost expired on *" },
	{ "later", "localhost", 0, "certificate of localhost is not valid before 2099-01-01" },
	{ "own", "localhost", 0, "certificate of localhost is self-signed" },
	{ "stranger", "localhost", 0,
	    "certificate of localhost is not signed by a known authority (issuer Test CA other)" },
	{ "leaf", "localhost", 0,
	    "certificate of localhost is not signed by a known authority (issuer localhost)" },
	{ "named", "localhost", 0, "certificate is for other.example, not localhost" },
	{ "named", "127.0.0.1", 0, "certificate is for other.example, not 127.0.0.1" },
	{ "purpose", "localhost", 0, "certificate of localhost is not for servers" },
	{ "revoked", "localhost", 1, "certificate of localhost was revoked" },
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
		.crl_file = bad[_i].with_crl ? file("crl.pem") : NULL };
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

START_TEST(starttls)
{
	struct pair p;

	pair_open(&p, NULL);
	say(p.client, p.server, "STARTTLS\n");
	say(p.server, p.client, "220 go ahead\n");
	pair_start(&p);
	say(p.client, p.server, "EHLO\n");
	say(p.server, p.client, "250 here\n");
	pair_close(&p);
}
END_TEST

/* One end reads a line in the clear, and what is in `behind` comes with it. */
static void
read_ahead(struct pair *p, fsock *reader, const void *behind, size_t n)
{
	fsock *sender = reader == p->client ? p->server : p->client;
	char octets[4096] = "in the clear\n", line[64];
	FILE *in = fsock_stream(reader);

	ck_assert_uint_lt(13 + n, sizeof octets);
	memcpy(octets + 13, behind, n);
	ck_assert_int_eq(send(fsock_socket(sender), octets, 13 + n, MSG_NOSIGNAL), 13 + (int)n);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
	ck_assert_str_eq(line, "in the clear\n");
}

static const struct {
	const char *octets;
	const char *text; /* what a handshake makes of them */
} injected[] = {
	{ "250 injected\n", "handshake: peer does not speak TLS" },
	{ "EHLO injected\n", "handshake: peer does not speak TLS" },
	{ "\x15\x03\x03\0\x02\x01\0", NULL }, /* an alert: close_notify */
	{ "\x17\x03\x03\0\x0dis plain text", NULL },
};

/*
 * What somebody has put behind STARTTLS, or the answer to it, is not taken for the peer's: it is
 * refused, or, _i & 1, the handshake fails. By a server: _i & 2.
 */
START_TEST(injection)
{
	static const size_t lengths[] = { 13, 14, 7, 18 };
	int takes = _i & 1, accepting = _i & 2 ? FSOCK_TLS_ACCEPTING : 0, row = _i / 4;
	struct pair p;
	fsock *s;

	pair_open(&p, NULL);
	s = accepting ? p.server : p.client;
	read_ahead(&p, s, injected[row].octets, lengths[row]);
	if (!takes) {
		ck_assert_int_eq(fsock_tls_start(s, accepting ? p.theirs : p.ours, accepting), -1);
		sock_assert_error(fsock_error_kind_of_errno(EBUSY), EBUSY);
		pair_close(&p);
		return;
	}
	for (int i = 0; i < 2; i++) {
		int r = i == 0 ? fsock_tls_start(s, accepting ? p.theirs : p.ours,
				     accepting | FSOCK_TLS_TAKE_PENDING)
			       : fgetc(fsock_stream(s)); /* nor later */

		ck_assert_int_eq(r, -1);
		ck_assert(i == 0 || ferror(fsock_stream(s)));
		sock_assert_error(FSOCK_TLS_ERROR, EPROTO);
		if (i == 0 && injected[row].text != NULL)
			ck_assert_str_eq(fsock_last_error()->text, injected[row].text);
	}
	pair_close(&p);
}
END_TEST

static void
connect_tls(void *arg)
{
	struct pair *p = arg;

	if (fsock_tls_start(p->client, p->ours, 0) != 0)
		p->client = NULL;
}

/* A hello that was read ahead with a line in the clear, as behind one of the PROXY protocol. */
START_TEST(hello_behind_a_line)
{
	static const char proxy[] = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";
	struct sock_thread client;
	struct pair p;
	char line[64];

	pair_open(&p, NULL);
	ck_assert_int_eq(send(fsock_socket(p.client), proxy, strlen(proxy), 0), strlen(proxy));
	sock_thread_start(&client, connect_tls, &p);
	sock_thread_await_blocked(&client);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(p.server)));
	ck_assert_str_eq(line, proxy);
	ck_assert_int_eq(fsock_tls_start(p.server, p.theirs, FSOCK_TLS_ACCEPTING), -1);
	sock_assert_error(fsock_error_kind_of_errno(EBUSY), EBUSY);
	ck_assert_msg(
	    fsock_tls_start(p.server, p.theirs, FSOCK_TLS_ACCEPTING | FSOCK_TLS_TAKE_PENDING) == 0,
	    "%s", fsock_last_error()->text);
	sock_thread_join(&client);
	ck_assert_ptr_nonnull(p.client);
	say(p.client, p.server, "hello\n");
	say(p.server, p.client, "hello yourself\n");
	pair_close(&p);
}
END_TEST

/* What cannot be begun: the socket goes on in the clear. */
START_TEST(not_begun)
{
	struct fsock_tls_options nameless = { .ca_file = file("ca.pem") };
	struct pair p;

	pair_open(&p, &nameless);
	ck_assert_int_eq(fsock_tls_start(p.client, p.ours, 0), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_tls_start(p.server, p.theirs, 4), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	say(p.client, p.server, "in the clear\n");
	say(p.server, p.client, "likewise\n");
	pair_close(&p);
}
END_TEST

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

/* What does not speak TLS is told so. */
START_TEST(no_tls)
{
	static const char *const greetings[] = { "220 mail.example ESMTP\r\n",
		"HTTP/1.1 400 Bad Request\r\n\r\n" };
	struct pair p;

	pair_open(&p, NULL);
	ck_assert_int_gt(fsock_send(p.server, greetings[_i], strlen(greetings[_i]), NULL), 0);
	ck_assert_int_eq(fsock_tls_start(p.client, p.ours, 0), -1);
	sock_assert_error(FSOCK_TLS_ERROR, EPROTO);
	ck_assert_str_eq(fsock_last_error()->text, "handshake: peer does not speak TLS");
	pair_close(&p);
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

/* Clients that say nothing, or half a hello, are let go in time; others are served meanwhile. */
START_TEST(silent_clients)
{
	struct fsock_tls_options good = { .certificate = file("good.pem"),
		.key = file("good.key") };
	fsock_tls *tls = tls_of(&good), *ours;
	struct fsock_server_options how = { .error = keep_error,
		.socket = { .layer = fsock_tls_layer(tls), .handshake_timeout = 2 } };
	struct echo e = { 0 };
	fsock *silent[8];
	FILE *f;
	char c;

	e.server = _i ? fsock_server_start_lines("127.0.0.1", 0, echo_line, &e, &how)
		      : fsock_server_start("127.0.0.1", 0, echo_stream, &e, &how);
	e.port = fsock_local_port(fsock_server_socket(e.server));
	for (int i = 0; i < 8; i++) {
		silent[i] =
		    fsock_connect("127.0.0.1", e.port, &(struct fsock_options){ .timeout = 20 });
		if (i % 2)
			fsock_send(silent[i], "\x16\x03\x01\x02", 4, NULL);
	}
	ours = tls_of(&(struct fsock_tls_options){ .ca_file = file("ca.pem") });
	f = fsock_tls_open("localhost", e.port, "r+,timeout=20", ours);
	ck_assert_ptr_nonnull(f);
	talk(f, "served\n");
	for (int i = 0; i < 8; i++) {
		errno = 0;
		ck_assert_int_le(fsock_receive(silent[i], &c, 1, NULL), 0);
		ck_assert_int_ne(errno, ETIMEDOUT);
		fsock_close(silent[i]);
	}
	ck_assert_int_eq(fclose(f), 0);
	fsock_server_stop(e.server, 5);
	ck_assert_int_eq(e.errors, 8);
	fsock_tls_free(tls);
	fsock_tls_free(ours);
}
END_TEST

#define A_16  "abcdefghijklmnop"
#define A_64  A_16 A_16 A_16 A_16
#define A_256 A_64 A_64 A_64 A_64

static const struct {
	struct fsock_tls_options options;
	const char *files[4]; /* certificate, key, authorities, revocations */
	int errnum;
} unusable[] = {
	{ { .min_version = 11 }, { NULL }, EINVAL },
	{ { .alpn = "a,,b" }, { NULL }, EINVAL },
	{ { .reserved = { 1 } }, { NULL }, EINVAL },
	{ { .ciphers = "none such" }, { NULL }, EPROTO },
	{ { 0 }, { "missing.pem" }, ENOENT },
	{ { .alpn = "" }, { NULL }, EINVAL },
	{ { .alpn = A_256 }, { NULL }, EINVAL },
	{ { 0 }, { "good.pem", "named.key" }, EPROTO },
	{ { 0 }, { "good.pem", "edwards.key" }, EPROTO },
	{ { 0 }, { "good.key" }, EPROTO },
	{ { 0 }, { NULL, NULL, "missing.pem" }, ENOENT },
	{ { 0 }, { NULL, NULL, NULL, "missing.pem" }, ENOENT },
	{ { 0 }, { NULL, NULL, NULL, "good.key" }, EPROTO },
};

START_TEST(unusable_options)
{
	struct fsock_tls_options o = unusable[_i].options;

	o.certificate = file(unusable[_i].files[0]);
	o.key = file(unusable[_i].files[1]);
	o.ca_file = file(unusable[_i].files[2]);
	o.crl_file = file(unusable[_i].files[3]);
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

static void
add(TCase *t)
{
	tcase_add_loop_test(t, agreed, 0, 4);
	tcase_add_loop_test(t, bad_certificate, 0, COUNT(bad));
	tcase_add_loop_test(t, client_certificate, 0, COUNT(clients));
	tcase_add_test(t, starttls);
	tcase_add_loop_test(t, injection, 0, 4 * COUNT(injected));
	tcase_add_test(t, hello_behind_a_line);
	tcase_add_test(t, not_begun);
	tcase_add_loop_test(t, truncated, 0, 2);
	tcase_add_test(t, half_closed);
	tcase_add_loop_test(t, no_tls, 0, 2);
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

/* What comes over the wire: cut, changed, with new keys; and what must not be asked for. */
#include "../../src/base/compat.h"

#include "bare.h"

enum { ROOM = 8192, LINES = 3 };

/* A client of the library's, and a server that is fed and emptied by hand: nothing waits. */
struct wire {
	fsock *s;
	fsock_tls *tls;
	int fd;
	SSL_CTX *context;
	SSL *ssl;
	BIO *in, *out;
};

static void
wire_open(struct wire *w)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	w->fd = fds[1];
	w->s = fsock_adopt(fds[0], &(struct fsock_options){ .nonblocking = FSOCK_ON });
	w->ssl = SSL_new(w->context);
	w->in = BIO_new(BIO_s_mem());
	w->out = BIO_new(BIO_s_mem());
	SSL_set_bio(w->ssl, w->in, w->out);
	SSL_set_accept_state(w->ssl);
	ck_assert_int_eq(fsock_tls_start(w->s, w->tls, 0), -1);
	ck_assert_int_eq(errno, EAGAIN);
}

static void
wire_close(struct wire *w)
{
	fsock_abort(w->s);
	SSL_free(w->ssl);
	if (w->fd >= 0)
		close(w->fd);
}

/* The server takes what has come, and goes on with the handshake. */
static void
serve(struct wire *w)
{
	char octets[ROOM];
	ssize_t n = recv(w->fd, octets, sizeof octets, MSG_DONTWAIT);

	if (n > 0)
		BIO_write(w->in, octets, (int)n);
	SSL_do_handshake(w->ssl);
}

/* What the server has for the client. */
static int
take(struct wire *w, char *octets)
{
	int n = BIO_read(w->out, octets, ROOM);

	ck_assert_int_lt(n, ROOM);
	return n > 0 ? n : 0;
}

static void
put(struct wire *w, const char *octets, int n)
{
	if (n > 0)
		ck_assert_int_eq(send(w->fd, octets, (size_t)n, MSG_NOSIGNAL), n);
}

static void
no_more(struct wire *w)
{
	close(w->fd);
	w->fd = -1;
}

/* A handshake, and a few lines, a record each, with the end behind them. Returns how long it is. */
static int
wire_talk(struct wire *w, char *octets)
{
	int n;

	wire_open(w);
	serve(w);
	n = take(w, octets);
	put(w, octets, n);
	ck_assert_msg(fsock_layer_start(w->s) == 0, "%s", fsock_last_error()->text);
	serve(w);
	ck_assert(SSL_is_init_finished(w->ssl));
	n = take(w, octets);
	put(w, octets, n); /* tickets */
	for (int i = 0; i < LINES; i++)
		ck_assert_int_eq(SSL_write(w->ssl, "a line\n", 7), 7);
	SSL_shutdown(w->ssl);
	return take(w, octets);
}

static void
wire_begin(struct wire *w)
{
	w->context = bare_context(1);
	w->tls =
	    tls_of(&(struct fsock_tls_options){ .ca_file = file("ca.pem"), .name = "localhost" });
}

static void
wire_end(struct wire *w)
{
	fsock_tls_free(w->tls);
	SSL_CTX_free(w->context);
}

/* Reads to the end, or the error. Returns how many lines there were. */
static int
read_lines(FILE *in)
{
	char line[32];
	int n = 0, waits = 0;

	for (;;) {
		if (fgets(line, sizeof line, in) != NULL) {
			ck_assert_str_eq(line, "a line\n");
			n++;
		} else if (feof(in) || errno != EAGAIN) {
			return n;
		} else {
			ck_assert_int_lt(waits++, 4); /* all is there */
			clearerr(in);
		}
	}
}

/* The handshake fails. Returns why. */
static enum fsock_error_kind
fail_handshake(struct wire *w)
{
	for (int waits = 0; waits < 4; waits++) {
		ck_assert_int_eq(fsock_layer_start(w->s), -1);
		if (errno != EAGAIN)
			return fsock_last_error()->kind;
	}
	return FSOCK_NO_ERROR;
}

enum { RECORD = 5 + 7 + 1 + 16, END = 5 + 2 + 1 + 16 };

/* Cut after each octet: all whole records come; only the end that was said is one. */
START_TEST(cut)
{
	char octets[ROOM];
	struct wire w;
	int whole = 1;

	wire_begin(&w);
	for (int k = 0; k <= whole; k++) {
		FILE *in;

		whole = wire_talk(&w, octets);
		ck_assert_int_eq(whole, LINES * RECORD + END);
		put(&w, octets, k);
		no_more(&w);
		in = fsock_stream(w.s);
		ck_assert_int_eq(read_lines(in), k / RECORD);
		ck_assert_int_eq(ferror(in) != 0, k < whole);
		ck_assert_int_eq(feof(in) != 0, k == whole);
		if (k < whole)
			sock_assert_error(FSOCK_TRUNCATED_ERROR, ECONNRESET);
		wire_close(&w);
	}
	wire_end(&w);
}
END_TEST

/* Each octet changed in its turn: nothing of that record comes, nor of what is behind it. */
START_TEST(changed)
{
	char octets[ROOM];
	struct wire w;
	int whole = 1;

	wire_begin(&w);
	for (int k = 0; k < whole; k++) {
		enum fsock_error_kind kind;
		FILE *in;

		whole = wire_talk(&w, octets);
		octets[k] ^= (char)(1 << k % 8);
		put(&w, octets, whole);
		no_more(&w);
		in = fsock_stream(w.s);
		ck_assert_int_eq(read_lines(in), k / RECORD);
		ck_assert(ferror(in) && !feof(in));
		kind = fsock_last_error()->kind;
		ck_assert_msg(kind == FSOCK_TLS_ERROR || kind == FSOCK_TRUNCATED_ERROR,
		    "octet %d: %s", k, fsock_last_error()->text);
		clearerr(in);
		ck_assert_int_eq(read_lines(in), 0); /* nor later */
		ck_assert(ferror(in));
		wire_close(&w);
	}
	wire_end(&w);
}
END_TEST

/* The version in a record's head, which means nothing, in the clear. */
static int
is_idle(const char *octets, int n, int k)
{
	for (int at = 0; at + 5 <= n;
	     at += 5 + ((octets[at + 3] & 255) << 8 | (octets[at + 4] & 255)))
		if (k == at + 1 || k == at + 2)
			return 1;
	return 0;
}

/* The same of the server's part of the handshake. */
START_TEST(handshake)
{
	char octets[ROOM];
	struct wire w;
	int whole = 1, is_cut = _i;

	wire_begin(&w);
	for (int k = 0; k < whole; k += k < 200 ? 7 : 31) {
		enum fsock_error_kind kind;

		wire_open(&w);
		serve(&w);
		whole = take(&w, octets);
		if (is_idle(octets, whole, k))
			k++, k += is_idle(octets, whole, k);
		if (!is_cut)
			octets[k] ^= (char)(1 << k % 8);
		put(&w, octets, is_cut ? k : whole);
		no_more(&w);
		kind = fail_handshake(&w);
		ck_assert_msg(
		    kind == FSOCK_TRUNCATED_ERROR ||
			(!is_cut && (kind == FSOCK_TLS_ERROR || kind == FSOCK_CERTIFICATE_ERROR)),
		    "octet %d of %d: %s", k, whole, fsock_last_error()->text);
		ck_assert_int_eq(fsock_layer_start(w.s), -1);
		ck_assert_int_eq(fsock_last_error()->kind, kind);
		wire_close(&w);
	}
	wire_end(&w);
}
END_TEST

/* An octet a record, from either end. The bare one serves: _i & 1; in small segments: _i & 2. */
START_TEST(octet_a_record)
{
	static const char text[] = "a line, slowly\n";
	char line[64] = "", octets[64];
	struct relay relay;
	struct bare b = { .relay = _i & 2 ? &relay : NULL };
	FILE *in, *out;

	bare_open(&b, _i & 1);
	in = fsock_input(b.s);
	out = fsock_output(b.s);
	ck_assert_int_eq(setvbuf(out, NULL, _IONBF, 0), 0);
	for (int turn = 0; turn < 5; turn++) {
		for (const char *c = text; *c != '\0'; c++)
			ck_assert_int_eq(SSL_write(b.ssl, c, 1), 1);
		ck_assert_msg(fgets(line, sizeof line, in) != NULL, "%s", fsock_last_error()->text);
		ck_assert_str_eq(line, text);
		for (const char *c = text; *c != '\0'; c++)
			ck_assert_int_eq(putc(*c, out), *c);
		for (const char *c = text; *c != '\0'; c++) {
			ck_assert_int_eq(SSL_read(b.ssl, octets, sizeof octets), 1);
			ck_assert_int_eq(octets[0], *c);
		}
	}
	bare_close(&b);
	if (b.relay != NULL)
		relay_join(&relay);
}
END_TEST

/* New keys, with and without a wish for the other's: _i & 1; of a server, of a client: _i & 2. */
START_TEST(new_keys)
{
	int kind = _i & 1 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
	struct bare b = { 0 };

	bare_open(&b, _i & 2);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(SSL_key_update(b.ssl, kind), 1);
		bare_say(&b, "with a new key\n");
		if (i % 3 != 0) /* and without an answer */
			bare_hear(&b, "and an answer\n");
	}
	ck_assert_int_eq(SSL_key_update(b.ssl, kind), 1);
	bare_hear(&b, "first what was asked\n");
	bare_say(&b, "then the new key\n");
	bare_close(&b);
}
END_TEST

/* Much, which nobody reads for now. */
struct filler {
	fsock *s;
	int is_closed;
};

static void
fill(void *arg)
{
	struct filler *filler = arg;
	FILE *out = fsock_output(filler->s);

	for (int i = 0; i < 50000; i++)
		fputs("much that nobody reads for now\n", out);
	filler->is_closed = fclose(out) == 0;
}

/*
 * New keys while a writer waits for room; the same as for new_keys. The answers wait behind; and
 * where there is a layer below, _i & 4, it is given the same octets again all the same.
 */
START_TEST(new_keys_while_writing)
{
	static const struct mangle_plan odd = { .keeps = 1 };
	int kind = _i & 1 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
	char line[64], sink[4096];
	struct bare b = { .below = _i & 4 ? &odd : NULL };
	struct sock_thread writer;
	struct filler filler;
	size_t got = 0;
	FILE *in;
	int n;

	bare_open(&b, _i & 2);
	in = fsock_input(b.s);
	filler = (struct filler){ .s = b.s };
	sock_thread_start(&writer, fill, &filler);
	sock_thread_await_blocked(&writer);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(SSL_key_update(b.ssl, kind), 1);
		ck_assert_int_eq(SSL_write(b.ssl, "heard?\n", 7), 7);
		ck_assert_msg(fgets(line, sizeof line, in) != NULL, "%s", fsock_last_error()->text);
	}
	while ((n = SSL_read(b.ssl, sink, sizeof sink)) > 0)
		got += (size_t)n;
	ck_assert_int_eq(SSL_get_error(b.ssl, n), SSL_ERROR_ZERO_RETURN);
	ck_assert_uint_eq(got, 50000 * 31);
	sock_thread_join(&writer);
	ck_assert(filler.is_closed);
	bare_close(&b);
}
END_TEST

static void *
renegotiate(void *arg)
{
	struct bare *b = arg;

	SSL_renegotiate(b->ssl);
	return SSL_do_handshake(b->ssl) == 1 ? b : NULL;
}

/* A client of TLS 1.2 that asks for another handshake does not get it. */
START_TEST(no_renegotiation)
{
	struct bare b = { .context = bare_context(0) };
	pthread_t thread;
	void *r;

	SSL_CTX_set_max_proto_version(b.context, TLS1_2_VERSION);
	b.tls = tls_of(&(struct fsock_tls_options){
	    .certificate = file("good.pem"), .key = file("good.key") });
	bare_connect(&b);
	bare_say(&b, "before\n");
	fsock_set_option(b.s, FSOCK_OPTION_RECEIVE_TIMEOUT, 0.3);
	ck_assert_int_eq(pthread_create(&thread, NULL, renegotiate, &b), 0);
	ck_assert_int_eq(fgetc(fsock_stream(b.s)), EOF);
	pthread_join(thread, &r);
	ck_assert_ptr_null(r);
	bare_close(&b);
}
END_TEST

/* What the peer has said before it went can be read, though writing fails. */
START_TEST(gone)
{
	struct bare b = { 0 };
	char line[64];
	FILE *in, *out;

	bare_open(&b, _i);
	in = fsock_input(b.s);
	out = fsock_output(b.s);
	ck_assert_int_eq(SSL_write(b.ssl, "sorry\n", 6), 6);
	SSL_shutdown(b.ssl);
	close(b.fd);
	ck_assert_int_ge(fputs("hello?\n", out), 0);
	ck_assert_int_eq(fflush(out), EOF);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	ck_assert_msg(fgets(line, sizeof line, in) != NULL, "%s", fsock_last_error()->text);
	ck_assert_str_eq(line, "sorry\n");
	ck_assert_int_eq(fgetc(in), EOF);
	ck_assert(feof(in) && !ferror(in));
	b.fd = -1;
	bare_close(&b);
}
END_TEST

/* Records that came at once, small ones with a line each, or one with many: a line a turn. */
START_TEST(line_by_line)
{
	enum { MANY = 150 };
	fsock_waitlist *list = fsock_waitlist_new();
	char text[MANY * 8 + 1] = "", line[32];
	struct fsock_event event;
	struct bare b = { 0 };

	bare_open(&b, 1);
	bare_say(&b, "the tickets are read with it\n");
	for (int i = 0; i < MANY; i++)
		snprintf(text + 8 * i, 9, "%07d\n", i);
	for (int i = 0, n = _i ? MANY : 1; i < MANY; i += n)
		ck_assert_int_eq(SSL_write(b.ssl, text + 8 * i, 8 * n), 8 * n);
	ck_assert_int_eq(fsock_waitlist_add(list, b.s, FSOCK_INPUT, NULL), 0);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
		ck_assert_ptr_eq(fsock_waitlist_next(list, &event), b.s);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(b.s)));
		ck_assert_int_eq(atoi(line), i);
	}
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.01, NULL), 0);
	bare_close(&b);
	fsock_waitlist_free(list);
}
END_TEST

static void
add(TCase *t)
{
	tcase_add_loop_test(t, line_by_line, 0, 2);
	tcase_add_loop_test(t, gone, 0, 2);
	tcase_add_test(t, cut);
	tcase_add_test(t, changed);
	tcase_add_loop_test(t, handshake, 0, 2);
	tcase_add_loop_test(t, octet_a_record, 0, 4);
	tcase_add_loop_test(t, new_keys, 0, 4);
	tcase_add_loop_test(t, new_keys_while_writing, 0, 8);
	tcase_add_test(t, no_renegotiation);
}

int
main(void)
{
	return tls_run("wire", add);
}

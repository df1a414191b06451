/* The other end of a connection, by OpenSSL alone, on a descriptor: what the library never does. */
#ifndef TESTS_TLS_BARE_H
#define TESTS_TLS_BARE_H

#include <openssl/ssl.h>

#include "../support/layered.h"
#include "tls_support.h"

/* A socket of the library's, and a bare descriptor with an SSL. */
struct bare {
	fsock *s;
	fsock_tls *tls;
	int fd;
	SSL_CTX *context;
	SSL *ssl;
	int is_server; /* the bare one */
	int is_interruptible;
	int is_tcp;                      /* else of the Unix domain */
	const struct mangle_plan *below; /* of a layer under TLS, without a key; or NULL */
	struct relay *relay;             /* between the two, or NULL */
};

static inline SSL_CTX *
bare_context(int is_server)
{
	SSL_CTX *context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());

	ck_assert_ptr_nonnull(context);
	if (is_server) {
		ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(context, file("good.pem")), 1);
		ck_assert_int_eq(
		    SSL_CTX_use_PrivateKey_file(context, file("good.key"), SSL_FILETYPE_PEM), 1);
	}
	return context;
}

/* The handshake of the bare end. Returns its argument, or NULL if that has failed. */
static inline void *
bare_handshake(void *arg)
{
	struct bare *b = arg;

	return SSL_do_handshake(b->ssl) == 1 ? b : NULL;
}

/* The two ends, without TLS so far. */
static inline void
bare_link(struct bare *b)
{
	const struct fsock_options options = { .timeout = 20,
		.interruptible = b->is_interruptible ? FSOCK_ON : FSOCK_DEFAULT };
	int fds[2], between[2];

	if (b->is_tcp) {
		b->s = sock_raw(SOCK_TCP4, &options, &b->fd);
	} else {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		b->s = fsock_adopt(fds[0], &options);
		b->fd = fds[1];
	}
	ck_assert_ptr_nonnull(b->s);
	if (b->relay == NULL)
		return;
	b->relay->fds[0] = b->fd;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, between), 0);
	b->relay->fds[1] = between[0];
	b->fd = between[1];
	relay_start(b->relay);
}

/* The bare end's SSL. */
static inline void
bare_ssl(struct bare *b)
{
	b->ssl = SSL_new(b->context);
	SSL_set_fd(b->ssl, b->fd);
	if (b->is_server)
		SSL_set_accept_state(b->ssl);
	else
		SSL_set_connect_state(b->ssl);
}

/* Connects the two with b->context and b->tls, and has both do the handshake. */
static inline void
bare_connect(struct bare *b)
{
	pthread_t thread;
	void *r;

	bare_link(b);
	if (b->below != NULL)
		ck_assert_int_eq(mangle_push(b->s, b->below, 0), 0);
	bare_ssl(b);
	ck_assert_int_eq(pthread_create(&thread, NULL, bare_handshake, b), 0);
	ck_assert_msg(
	    fsock_tls_start(b->s, b->tls, !b->is_server) == 0, "%s", fsock_last_error()->text);
	ck_assert_int_eq(pthread_join(thread, &r), 0);
	ck_assert_ptr_nonnull(r);
}

static inline void
bare_open(struct bare *b, int is_server)
{
	b->is_server = is_server;
	b->context = bare_context(is_server);
	b->tls = is_server ? tls_of(&(struct fsock_tls_options){
				 .ca_file = file("ca.pem"), .name = "localhost" })
			   : tls_of(&(struct fsock_tls_options){
				 .certificate = file("good.pem"), .key = file("good.key") });
	bare_connect(b);
}

static inline void
bare_disconnect(struct bare *b)
{
	fsock_close(b->s);
	SSL_free(b->ssl);
	if (b->fd >= 0)
		close(b->fd);
}

static inline void
bare_close(struct bare *b)
{
	bare_disconnect(b);
	fsock_tls_free(b->tls);
	SSL_CTX_free(b->context);
}

/* What the bare end says, and hears: a line; or more, if some was held. */
static inline void
bare_say(struct bare *b, const char *text)
{
	char line[256];
	FILE *in = fsock_stream(b->s);

	ck_assert_int_eq(SSL_write(b->ssl, text, (int)strlen(text)), (int)strlen(text));
	ck_assert_msg(fgets(line, sizeof line, in) != NULL, "%s", fsock_last_error()->text);
	ck_assert_str_eq(line, text);
}

static inline void
bare_hear_all(struct bare *b, const char *text, const char *expected)
{
	char line[256] = "";
	FILE *out = fsock_stream(b->s);

	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fflush(out), 0);
	ck_assert_int_eq(SSL_read(b->ssl, line, sizeof line - 1), (int)strlen(expected));
	ck_assert_str_eq(line, expected);
}

static inline void
bare_hear(struct bare *b, const char *text)
{
	bare_hear_all(b, text, text);
}

#endif

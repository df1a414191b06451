/* The inside of libfsock-tls: nothing of the core but its public headers. */
#ifndef FSOCK_TLS_TLS_H
#define FSOCK_TLS_TLS_H

#define _POSIX_C_SOURCE 200809L /* which the core's compat.h does for the others */

#include <openssl/ssl.h>

#include <stdatomic.h>
#include <pthread.h>

#include <fsock/tls.h>

/*
 * What must stay true: `context` and `has_authorities` change under the lock. A context that is in
 * use does not change any more, but for authorities, before the first client has it.
 */
struct fsock_tls {
	struct fsock_layer_maker maker; /* first: it is found by that */
	atomic_int references;
	pthread_mutex_t lock;
	SSL_CTX *context;
	int has_authorities;
	struct fsock_tls_options options; /* texts are copies */
	unsigned char *alpn;              /* as it is on the wire */
	unsigned alpn_length;
	char *texts[7];
};

/* One connection. */
struct fsock__tls {
	SSL *ssl; /* NULL: a server's, until the first octets have come */
	SSL_CTX *context;
	fsock_tls *tls;
	fsock_layer *layer; /* while one of its functions runs */
	int is_server;
	int wish;      /* what a BIO's call below has wanted */
	int is_at_end; /* input from below has ended */
	int is_short;  /* less came from below than there was room for: there is no more now */
	int has_more;  /* input has come that may hold records not looked at */
	int is_done;   /* the handshake */
	int has_failed;
	unsigned char head[64]; /* what came before there was an SSL */
	size_t head_from, head_to;
	unsigned char *rest; /* of a record that there was no room for below, or NULL */
	size_t rest_from, rest_to;
	size_t owed;      /* of these, what was offered below and is to be offered again */
	int is_flush_due; /* what is below has been given something, and not been flushed */
	int port;
	char name[256], alpn[256];
	char why[256]; /* the peer's certificate is not accepted; "" if it is */
};

extern const struct fsock_layer_ops fsock__tls_ops;

/* fsock_tls_new(), but for the maker. */
fsock_tls *fsock__tls_new(const struct fsock_tls_options *);

/* Puts TLS on a socket; flags are of fsock_layer_push(). Returns 0, or -1, the error recorded. */
int fsock__tls_make(fsock_tls *, fsock *, int accepted, int flags);

/* The context, with a reference for the caller; for a client with authorities. */
SSL_CTX *fsock__tls_context(fsock_tls *, int is_client);

/* The one with all defaults, or NULL with the error recorded. */
fsock_tls *fsock__tls_default(void);

/* Has the context keep its clients' sessions. Returns 0, or -1 if there is no memory. */
int fsock__tls_keep_sessions(SSL_CTX *);

/* A client that is about to begin goes on with an earlier session with that server, if it can. */
void fsock__tls_resume(struct fsock__tls *);

/* What a BIO of a connection is made of. */
const BIO_METHOD *fsock__tls_bio(void);

/* Passes on what a BIO has kept. Returns 1, FAILED or WANTS_. */
int fsock__tls_push(struct fsock__tls *);

/* Remembers what is wrong with a certificate: OpenSSL's verify callback. */
int fsock__tls_verify(int is_right, X509_STORE_CTX *);

/* Says in words why the handshake, or a record, has failed. Returns FSOCK_LAYER_FAILED. */
int fsock__tls_fail(struct fsock__tls *, fsock_layer *);

#endif

/* What the parts of the TLS benchmark know of each other. */
#ifndef FSOCK_TESTS_BENCH_TLS_H
#define FSOCK_TESTS_BENCH_TLS_H

#include <openssl/ssl.h>

#include <fsock.h>
#include <fsock/tls.h>

#include "echo.h"

enum { RECORD = 16384 };

/*
 * The same rules twice: the library's, and contexts that have been given the same options by hand.
 * A client of `fresh` goes on with no earlier session.
 */
extern fsock_tls *tls_server, *tls_client, *tls_fresh;
extern SSL_CTX *raw_server, *raw_client, *raw_fresh;

/* Makes all of them, with certificates for this run. */
void tls_set_up(void);

/* TLS on a connected descriptor that blocks, by hand: after the handshake; a client resumes if its
 * context keeps a session. */
SSL *raw_accept(int fd);
SSL *raw_connect(int fd, SSL_CTX *);

/* Sends all n octets. */
void raw_write(SSL *, const void *, size_t n);

/* Ends the connection in the order that TCP needs. */
void raw_end(SSL *, int fd);

/* Echo servers of one thread, and the clients' way to talk to them. */
extern echo_fn echo_tls_lines, echo_tls_epoll;
extern const struct wire wire_tls;

/* Measures them, and prints the rows. */
void tls_echo_rows(void);

#endif

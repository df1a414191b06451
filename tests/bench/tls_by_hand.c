/* What a programmer does who has OpenSSL and blocking sockets. */
#define _GNU_SOURCE
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>

#include "bench.h"
#include "tls.h"

fsock_tls *tls_server, *tls_client, *tls_fresh;
SSL_CTX *raw_server, *raw_client, *raw_fresh;

static SSL_SESSION *session; /* the newest one */

static _Noreturn void
die_of_tls(const char *what)
{
	ERR_print_errors_fp(stderr);
	die(what);
}

static int
keep(SSL *ssl, SSL_SESSION *made)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = made;
	return 1;
}

/* As src/tls/context.c does it. */
static SSL_CTX *
make_context(int resumes)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());

	if (context == NULL)
		die_of_tls("context");
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(context,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_session_id_context(context, (const unsigned char *)"bench", 5);
	SSL_CTX_set_num_tickets(context, resumes);
	SSL_CTX_set_session_cache_mode(context,
	    resumes ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
	if (resumes)
		SSL_CTX_sess_set_new_cb(context, keep);
	else
		SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
	return context;
}

static void
set_up_raw(const char *authority, const char *certificate, const char *key)
{
	SSL_CTX **clients[] = { &raw_client, &raw_fresh };

	raw_server = make_context(1);
	if (SSL_CTX_use_certificate_chain_file(raw_server, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(raw_server, key, SSL_FILETYPE_PEM) != 1)
		die_of_tls("certificate");
	for (int i = 0; i < 2; i++) {
		*clients[i] = make_context(i == 0);
		SSL_CTX_set_verify(*clients[i], SSL_VERIFY_PEER, NULL);
		if (SSL_CTX_load_verify_file(*clients[i], authority) != 1)
			die_of_tls("authority");
	}
}

static void
set_up_library(const char *authority, const char *certificate, const char *key)
{
	struct fsock_tls_options server = { .certificate = certificate, .key = key },
				 client = { .ca_file = authority, .name = "localhost" };

	tls_server = fsock_tls_new(&server);
	tls_client = fsock_tls_new(&client);
	client.resume = FSOCK_OFF;
	tls_fresh = fsock_tls_new(&client);
	if (tls_server == NULL || tls_client == NULL || tls_fresh == NULL)
		die(fsock_last_error()->text);
}

void
tls_set_up(void)
{
	char directory[] = "/tmp/fsock-bench-XXXXXX", command[64], files[3][64];
	static const char *const names[3] = { "ca.pem", "good.pem", "good.key" };

	if (mkdtemp(directory) == NULL)
		die("directory");
	snprintf(command, sizeof command, "tests/tls/certificates %s", directory);
	if (system(command) != 0)
		die("tests/tls/certificates");
	for (int i = 0; i < 3; i++)
		snprintf(files[i], sizeof files[i], "%s/%s", directory, names[i]);
	set_up_raw(files[0], files[1], files[2]);
	set_up_library(files[0], files[1], files[2]);
	snprintf(command, sizeof command, "rm -rf %s", directory);
	if (system(command) != 0)
		die("rm");
}

SSL *
raw_accept(int fd)
{
	SSL *ssl = SSL_new(raw_server);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || SSL_accept(ssl) != 1)
		die_of_tls("accept");
	return ssl;
}

SSL *
raw_connect(int fd, SSL_CTX *context)
{
	SSL *ssl = SSL_new(context);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
	    SSL_set_tlsext_host_name(ssl, "localhost") != 1 || SSL_set1_host(ssl, "localhost") != 1)
		die_of_tls("client");
	if (context == raw_client && session != NULL)
		SSL_set_session(ssl, session);
	if (SSL_connect(ssl) != 1)
		die_of_tls("connect");
	return ssl;
}

void
raw_write(SSL *ssl, const void *octets, size_t n)
{
	size_t done = 0, sent;

	for (; done < n; done += sent)
		if (SSL_write_ex(ssl, (const char *)octets + done, n - done, &sent) != 1)
			die_of_tls("write");
}

void
raw_end(SSL *ssl, int fd)
{
	char sink[4096];

	SSL_shutdown(ssl);
	shutdown(fd, SHUT_WR);
	while (recv(fd, sink, sizeof sink, 0) > 0) /* a ticket may have come, unread */
		;
	SSL_free(ssl);
	close(fd);
}

/* The wire of the echo servers' clients. */

static void *
wire_open(int fd)
{
	return raw_connect(fd, raw_fresh);
}

static void
wire_send(void *end, const void *octets, int n)
{
	raw_write(end, octets, (size_t)n);
}

static int
wire_receive(void *end, void *octets, int n)
{
	return SSL_read(end, octets, n);
}

const struct wire wire_tls = { wire_open, wire_send, wire_receive };

/*
 * Every allocation of OpenSSL's and the library's, and every call of the system, fails in its turn
 * while a TLS connection lives: the program is told, nothing is left, the peer gets no wrong octet
 * and no proper end that is none. See fault_life.h.
 */
#include "../../src/base/compat.h"

#include <netinet/in.h>
#include <signal.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <fsock/tls.h>

#include "../support/fault_life.h"

static char directory[] = "/tmp/fsock-tls-XXXXXX";
static char certificate[64], key[64], authority[64], revoked[64];
static int is_openssl_spared; /* then nothing but the library's own calls fail */

/*
 * OpenSSL's memory. It is not counted: what OpenSSL keeps for all its users comes and goes with
 * them. That none is lost is for the address sanitizer to say.
 */
static void *
take_memory(size_t n, const char *where, int line)
{
	(void)where, (void)line;
	if (!is_openssl_spared && fails("OpenSSL's malloc", NO_MEMORY, ENOMEM))
		return NULL;
	return __real_malloc(n);
}

static void *
change_memory(void *memory, size_t n, const char *where, int line)
{
	(void)where, (void)line;
	if (n == 0) {
		__real_free(memory);
		return NULL;
	}
	if (!is_openssl_spared && fails("OpenSSL's realloc", NO_MEMORY, ENOMEM))
		return NULL;
	return __real_realloc(memory, n);
}

static void
give_memory(void *memory, const char *where, int line)
{
	(void)where, (void)line;
	__real_free(memory);
}

/* ---- The peer: OpenSSL as well, in a thread that has no faults. */

struct other {
	pthread_t thread;
	int fd, is_server;
	struct life *life;
};

static SSL_CTX *contexts[2];

static void
serve_one(SSL *ssl, struct life *life)
{
	int n;

	if (SSL_do_handshake(ssl) != 1 || SSL_write(ssl, "hello\n", 6) != 6)
		return;
	while ((n = SSL_read(ssl, life->received + life->got, LIFE_ROOM - (int)life->got)) > 0)
		life->got += (size_t)n;
	life->end = SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN ? LIFE_PROPER : LIFE_CUT;
	SSL_shutdown(ssl);
}

static void *
be_other(void *arg)
{
	struct other *other = arg;
	SSL *ssl;

	own++;
	ssl = SSL_new(contexts[other->is_server]);
	SSL_set_fd(ssl, other->fd);
	if (other->is_server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	serve_one(ssl, other->life);
	SSL_free(ssl);
	OPENSSL_thread_stop();
	close(other->fd);
	return NULL;
}

/* ---- The lives. */

static const struct fsock_options quick = { .timeout = LIFE_LIMIT, .close_timeout = LIFE_LIMIT };

static void
use(struct life *life, fsock *s)
{
	char line[64];
	FILE *f;

	if (WENT((f = fsock_stream(s)) != NULL) && WENT(fgets(line, sizeof line, f) != NULL) &&
	    WENT(strcmp(line, "hello\n") == 0) &&
	    WENT(fputs(life_write(life, "hello yourself\n", 15), f) >= 0) && WENT(fflush(f) == 0))
		WENT(fputs(life_write(life, "and good bye\n", 13), f) >= 0);
}

static void
live(struct life *life, const struct fsock_tls_options *options, int is_server)
{
	struct other other = { .is_server = !is_server, .life = life };
	fsock_tls *tls = NULL;
	fsock *s = NULL;
	int fds[2];

	OWN((void)!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	other.fd = fds[1];
	OWN(pthread_create(&other.thread, NULL, be_other, &other));
	if (!WENT((s = fsock_adopt(fds[0], &quick)) != NULL))
		OWN(close(fds[0]));
	else if (WENT((tls = fsock_tls_new(options)) != NULL) &&
		 WENT(fsock_tls_start(s, tls, is_server) == 0))
		use(life, s);
	WENT(fsock_close(s) == 0);
	fsock_tls_free(tls);
	OPENSSL_thread_stop(); /* what it keeps for this one */
	OWN(pthread_join(other.thread, NULL));
	if (life->got < life->written && life->end == LIFE_PROPER)
		life->missed = "cut";
}

static void
live_as_client(struct life *life)
{
	live(life,
	    &(struct fsock_tls_options){
		.ca_file = authority, .crl_file = revoked, .name = "localhost", .alpn = "a,b" },
	    0);
}

static void
live_as_server(struct life *life)
{
	live(life,
	    &(struct fsock_tls_options){ .certificate = certificate, .key = key, .alpn = "b,a" },
	    1);
}

/* OpenSSL asks for memory thousands of times: of these a sample fails. */
static const struct {
	life_fn *live;
	const char *what, *sample;
	int is_openssl_spared, least;
} lives[] = {
	{ live_as_client, "a client", "23", 0, 300 },
	{ live_as_server, "a server", "23", 0, 300 },
	{ live_as_client, "a client, but for OpenSSL", "0", 1, 30 },
	{ live_as_server, "a server, but for OpenSSL", "0", 1, 30 },
};

START_TEST(faults)
{
	setenv("FSOCK_SAMPLE", lives[_i].sample, 1);
	is_openssl_spared = lives[_i].is_openssl_spared;
	life_sweep(lives[_i].live, lives[_i].what, lives[_i].least);
	is_openssl_spared = 0;
}
END_TEST

static int
make_files(void)
{
	char command[128];

	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(command, sizeof command, "tests/tls/certificates %s", directory);
	if (system(command) != 0)
		return -1;
	snprintf(certificate, sizeof certificate, "%s/good.pem", directory);
	snprintf(key, sizeof key, "%s/good.key", directory);
	snprintf(authority, sizeof authority, "%s/ca.pem", directory);
	snprintf(revoked, sizeof revoked, "%s/crl.pem", directory);
	contexts[0] = SSL_CTX_new(TLS_client_method());
	contexts[1] = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate_chain_file(contexts[1], certificate);
	return SSL_CTX_use_PrivateKey_file(contexts[1], key, SSL_FILETYPE_PEM) == 1 ? 0 : -1;
}

int
main(void)
{
	Suite *s = suite_create("tls_fault_sweep");
	TCase *t = tcase_create("tls_fault_sweep");
	char command[64];
	int failed;

	CRYPTO_set_mem_functions(take_memory, change_memory, give_memory);
	signal(SIGPIPE, SIG_IGN);
	if (make_files() < 0)
		return EXIT_FAILURE;
	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, faults, 0, COUNT(lives));
	suite_add_tcase(s, t);
	failed = sock_run(s);
	snprintf(command, sizeof command, "rm -rf %s", directory);
	return system(command) == 0 ? failed : EXIT_FAILURE;
}

/* What the tests of TLS share: certificates, two ends of a connection, a server that echoes. */
#ifndef TESTS_TLS_SUPPORT_H
#define TESTS_TLS_SUPPORT_H

#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <fsock.h>
#include <fsock/tls.h>

#include "../support/sock_support.h"

static char directory[] = "/tmp/fsock-tls-XXXXXX";

/* The path of a file of the directory; of eight that are kept. */
static inline const char *
file(const char *name)
{
	static _Thread_local char paths[8][64];
	static _Thread_local int next;
	char *path = paths[next++ % 8];

	if (name == NULL)
		return NULL;
	snprintf(path, sizeof paths[0], "%s/%s", directory, name);
	return path;
}

static inline fsock_tls *
tls_of(const struct fsock_tls_options *options)
{
	fsock_tls *tls = fsock_tls_new(options);

	ck_assert_msg(tls != NULL, "%s", fsock_last_error()->text);
	return tls;
}

/* A server with a certificate NAME.pem, that echoes lines. */
struct echo {
	fsock_tls *tls;
	fsock_server *server;
	int port;
	atomic_int errors;
	char error[512];
};

static inline int
echo_line(FILE *f, char *line, size_t length, void *arg)
{
	(void)length, (void)arg;
	return fprintf(f, "%s\n", line) < 0 ? -1 : 0;
}

static inline int
echo_stream(FILE *f, void *arg)
{
	char line[64];

	(void)arg;
	while (fgets(line, sizeof line, f) != NULL)
		fputs(line, f);
	return ferror(f) ? -1 : 0;
}

static inline void
keep_error(fsock_server *server, const struct fsock_error *error, void *arg)
{
	struct echo *e = arg;

	(void)server;
	if (e->errors == 0)
		snprintf(e->error, sizeof e->error, "%s", error->text);
	e->errors++;
}

static inline void
echo_open(struct echo *e, const struct fsock_tls_options *options, int lines)
{
	struct fsock_server_options how = { .error = keep_error };

	memset(e, 0, sizeof *e);
	e->tls = tls_of(options);
	how.socket.layer = fsock_tls_layer(e->tls);
	how.socket.timeout = 20;
	e->server = lines ? fsock_server_start_lines("127.0.0.1", 0, echo_line, e, &how)
			  : fsock_server_start("127.0.0.1", 0, echo_stream, e, &how);
	ck_assert_ptr_nonnull(e->server);
	e->port = fsock_local_port(fsock_server_socket(e->server));
}

static inline void
echo_close(struct echo *e)
{
	fsock_server_stop(e->server, 5);
	fsock_tls_free(e->tls);
}

static inline void
talk(FILE *f, const char *text)
{
	char line[256];

	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fflush(f), 0);
	ck_assert_msg(fgets(line, sizeof line, f) != NULL, "%s", fsock_last_error()->text);
	ck_assert_str_eq(line, text);
}

/* Two connected sockets, the second of which is to be the server; in clear, or through a relay. */
struct pair {
	fsock *client, *server;
	fsock_tls *ours, *theirs;
	pthread_t thread;
};

static inline void *
accept_tls(void *arg)
{
	struct pair *p = arg;

	return fsock_tls_start(p->server, p->theirs, 1) == 0 ? p : NULL;
}

static inline void
pair_start(struct pair *p)
{
	void *r;

	ck_assert_int_eq(pthread_create(&p->thread, NULL, accept_tls, p), 0);
	ck_assert_msg(fsock_tls_start(p->client, p->ours, 0) == 0, "%s", fsock_last_error()->text);
	ck_assert_int_eq(pthread_join(p->thread, &r), 0);
	ck_assert_ptr_nonnull(r);
}

static inline void
pair_make(struct pair *p, const struct fsock_tls_options *client)
{
	struct fsock_tls_options mine = { .ca_file = file("ca.pem"), .name = "localhost" };

	p->ours = tls_of(client != NULL ? client : &mine);
	p->theirs = tls_of(&(struct fsock_tls_options){
	    .certificate = file("good.pem"), .key = file("good.key") });
}

static inline void
pair_open(struct pair *p, const struct fsock_tls_options *client)
{
	fsock *ends[2];

	pair_make(p, client);
	ck_assert_int_eq(fsock_pair(ends, &(struct fsock_options){ .timeout = 20 }), 0);
	p->client = ends[0];
	p->server = ends[1];
}

static inline void
pair_close(struct pair *p)
{
	fsock_close(p->client);
	fsock_close(p->server);
	fsock_tls_free(p->ours);
	fsock_tls_free(p->theirs);
}

static inline void
say(fsock *from, fsock *to, const char *text)
{
	FILE *out = fsock_stream(from), *in = fsock_stream(to);
	char line[256];

	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fflush(out), 0);
	ck_assert_msg(fgets(line, sizeof line, in) != NULL, "%s", fsock_last_error()->text);
	ck_assert_str_eq(line, text);
}

/* Between two descriptors: octet by octet, each as a segment of its own. */
struct relay {
	int fds[2];
	pthread_t threads[2];
};

static inline void
relay_octets(int from, int to)
{
	char c;

	while (recv(from, &c, 1, 0) == 1)
		if (send(to, &c, 1, MSG_NOSIGNAL) != 1)
			break;
	shutdown(to, SHUT_WR);
}

static inline void *
relay_there(void *arg)
{
	const struct relay *r = arg;

	relay_octets(r->fds[0], r->fds[1]);
	return NULL;
}

static inline void *
relay_back(void *arg)
{
	const struct relay *r = arg;

	relay_octets(r->fds[1], r->fds[0]);
	return NULL;
}

static inline void
relay_start(struct relay *r)
{
	int on = 1;

	for (int i = 0; i < 2; i++) /* of a Unix domain it makes no difference */
		setsockopt(r->fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	ck_assert_int_eq(pthread_create(&r->threads[0], NULL, relay_there, r), 0);
	ck_assert_int_eq(pthread_create(&r->threads[1], NULL, relay_back, r), 0);
}

/* When both ends are closed. */
static inline void
relay_join(struct relay *r)
{
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_join(r->threads[i], NULL), 0);
		close(r->fds[i]);
	}
}

/*
 * Runs the tests that `add` adds, with a directory of certificates. Returns what main() is to
 * return.
 */
static inline int
tls_run(const char *name, void (*add)(TCase *))
{
	char command[128];
	Suite *s = suite_create(name);
	TCase *t = tcase_create(name);
	int failed;

	if (mkdtemp(directory) == NULL)
		return EXIT_FAILURE;
	snprintf(command, sizeof command, "tests/tls/certificates %s", directory);
	if (system(command) != 0)
		return EXIT_FAILURE;
	tcase_set_timeout(t, 30);
	add(t);
	suite_add_tcase(s, t);
	failed = sock_run(s);
	snprintf(command, sizeof command, "rm -rf %s", directory);
	return system(command) == 0 ? failed : EXIT_FAILURE;
}

#endif

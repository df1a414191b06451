/*
 * The sessions that clients may go on with, by name and port. They belong to the context under
 * whose rules they were made: files that are read anew have none yet.
 */
#include "tls.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 32 }; /* of all servers; the newest are kept */

struct kept {
	SSL_SESSION *session; /* NULL: none */
	int port;
	char name[sizeof((struct fsock__tls *)0)->name];
};

/* The lock is held for memory alone. */
struct sessions {
	pthread_mutex_t lock;
	int next; /* where the next one goes, in place of the oldest */
	struct kept kept[MOST];
};

static int place; /* of them in a context */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
free_sessions(void *context, void *memory, CRYPTO_EX_DATA *data, int i, long number, void *arg)
{
	struct sessions *sessions = memory;

	(void)context, (void)data, (void)i, (void)number, (void)arg;
	if (sessions == NULL)
		return;
	pthread_mutex_lock(&sessions->lock); /* behind what other threads have kept */
	for (int k = 0; k < MOST; k++)
		SSL_SESSION_free(sessions->kept[k].session);
	pthread_mutex_unlock(&sessions->lock);
	pthread_mutex_destroy(&sessions->lock);
	free(sessions);
}

static void
make_place(void)
{
	place = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_sessions);
}

/* Whether it is one with that server, and still of use. */
static int
is_fit(const struct kept *kept, const struct fsock__tls *t)
{
	const SSL_SESSION *session = kept->session;

	return session != NULL && kept->port == t->port && strcmp(kept->name, t->name) == 0 &&
	       SSL_SESSION_is_resumable(session) &&
	       time(NULL) < SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session);
}

/*
 * Takes the newest that fits, or NULL. What TLS 1.3 has sent for it in the clear would show who
 * comes again: it is used once.
 */
static SSL_SESSION *
take(struct sessions *sessions, const struct fsock__tls *t)
{
	for (int i = 1; i <= MOST; i++) {
		struct kept *kept = &sessions->kept[(sessions->next + MOST - i) % MOST];
		SSL_SESSION *session = kept->session;

		if (!is_fit(kept, t))
			continue;
		if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
			kept->session = NULL;
		else
			SSL_SESSION_up_ref(session);
		return session;
	}
	return NULL;
}

void
fsock__tls_resume(struct fsock__tls *t)
{
	struct sessions *sessions = SSL_CTX_get_ex_data(t->context, place);
	SSL_SESSION *session;

	if (sessions == NULL)
		return;
	pthread_mutex_lock(&sessions->lock);
	session = take(sessions, t);
	pthread_mutex_unlock(&sessions->lock);
	if (session == NULL)
		return;
	SSL_set_session(t->ssl, session); /* or not, without memory: then there is a new one */
	SSL_SESSION_free(session);
}

/* OpenSSL's callback: there is a session that may be resumed. Returns 1 if it is kept. */
static int
keep(SSL *ssl, SSL_SESSION *session)
{
	struct sessions *sessions = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), place);
	const struct fsock__tls *t = SSL_get_app_data(ssl);
	SSL_SESSION *old;
	struct kept *kept;

	pthread_mutex_lock(&sessions->lock);
	kept = &sessions->kept[sessions->next];
	sessions->next = (sessions->next + 1) % MOST;
	old = kept->session;
	kept->session = session;
	kept->port = t->port;
	memcpy(kept->name, t->name, sizeof kept->name);
	pthread_mutex_unlock(&sessions->lock);
	SSL_SESSION_free(old);
	return 1;
}

int
fsock__tls_keep_sessions(SSL_CTX *context)
{
	struct sessions *sessions = calloc(1, sizeof *sessions);

	pthread_once(&once, make_place);
	if (sessions == NULL)
		return -1;
	pthread_mutex_init(&sessions->lock, NULL);
	if (SSL_CTX_set_ex_data(context, place, sessions) != 1) {
		pthread_mutex_destroy(&sessions->lock);
		free(sessions);
		return -1;
	}
	/* A server's are in the tickets that it has given. */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, keep);
	return 0;
}

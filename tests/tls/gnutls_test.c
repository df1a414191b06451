/*
 * The same conversations through OpenSSL's layer and GnuTLS's, in all combinations: a layer is not
 * what one library makes of it.
 */
#include "../../src/base/compat.h"

#include <check.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdlib.h>

#include <fsock/tls.h>

#include "../support/certificates.h"
#include "../support/conversation.h"
#include "../support/sock_support.h"

struct gnu {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	fsock_layer *layer;
	ssize_t wish; /* what receiving or sending has come to */
};

static ssize_t
passed(struct gnu *g, ssize_t r)
{
	g->wish = r;
	if (r >= 0)
		return r;
	gnutls_transport_set_errno(g->session, r == FSOCK_LAYER_FAILED ? EIO : EAGAIN);
	return -1;
}

static ssize_t
gnu_pull(gnutls_transport_ptr_t g, void *octets, size_t n)
{
	return passed(g, fsock_layer_receive(((struct gnu *)g)->layer, octets, n));
}

static ssize_t
gnu_push(gnutls_transport_ptr_t g, const void *octets, size_t n)
{
	return passed(g, fsock_layer_send(((struct gnu *)g)->layer, octets, n));
}

/* What has come to r, if that is less than 0. */
static ssize_t
judge(struct gnu *g, ssize_t r)
{
	enum fsock_error_kind kind = r == GNUTLS_E_PREMATURE_TERMINATION ? FSOCK_TRUNCATED_ERROR
				     : r == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR
					 ? FSOCK_CERTIFICATE_ERROR
					 : FSOCK_TLS_ERROR;
	ssize_t wish = g->wish;

	g->wish = 0;
	if (r >= 0)
		return r;
	if (wish < 0)
		return wish;
	if (r == GNUTLS_E_AGAIN) /* a ticket, and nothing for the program */
		return FSOCK_LAYER_WANTS_INPUT;
	return fsock_layer_fail(g->layer, kind, kind == FSOCK_TRUNCATED_ERROR ? ECONNRESET : EPROTO,
	    gnutls_strerror((int)r));
}

static int
gnu_start(fsock_layer *layer)
{
	struct gnu *g = fsock_layer_state(layer);
	int r = gnutls_handshake(g->session);

	if (r == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		gnutls_alert_send_appropriate(g->session, r);
	return r == 0 ? 1 : (int)judge(g, r);
}

static ssize_t
gnu_read(fsock_layer *layer, void *octets, size_t n)
{
	struct gnu *g = fsock_layer_state(layer);

	return judge(g, gnutls_record_recv(g->session, octets, n));
}

static ssize_t
gnu_write(fsock_layer *layer, const void *octets, size_t n)
{
	struct gnu *g = fsock_layer_state(layer);

	return judge(g, gnutls_record_send(g->session, octets, n));
}

static int
gnu_end(fsock_layer *layer)
{
	struct gnu *g = fsock_layer_state(layer);
	int r = gnutls_bye(g->session, GNUTLS_SHUT_WR);

	return r == 0 ? 1 : (int)judge(g, r);
}

static int
gnu_pending(const fsock_layer *layer)
{
	return gnutls_record_check_pending(((struct gnu *)fsock_layer_state(layer))->session) > 0;
}

static void
gnu_free(fsock_layer *layer)
{
	struct gnu *g = fsock_layer_state(layer);

	gnutls_deinit(g->session);
	gnutls_certificate_free_credentials(g->credentials);
	free(g);
}

static const struct fsock_layer_ops gnu_ops = { sizeof gnu_ops, "GnuTLS", gnu_start, gnu_read,
	gnu_write, NULL, gnu_end, gnu_pending, gnu_free, NULL };

static void
push_gnutls(fsock *s, int is_server, const char *name)
{
	struct gnu *g = calloc(1, sizeof *g);

	gnutls_init(&g->session, is_server ? GNUTLS_SERVER : GNUTLS_CLIENT);
	gnutls_certificate_allocate_credentials(&g->credentials);
	gnutls_set_default_priority(g->session);
	gnutls_credentials_set(g->session, GNUTLS_CRD_CERTIFICATE, g->credentials);
	gnutls_transport_set_ptr(g->session, g);
	gnutls_transport_set_pull_function(g->session, gnu_pull);
	gnutls_transport_set_push_function(g->session, gnu_push);
	gnutls_certificate_set_x509_trust_file(
	    g->credentials, certificates_file("ca.pem"), GNUTLS_X509_FMT_PEM);
	if (is_server)
		gnutls_certificate_set_x509_key_file(g->credentials, certificates_file("good.pem"),
		    certificates_file("good.key"), GNUTLS_X509_FMT_PEM);
	else
		gnutls_session_set_verify_cert(g->session, name, 0);
	ck_assert_int_eq(fsock_layer_push(s, &gnu_ops, g, 0), 0);
	g->layer = fsock_layer_of(s, &gnu_ops);
}

static void
push_openssl(fsock *s, int is_server, const char *name)
{
	struct fsock_tls_options client = { .ca_file = certificates_file("ca.pem"), .name = name },
				 server = { .certificate = certificates_file("good.pem"),
					 .key = certificates_file("good.key") };
	fsock_tls *tls = fsock_tls_new(is_server ? &server : &client);

	ck_assert_int_eq(fsock_tls_layer(tls)->make(fsock_tls_layer(tls), s, is_server), 0);
	fsock_tls_free(tls);
}

static void (*const pushes[])(
    fsock *s, int is_server, const char *name) = { push_openssl, push_gnutls };

static void *
start(void *s)
{
	fsock_layer_start(s);
	return NULL;
}

START_TEST(conversation)
{
	int number = _i / 4, is_right = number < CONVERSATIONS, r;
	const char *name = is_right ? "localhost" : "other.example";
	pthread_t server;
	fsock *ends[2];

	ck_assert_int_eq(fsock_pair(ends, &(struct fsock_options){ .timeout = 20 }), 0);
	pushes[_i % 2](ends[0], 0, name);
	pushes[_i / 2 % 2](ends[1], 1, name);
	ck_assert_int_eq(pthread_create(&server, NULL, start, ends[1]), 0);
	r = fsock_layer_start(ends[0]);
	if (!is_right)
		sock_assert_error(FSOCK_CERTIFICATE_ERROR, EPROTO);
	ck_assert_int_eq(r, is_right ? 0 : -1);
	pthread_join(server, NULL);
	if (is_right)
		conversations[number](ends);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("gnutls");
	TCase *t = tcase_create("gnutls");

	tcase_add_loop_test(t, conversation, 0, 4 * (CONVERSATIONS + 1));
	suite_add_tcase(s, t);
	return certificates_run(s);
}

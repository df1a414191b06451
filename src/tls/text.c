/* Why a handshake or a record has failed, in words. */
#include "tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { TEXT = 240, NAME = 80 };

/* What the peer's alerts say; OpenSSL has them as reasons from here on. */
#define ALERT 1000

static const struct {
	int reason;
	enum fsock_error_kind kind;
	const char *text;
} reasons[] = {
	{ ALERT + 40, FSOCK_TLS_ERROR, "peer finds nothing to agree on (handshake failure)" },
	{ ALERT + 42, FSOCK_CERTIFICATE_ERROR, "peer refused our certificate: bad" },
	{ ALERT + 43, FSOCK_CERTIFICATE_ERROR, "peer refused our certificate: of no use to it" },
	{ ALERT + 44, FSOCK_CERTIFICATE_ERROR, "peer refused our certificate: revoked" },
	{ ALERT + 45, FSOCK_CERTIFICATE_ERROR, "peer refused our certificate: expired" },
	{ ALERT + 46, FSOCK_CERTIFICATE_ERROR, "peer refused our certificate" },
	{ ALERT + 48, FSOCK_CERTIFICATE_ERROR, "peer refused our certificate: unknown authority" },
	{ ALERT + 70, FSOCK_TLS_ERROR, "no common protocol version" },
	{ ALERT + 112, FSOCK_TLS_ERROR, "peer does not know the name that was asked for" },
	{ ALERT + 116, FSOCK_CERTIFICATE_ERROR, "peer demands a certificate" },
	{ ALERT + 120, FSOCK_TLS_ERROR, "no common application protocol (ALPN)" },
	{ SSL_R_HTTP_REQUEST, FSOCK_TLS_ERROR, "peer does not speak TLS" },
	{ SSL_R_HTTPS_PROXY_REQUEST, FSOCK_TLS_ERROR, "peer does not speak TLS" },
	{ SSL_R_WRONG_VERSION_NUMBER, FSOCK_TLS_ERROR, "peer does not speak TLS" },
	{ SSL_R_UNSUPPORTED_PROTOCOL, FSOCK_TLS_ERROR, "no common protocol version" },
	{ SSL_R_NO_SHARED_CIPHER, FSOCK_TLS_ERROR, "no common cipher" },
	{ SSL_R_NO_APPLICATION_PROTOCOL, FSOCK_TLS_ERROR, "no common application protocol (ALPN)" },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, FSOCK_CERTIFICATE_ERROR,
	    "peer has shown no certificate" },
	{ SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, FSOCK_TLS_ERROR, "a record was changed" },
	{ SSL_R_BAD_RECORD_TYPE, FSOCK_TLS_ERROR, "a record was changed" },
};

/* The common name of a certificate's subject or issuer. */
static void
common_name(const X509_NAME *name, char *buf)
{
	if (X509_NAME_get_text_by_NID(name, NID_commonName, buf, NAME) < 0)
		strcpy(buf, "(no name)");
}

/* The day of a time: "2026-11-28". */
static void
day(const ASN1_TIME *time, char buf[16])
{
	struct tm tm;

	strcpy(buf, "(no day)");
	if (ASN1_TIME_to_tm(time, &tm) == 1)
		strftime(buf, 16, "%Y-%m-%d", &tm);
}

/* Whom a certificate is for: its first name, as clients look at it. */
static void
name_of(X509 *certificate, char *buf)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	common_name(X509_get_subject_name(certificate), buf);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_DNS)
			continue;
		snprintf(buf, NAME, "%.*s", ASN1_STRING_length(name->d.dNSName),
		    (const char *)ASN1_STRING_get0_data(name->d.dNSName));
		break;
	}
	GENERAL_NAMES_free(names);
}

/* What is wrong with the peer's certificate, of which the verification has said `result`. */
static void
say_certificate(struct fsock__tls *t, X509 *certificate, long result, char *text)
{
	const char *asked = t->name;
	char name[NAME], issuer[NAME], when[16];

	name_of(certificate, name);
	common_name(X509_get_issuer_name(certificate), issuer);
	switch (result) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		day(X509_get0_notAfter(certificate), when);
		snprintf(text, TEXT, "certificate of %s expired on %s", name, when);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		day(X509_get0_notBefore(certificate), when);
		snprintf(text, TEXT, "certificate of %s is not valid before %s", name, when);
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		snprintf(text, TEXT, "certificate is for %s, not %.80s", name, asked);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		snprintf(text, TEXT, "certificate of %s is self-signed", name);
		break;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		snprintf(text, TEXT,
		    "certificate of %s is not signed by a known authority (issuer %s)", name,
		    issuer);
		break;
	case X509_V_ERR_INVALID_PURPOSE:
		snprintf(text, TEXT, "certificate of %s is not for %s", name,
		    t->is_server ? "clients" : "servers");
		break;
	case X509_V_ERR_CERT_REVOKED:
		snprintf(text, TEXT, "certificate of %s was revoked", name);
		break;
	default:
		snprintf(text, TEXT, "certificate of %s: %s", name,
		    X509_verify_cert_error_string(result));
	}
}

/* Says what OpenSSL's reason is. */
static int
say_reason(struct fsock__tls *t, fsock_layer *layer, unsigned long error)
{
	int reason = ERR_GET_REASON(error);
	const char *words = ERR_reason_error_string(error);
	char text[TEXT];

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].reason == reason)
			return fsock_layer_fail(layer, reasons[i].kind, EPROTO, reasons[i].text);
	snprintf(text, sizeof text, "%s%s",
	    t->is_done ? "" : "TLS handshake: ", words != NULL ? words : "protocol error");
	return fsock_layer_fail(layer, FSOCK_TLS_ERROR, EPROTO, text);
}

int
fsock__tls_verify(int is_right, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);
	struct fsock__tls *t = SSL_get_app_data(ssl);

	if (!is_right && t->why[0] == '\0' && certificate != NULL)
		say_certificate(t, certificate, X509_STORE_CTX_get_error(store), t->why);
	return is_right;
}

int
fsock__tls_fail(struct fsock__tls *t, fsock_layer *layer)
{
	unsigned long error = ERR_peek_error();

	t->has_failed = 1;
	if (t->why[0] != '\0') {
		fsock_layer_fail(layer, FSOCK_CERTIFICATE_ERROR, EPROTO, t->why);
	} else if (t->is_at_end) {
		fsock_layer_fail(layer, FSOCK_TRUNCATED_ERROR, ECONNRESET,
		    t->is_done ? "connection ended without TLS's end: truncated?"
			       : "connection ended in the TLS handshake");
	} else {
		say_reason(t, layer, error);
	}
	ERR_clear_error();
	return FSOCK_LAYER_FAILED;
}

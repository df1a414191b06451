/*
 * TLS, with libfsock-tls. Where OpenSSL is missing, no_tls.c takes the place of this file.
 */
#include "command.h"

#include <fsock/tls.h>

const int tls_is_there = 1;

enum status
tls_prepare(struct settings *settings)
{
	const struct fsock_tls_options options = { .name = settings->name,
		.ca_file = settings->ca_file,
		.certificate = settings->certificate,
		.key = settings->key,
		.verify = settings->is_insecure ? FSOCK_OFF : FSOCK_DEFAULT };
	fsock_tls *tls = fsock_tls_new(&options);

	if (tls == NULL) {
		report_error();
		return STATUS_LOCAL; /* a file */
	}
	/* The listener or the connection keeps it. */
	settings->socket.layer = fsock_tls_layer(tls);
	return STATUS_DONE;
}

void
tls_report(fsock *s)
{
	struct fsock_tls_peer peer;

	report_say("%s, %s", fsock_tls_version(s), fsock_tls_cipher(s));
	if (fsock_tls_peer(s, &peer) == 0)
		report_say("certificate of %s, issued by %s", peer.subject, peer.issuer);
}

/*
 * fsock/tls.h - TLS for streams, with OpenSSL. It is a separate library: libfsock-tls (pkg-config
 * fsock-tls).
 *
 *	FILE *f = fsock_tls_open("example.org", 443, "r+,timeout=5", NULL);
 *
 * Certificates and names are verified, with the system's certificate authorities. TLS 1.2 or later
 * is required. No data of the program is sent before the handshake is complete, and renegotiation
 * is disabled. If input ends without a close_notify from the peer, the read fails with
 * FSOCK_TRUNCATED_ERROR: the input may be incomplete.
 */
#ifndef FSOCK_TLS_H
#define FSOCK_TLS_H

#include <stdio.h>
#include <time.h>

#include <fsock/api.h>
#include <fsock/layer.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

/*
 * A TLS configuration: certificates, authorities and rules. It is created once and may be shared by
 * any number of connections and threads.
 */
typedef struct fsock_tls fsock_tls;

/* Zero selects the default of each option. Files are in PEM format. */
struct fsock_tls_options {
	const char *name;         /* the server's, to verify and to request; default: the host */
	const char *ca_file;      /* trusted authorities; default: the system's ... */
	const char *ca_dir;       /* ... unless one of these is set; "": none */
	const char *crl_file;     /* revoked certificates; default: revocation is not checked */
	const char *certificate;  /* the local certificate, with its chain; a server needs one */
	const char *key;          /* its private key; default: in the same file */
	enum fsock_switch verify; /* clients: default on. Servers: FSOCK_ON requires a
	                             certificate from each client; with ca_file or ca_dir one is
	                             requested */
	enum fsock_switch verify_name; /* clients: the certificate must be for `name`; default on */
	int min_version;               /* 12 or 13; default 12 */
	const char *alpn;         /* "h2,http/1.1"; a server refuses clients without one of these */
	const char *ciphers;      /* in OpenSSL's syntax, up to TLS 1.2; default OpenSSL's */
	enum fsock_switch resume; /* sessions may be resumed; default on. A client keeps them by
	                             name and port, until fsock_tls_reload() */
	enum fsock_switch allow_truncation; /* an end without close_notify is read as end of file;
	                                       default off. A reset remains an error */
	/*
	 * For servers: returns the configuration with the certificates for the name that a client
	 * requests; NULL: this one.
	 */
	fsock_tls *(*choose)(const char *name, void *arg);
	void *arg;
	unsigned long reserved[8]; /* room for later; must be zero */
};

/*
 * Reads the files and creates a TLS configuration. NULL options: all defaults.
 * Returns: the configuration, to be released with fsock_tls_free(); or NULL.
 * Errors: EINVAL (an option has an invalid value), ENOMEM, errno of a file that cannot be read;
 *   EPROTO (FSOCK_CERTIFICATE_ERROR) for the contents of a file.
 */
FSOCK_API fsock_tls *fsock_tls_new(const struct fsock_tls_options *options);

/*
 * Reads the files again, for new connections. Existing connections are unchanged.
 * Returns: 0, or -1 with everything unchanged.
 * Errors: those of fsock_tls_new().
 * Threads: any.
 */
FSOCK_API int fsock_tls_reload(fsock_tls *tls);

/*
 * Releases a configuration. Connections, listeners and servers that use it keep it. NULL: does
 * nothing.
 */
FSOCK_API void fsock_tls_free(fsock_tls *tls);

/*
 * Returns the value for the option `layer` of struct fsock_options, which makes each connection use
 * TLS. NULL: a client with all defaults.
 */
FSOCK_API struct fsock_layer_maker *fsock_tls_layer(fsock_tls *tls);

/* Works as fsockopen(), with TLS. NULL tls: all defaults. */
FSOCK_API FILE *fsock_tls_open(const char *host, int port, const char *mode, fsock_tls *tls);

/* Flags of fsock_tls_start(). */
#define FSOCK_TLS_ACCEPTING    1 /* act as the server */
#define FSOCK_TLS_TAKE_PENDING 2 /* input that was read ahead belongs to the handshake */

/*
 * Starts TLS on an open connection, at the current octet (STARTTLS): see fsock_layer_push(). It
 * fails with EBUSY if input was read ahead: unencrypted input after a STARTTLS command may have
 * been injected. With FSOCK_TLS_TAKE_PENDING that input is the start of the handshake, for example
 * after a line of the PROXY protocol; if it is anything else, the handshake fails.
 * Returns: 0 when the handshake is complete, or -1.
 * Errors: EINVAL (invalid flags, or no name to verify the peer's certificate against), those of
 *   fsock_layer_push() and fsock_layer_start().
 * Blocks: yes, unless the socket is non-blocking.
 */
FSOCK_API int fsock_tls_start(fsock *s, fsock_tls *tls, int flags);

/*
 * Return the results of a completed handshake: "TLSv1.3", "TLS_AES_256_GCM_SHA384", "h2", and the
 * name that the client requested.
 * Returns: text that is valid as long as the socket, or NULL if there is none.
 */
FSOCK_API const char *fsock_tls_version(fsock *s);
FSOCK_API const char *fsock_tls_cipher(fsock *s);
FSOCK_API const char *fsock_tls_alpn(fsock *s);
FSOCK_API const char *fsock_tls_server_name(fsock *s);

/* Tells whether the connection resumed an earlier session. Returns: 1 or 0. */
FSOCK_API int fsock_tls_resumed(fsock *s);

/* The peer's certificate. */
struct fsock_tls_peer {
	char subject[256], issuer[256]; /* "CN = example.org", cut if longer */
	time_t not_before, not_after;
	unsigned char sha256[32]; /* of the certificate (DER) */
};

/* Returns: 0, or -1 (ENOENT) if the peer sent no certificate, or the socket has no TLS. */
FSOCK_API int fsock_tls_peer(fsock *s, struct fsock_tls_peer *peer);

FSOCK_END_DECLS

#endif

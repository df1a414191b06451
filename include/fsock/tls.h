/*
 * fsock/tls.h - TLS under the streams, by OpenSSL. It is a library of its own: libfsock-tls
 * (pkg-config fsock-tls).
 *
 *	FILE *f = fsock_tls_open("example.org", 443, "r+,timeout=5", NULL);
 *
 * Certificates and names are verified, with the system's authorities, TLS is 1.2 or later, and
 * nothing of the program's is sent before the handshake is over, nor may it be renegotiated. The
 * end of input without the peer's saying so (close_notify) is an error, FSOCK_TRUNCATED_ERROR: what
 * was read may be a part only.
 */
#ifndef FSOCK_TLS_H
#define FSOCK_TLS_H

#include <stdio.h>
#include <time.h>

#include <fsock/api.h>
#include <fsock/layer.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

/* Certificates, authorities and rules: made once, shared by any number of connections, threads. */
typedef struct fsock_tls fsock_tls;

/* Zero means the default everywhere. Files are PEM. */
struct fsock_tls_options {
	const char *name;         /* the server's, to check and to ask for; default: the host */
	const char *ca_file;      /* whom to believe; default: the system's authorities ... */
	const char *ca_dir;       /* ... unless one of these is given; "": nobody */
	const char *crl_file;     /* certificates that were revoked; default: none is looked for */
	const char *certificate;  /* our own, with its chain; a server needs one */
	const char *key;          /* its private key; default: in the same file */
	enum fsock_switch verify; /* clients: default on. Servers: FSOCK_ON demands a certificate of
	                             each client; with ca_file or ca_dir one is asked for */
	enum fsock_switch verify_name; /* clients: that the certificate is for `name`; default on */
	int min_version;               /* 12 or 13; default 12 */
	const char *alpn;              /* "h2,http/1.1": a server without a common one refuses */
	const char *ciphers;           /* as OpenSSL writes them, up to TLS 1.2; default its own */
	enum fsock_switch resume; /* sessions may be resumed; default on. A client keeps them by
	                             name and port, until fsock_tls_reload() */
	enum fsock_switch allow_truncation; /* an end without close_notify is an end; default off */
	/* A server: which certificates are for the name that a client asks for; NULL: these. */
	fsock_tls *(*choose)(const char *name, void *arg);
	void *arg;
	unsigned long reserved[8]; /* room for later; must be zero */
};

/*
 * Reads the files. NULL options: all defaults.
 * Returns: what fsock_tls_free() gives back, or NULL. Errors: EINVAL (options), ENOMEM, errno of a
 *   file that cannot be read; EPROTO (FSOCK_CERTIFICATE_ERROR) for what is in one.
 */
FSOCK_API fsock_tls *fsock_tls_new(const struct fsock_tls_options *options);

/*
 * Reads the files anew, for connections to come; those that stand keep what they have.
 * Returns: 0, or -1 with everything as it was. Errors: as fsock_tls_new().
 * Threads: any.
 */
FSOCK_API int fsock_tls_reload(fsock_tls *tls);

/* Gives it back; connections, listeners and servers that have it keep it. NULL: nothing. */
FSOCK_API void fsock_tls_free(fsock_tls *tls);

/*
 * What to put into the member `layer` of struct fsock_options: each connection is TLS then. NULL:
 * a client with all defaults.
 */
FSOCK_API struct fsock_layer_maker *fsock_tls_layer(fsock_tls *tls);

/* fsockopen() with TLS. NULL tls: all defaults. */
FSOCK_API FILE *fsock_tls_open(const char *host, int port, const char *mode, fsock_tls *tls);

/* For fsock_tls_start(). */
#define FSOCK_TLS_ACCEPTING    1 /* as a server */
#define FSOCK_TLS_TAKE_PENDING 2 /* what was read ahead is the peer's TLS */

/*
 * Begins TLS on an open connection at this very octet (STARTTLS): see fsock_layer_push(). Input
 * that was read ahead is refused (EBUSY): what came behind a STARTTLS, still in the clear, was put
 * there by somebody else. With FSOCK_TLS_TAKE_PENDING it is the beginning of the handshake, as what
 * comes behind a line of the PROXY protocol; if it is anything else that fails.
 * Returns: 0 when the handshake is over, or -1. Errors: EINVAL (flags; or there is no name that the
 *   peer's certificate could be for), those of fsock_layer_push() and fsock_layer_start().
 * Blocks: yes, unless the socket is non-blocking.
 */
FSOCK_API int fsock_tls_start(fsock *s, fsock_tls *tls, int flags);

/*
 * What was agreed on, once the handshake is over: "TLSv1.3", "TLS_AES_256_GCM_SHA384", "h2", the
 * name that the client has asked for.
 * Returns: text that lasts as long as the socket, or NULL if there is none.
 */
FSOCK_API const char *fsock_tls_version(fsock *s);
FSOCK_API const char *fsock_tls_cipher(fsock *s);
FSOCK_API const char *fsock_tls_alpn(fsock *s);
FSOCK_API const char *fsock_tls_server_name(fsock *s);

/* Whether it goes on with an earlier session. Returns: 1 or 0. */
FSOCK_API int fsock_tls_resumed(fsock *s);

/* The peer's certificate. */
struct fsock_tls_peer {
	char subject[256], issuer[256]; /* "CN = example.org", cut if longer */
	time_t not_before, not_after;
	unsigned char sha256[32]; /* of the certificate (DER) */
};

/* Returns: 0, or -1 (ENOENT) if the peer has shown none, or there is no TLS. */
FSOCK_API int fsock_tls_peer(fsock *s, struct fsock_tls_peer *peer);

FSOCK_END_DECLS

#endif

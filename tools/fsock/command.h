/*
 * What the files of the command share. It is made of the library's public headers alone.
 */
#ifndef FSOCK_COMMAND_H
#define FSOCK_COMMAND_H

/* getopt_long() and nl_langinfo(), which -std=c11 hides. */
#define _GNU_SOURCE

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <fsock.h>

/* Exit statuses. Scripts depend on the numbers: fsock(1) lists them. */
enum status {
	STATUS_DONE,
	STATUS_USAGE,       /* wrong usage */
	STATUS_LOCAL,       /* something here: a file, standard input or output, the own address */
	STATUS_NAME,        /* the name is unknown */
	STATUS_REFUSED,     /* nothing listens there */
	STATUS_TIMEOUT,     /* a time limit has passed */
	STATUS_UNREACHABLE, /* no way to the host */
	STATUS_TLS,         /* no TLS, an untrusted certificate, an end that TLS did not announce */
	STATUS_LOST,        /* the connection broke */
	STATUS_TEXT         /* a character that a charset does not have */
};

/* What the command line says. */
struct settings {
	const char *host; /* with its port, if that is -1 */
	int port;
	struct fsock_options socket;
	const char *format; /* NULL: octets pass unchanged */
	double idle;        /* -w: seconds without an octet */
	double quit_after;  /* -q: seconds of silence after the end of the input; -1: not given */
	int listens, keeps_listening, is_datagram, only_connects, keeps_output;
	int progress; /* 1: always, 0: never, -1: if it is of use */
	int wants_tls;
	int is_insecure;
	const char *ca_file, *certificate, *key, *name;
};

/* options.c: reads the command line. Returns 0; 1 after --help and --version; or -1. */
int options_read(struct settings *settings, int argc, char **argv);

/* address.c: reads the words after the options. Returns 0 or -1. */
int address_read(struct settings *settings, int count, char **words);

/* report.c: messages on standard error. */
void report_say(const char *format, ...); /* with -v only */
void report_complain(const char *format, ...);
extern int report_is_verbose;
enum status report_error(void); /* of the library's last error: prints it */
enum status report_failure(const struct fsock_error *error);
enum status report_system(const char *what);                       /* of errno */
void report_addr(const char *what, const struct fsock_addr *addr); /* with -v only */
void report_names(const char *what, fsock *s, int (*name)(fsock *, struct fsock_addr *));

/* tls.c, or no_tls.c without OpenSSL. */
extern const int tls_is_there;
enum status tls_prepare(struct settings *settings);
void tls_report(fsock *s);

/* wire.c: what the network takes and gives: as octets, as text or in datagrams. */
struct wire;
#define FLOW_SIZE 131072 /* the buffers of a session: more than any datagram has */
struct wire_ops {
	/* Returns the number of octets for standard output, 0 at the end, or -1. */
	ssize_t (*receive)(struct wire *, void *buffer, size_t size);
	/* Takes octets of standard input: returns how many, or -1. EAGAIN, of both: not now. */
	ssize_t (*send)(struct wire *, const void *octets, size_t n);
	/* Tells whether more should be sent. */
	int (*takes)(struct wire *);
	/* No more octets will be sent. Returns 0 or -1. */
	int (*end)(struct wire *);
	size_t most; /* octets of standard input to be taken at once; at most FLOW_SIZE */
};
struct wire {
	const struct wire_ops *ops;
	fsock *socket;
	int keeps_output, is_server, keeps_listening; /* see struct settings */
	int has_failed;       /* what comes after the octets that were received last is an error */
	FILE *input, *output; /* text of a stream */
	const struct fsock_charset *terminal; /* that of the locale; NULL: it passes unchanged */
	struct fsock_decoder typed;           /* from it ... */
	struct fsock_encoder shown;           /* ... and to it */
	const char *format;                   /* of datagrams */
	struct fsock_addr peer;               /* where they come from and go to, with -l */
};
/* Ends the output side of the connection, if there is one still. Returns 0 or -1. */
int wire_shut_down(struct wire *wire);
int wire_open(struct wire *wire, fsock *s, const struct settings *settings); /* 0 or -1 */

/* text.c */
int text_open(struct wire *wire, const char *words);
int text_prepare(struct wire *wire, const char *words, struct fsock_format *format);
ssize_t text_read(struct wire *wire, FILE *from, void *buffer, size_t size);
int text_write(struct wire *wire, FILE *to, const void *octets, size_t n, int is_end);

/* datagram.c */
int datagram_open(struct wire *wire, const char *words);

/* output.c: standard output, which need not take all at once. */
struct output {
	int descriptor;
	int waits;   /* a write must wait until the descriptor is ready */
	size_t most; /* octets that a write passes then without waiting */
	int is_own;  /* the descriptor was opened here */
	int is_a_terminal;
};
void output_open(struct output *output);
ssize_t output_write(struct output *output, const void *octets, size_t n);
void output_close(struct output *output);

/* progress.c: a line on the terminal that tells how far it has come. */
struct progress {
	int is_wanted, is_asked_for, is_shown;
	double began;
	off_t whole; /* the length of the file that is sent; 0: unknown */
};
void progress_begin(struct progress *progress, const struct settings *settings);
void progress_show(struct progress *progress, uint64_t sent, uint64_t received);
void progress_hide(struct progress *progress);

/* session.c: passes octets between a socket and standard input and output until both have ended. */
enum status session_run(fsock *s, const struct settings *settings);

#endif

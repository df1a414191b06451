/*
 * The command line.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: fsock [options] ADDRESS           connects\n"
    "       fsock [options] HOST PORT         the same\n"
    "       fsock -l [options] [ADDRESS]      listens\n"
    "\n"
    "Passes standard input to the other end, and what that sends to standard output.\n"
    "ADDRESS is host:port, [::1]:port, :port (of this machine), unix:/path; a port\n"
    "may be a name.\n"
    "\n"
    "  -l, --listen              wait for a client; -k, --keep: one after another\n"
    "  -u, --udp                 datagrams\n"
    "  -z, --scan                only connect\n"
    "  -4, -6                    only IPv4, only IPv6\n"
    "  -s, --bind ADDRESS        connect from here; -p, --port PORT: this port\n"
    "  -C, --crlf                lines end with CR LF over there, with LF here\n"
    "      --format FORMAT       charset and line ends over there: latin-1,crlf\n"
    "  -q, --quit-after SECONDS  after the end of the input, of silence\n"
    "      --no-shutdown         do not tell the other end that the input has ended\n"
    "  -w, --timeout SECONDS     to connect, and without an octet\n"
    "      --connect-timeout SECONDS    --deadline SECONDS (for everything)\n"
    "      --tls                 TLS; --insecure: no check; --name NAME: check it\n"
    "      --cafile FILE         trusted authorities\n"
    "      --cert FILE           certificate, in PEM; --key FILE: its key\n"
    "  -v, --verbose             tell what happens\n"
    "      --trace[=FILE]        show every octet, on standard error or in a file\n"
    "      --progress            tell how far it has come; --no-progress: do not\n"
    "  -h, --help                this;  --version: which it is\n"
    "\n"
    "Exit status: 0 done, 1 usage, 2 error here, 3 name unknown, 4 refused,\n"
    "5 timeout, 6 unreachable, 7 TLS, 8 connection lost, 9 not in the charset.\n"
    "See fsock(1).\n";

/* Long options that have no letter. */
enum {
	FORMAT = 256,
	NO_SHUTDOWN,
	CONNECT_TIMEOUT,
	DEADLINE,
	TLS,
	INSECURE,
	NAME,
	CA_FILE,
	CERTIFICATE,
	KEY,
	TRACE,
	PROGRESS,
	NO_PROGRESS,
	VERSION
};

static const char letters[] = "46Chklp:q:s:uvw:zN";
static const struct option names[] = {
	{ "listen", no_argument, NULL, 'l' },
	{ "keep", no_argument, NULL, 'k' },
	{ "udp", no_argument, NULL, 'u' },
	{ "scan", no_argument, NULL, 'z' },
	{ "ipv4", no_argument, NULL, '4' },
	{ "ipv6", no_argument, NULL, '6' },
	{ "bind", required_argument, NULL, 's' },
	{ "port", required_argument, NULL, 'p' },
	{ "crlf", no_argument, NULL, 'C' },
	{ "format", required_argument, NULL, FORMAT },
	{ "quit-after", required_argument, NULL, 'q' },
	{ "no-shutdown", no_argument, NULL, NO_SHUTDOWN },
	{ "timeout", required_argument, NULL, 'w' },
	{ "connect-timeout", required_argument, NULL, CONNECT_TIMEOUT },
	{ "deadline", required_argument, NULL, DEADLINE },
	{ "tls", no_argument, NULL, TLS },
	{ "insecure", no_argument, NULL, INSECURE },
	{ "name", required_argument, NULL, NAME },
	{ "cafile", required_argument, NULL, CA_FILE },
	{ "cert", required_argument, NULL, CERTIFICATE },
	{ "key", required_argument, NULL, KEY },
	{ "verbose", no_argument, NULL, 'v' },
	{ "trace", optional_argument, NULL, TRACE },
	{ "progress", no_argument, NULL, PROGRESS },
	{ "no-progress", no_argument, NULL, NO_PROGRESS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, VERSION },
	{ NULL, 0, NULL, 0 },
};

static int
complain(const char *what, const char *argument)
{
	report_complain("%s: %s; see fsock --help", argument, what);
	return -1;
}

/* Sets a number of seconds, which is not negative. Returns 0 or -1. */
static int
read_seconds(double *seconds, const char *text)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end == text || *end != '\0' || !isfinite(*seconds) || *seconds < 0)
		return complain("not a number of seconds", text);
	return 0;
}

/* The same for a limit, of which 0 would mean none. */
static int
read_limit(double *seconds, const char *text)
{
	if (read_seconds(seconds, text) < 0)
		return -1;
	return *seconds > 0 ? 0 : complain("a limit of 0 seconds", text);
}

static int
read_port(int *port, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end != '\0' || n < 0 || n > 65535)
		return complain("not a port", text);
	*port = (int)n;
	return 0;
}

/* The words are checked at once, and not when somebody has connected. */
static int
read_format(struct settings *settings, const char *text)
{
	struct fsock_format format;

	if (settings->format != NULL)
		return complain("a second format", text);
	if (fsock_format_parse(&format, text) < 0) {
		report_complain("%s", fsock_last_error()->text);
		return -1;
	}
	settings->format = text;
	return 0;
}

static int
read_limits(struct settings *settings, int option, const char *text)
{
	switch (option) {
	case 'q':
		return read_seconds(&settings->quit_after, text);
	case 'w':
		return read_limit(&settings->idle, text);
	case CONNECT_TIMEOUT:
		return read_limit(&settings->socket.connect_timeout, text);
	default:
		return read_limit(&settings->socket.deadline, text);
	}
}

/* Options of TLS, which ask for it as well. */
static void
read_tls(struct settings *settings, int option, const char *text)
{
	settings->wants_tls = 1;
	if (option == INSECURE)
		settings->is_insecure = 1;
	else if (option == NAME)
		settings->name = text;
	else if (option == CA_FILE)
		settings->ca_file = text;
	else if (option == CERTIFICATE)
		settings->certificate = text;
	else if (option == KEY)
		settings->key = text;
}

/* Returns 1 if the option is a switch, which is then set; otherwise 0. */
static int
read_switch(struct settings *settings, int option)
{
	switch (option) {
	case 'l':
		return settings->listens = 1;
	case 'k':
		return settings->keeps_listening = 1;
	case 'u':
		return settings->is_datagram = 1;
	case 'z':
		return settings->only_connects = 1;
	case 'N': /* what nc does with it happens anyway */
		return 1;
	case 'v':
		return report_is_verbose = 1;
	case NO_SHUTDOWN:
		return settings->keeps_output = 1;
	case PROGRESS:
		return settings->progress = 1;
	case NO_PROGRESS:
		settings->progress = 0;
		return 1;
	case '4':
	case '6':
		settings->socket.family = option == '4' ? FSOCK_IPV4_ONLY : FSOCK_IPV6_ONLY;
		return 1;
	default:
		return 0;
	}
}

/* To standard error, or to a file. */
static int
begin_trace(const char *file)
{
	int fd = STDERR_FILENO;

	if (file != NULL)
		fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0 && fsock_set_trace_descriptor(fd) == 0)
		return 0;
	report_complain(
	    "cannot trace to %s: %s", file != NULL ? file : "standard error", strerror(errno));
	return -1;
}

/* Returns 0 or -1. */
static int
read_option(struct settings *settings, int option, const char *text)
{
	if (read_switch(settings, option))
		return 0;
	switch (option) {
	case 'C':
		return read_format(settings, "crlf");
	case FORMAT:
		return read_format(settings, text);
	case 's':
		settings->socket.local_host = text;
		return 0;
	case 'p':
		return read_port(&settings->socket.local_port, text);
	case 'q':
	case 'w':
	case CONNECT_TIMEOUT:
	case DEADLINE:
		return read_limits(settings, option, text);
	case TRACE:
		return begin_trace(text);
	case '?':
		report_complain("see fsock --help");
		return -1;
	default:
		read_tls(settings, option, text);
		return 0;
	}
}

/* What does not go together. */
static int
check(const struct settings *settings)
{
	if (settings->keeps_listening && !settings->listens)
		return complain("only with -l", "-k");
	if (settings->only_connects && (settings->listens || settings->is_datagram))
		return complain("there is nothing to connect", "-z");
	if (settings->wants_tls && settings->is_datagram)
		return complain("TLS needs a stream", "-u");
	if (settings->wants_tls && settings->listens && settings->certificate == NULL)
		return complain("a listener needs a certificate: --cert FILE", "--tls");
	return 0;
}

int
options_read(struct settings *settings, int argc, char **argv)
{
	int option;

	*settings = (struct settings){ .quit_after = -1, .progress = -1 };
	while ((option = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0 ? -1 : 1;
		if (option == VERSION) {
			printf("fsock %s%s\n", fsock_version(), tls_is_there ? ", with TLS" : "");
			return 1;
		}
		if (read_option(settings, option, optarg) < 0)
			return -1;
	}
	if (settings->listens && settings->socket.deadline > 0 &&
	    settings->socket.connect_timeout == 0) /* no client comes in time */
		settings->socket.connect_timeout = settings->socket.deadline;
	if (settings->idle > 0 && settings->socket.connect_timeout == 0 && !settings->listens)
		settings->socket.connect_timeout = settings->idle;
	if (settings->quit_after < 0 && settings->is_datagram && !settings->listens)
		settings->quit_after = 1; /* the end of datagrams is not told */
	return check(settings) < 0 ? -1 : address_read(settings, argc - optind, argv + optind);
}

/*
 * What follows the options: where to connect, or to listen.
 */
#include "command.h"

#include <stdio.h>
#include <string.h>

static int
complain(const char *what)
{
	report_complain("%s; see fsock --help", what);
	return -1;
}

/* "HOST PORT", as nc takes it: a host that has colons goes into brackets. */
static int
join(struct settings *settings, const char *host, const char *port)
{
	static char text[512];
	const char *protocol = settings->is_datagram ? "udp://" : "tcp://";
	int is_ipv6 = strchr(host, ':') != NULL && host[0] != '[';
	int n =
	    snprintf(text, sizeof text, is_ipv6 ? "%s[%s]:%s" : "%s%s:%s", protocol, host, port);

	if (strchr(host, '/') != NULL || host[0] == '@')
		return complain("with a port, the host cannot be a path or have a protocol");
	if (n < 0 || (size_t)n >= sizeof text)
		return complain("the address is too long");
	settings->host = text;
	return 0;
}

/* Nothing, or a port alone: all addresses of this machine. */
static int
read_own(struct settings *settings, const char *port)
{
	static char number[16];

	if (port == NULL) {
		snprintf(number, sizeof number, "%d", settings->socket.local_port);
		port = number;
	}
	return join(
	    settings, settings->socket.local_host != NULL ? settings->socket.local_host : "", port);
}

static int
is_number(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

int
address_read(struct settings *settings, int count, char **words)
{
	settings->port = -1; /* the host has it */
	if (count > 2)
		return complain("too many arguments");
	if (count == 0 && !settings->listens)
		return complain("no address");
	if (count == 2)
		return join(settings, words[0], words[1]);
	if (settings->listens && (count == 0 || is_number(words[0])))
		return read_own(settings, count > 0 ? words[0] : NULL);
	settings->host = words[0];
	return 0;
}

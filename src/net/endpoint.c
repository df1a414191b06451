#include "../base/compat.h"
#include "endpoint.h"

#include <sys/socket.h>
#include <stdbool.h>

#include "../base/error.h"
#include "addr.h"
#include "ip_text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

/* Systems read " 80", "+80" and "-1" as numbers: what has no letter is no name. */
static int
may_be_name(const char *service)
{
	size_t n;

	for (n = 0; service[n] != '\0'; n++)
		if ((unsigned char)service[n] <= ' ' || strchr("/:[]@\x7f", service[n]) != NULL)
			return 0;
	return strcspn(service, LETTERS) < n;
}

int
fsock__service_number(const char *service, int *port)
{
	uint32_t number = 0;
	size_t length = service == NULL ? 0 : strlen(service);

	*port = 0;
	if (length == 0)
		return 1;
	if (strspn(service, DIGITS) != length)
		return may_be_name(service) ? 0 : -1;
	if (!fsock__ip_text_to_number(service, length, FSOCK__PORT_MAX, &number))
		return -1;
	*port = (int)number;
	return 1;
}

/* Records what is wrong with the address. Returns -1. */
#define REFUSE(use, text, ...)                                           \
	fsock__error_set_words((use)->operation, (text), FSOCK__NO_PORT, \
	    FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, __VA_ARGS__)

/* The length of the protocol before a "://", or 0. */
static size_t
protocol_length(const char *text)
{
	size_t n = strspn(text, LETTERS DIGITS "+-.");

	return strncmp(text + n, "://", 3) == 0 ? n : 0;
}

/* The prefix is in lower case. The locale has no say. */
static bool
has_prefix(const char *text, const char *prefix)
{
	for (; *prefix != '\0'; text++, prefix++)
		if (*text != *prefix && !(*text >= 'A' && *text <= 'Z' && *text + 32 == *prefix))
			return false;
	return true;
}

/* A path has its first slash before any colon: otherwise it might be meant as host and port. */
static bool
is_bare_path(const char *text)
{
	return text[0] == '@' || text[strcspn(text, "/:")] == '/';
}

/* The path of "unix:": relative ones may lack the slash that makes a host of them. */
static int
read_unix(struct fsock__endpoint *e, const struct fsock__endpoint_use *use, const char *text)
{
	const char *path = text + strlen("unix:");
	size_t length;

	if (strncmp(path, "//", 2) == 0)
		path += 2;
	if (path != text + strlen("unix:") && path[0] != '/')
		return REFUSE(use, text, "no path: write unix:///PATH or unix:PATH");
	if (path[0] == '\0')
		return REFUSE(use, text, "no path after unix:");
	e->host = path;
	if (path[0] == '@' || strchr(path, '/') != NULL)
		return 0;
	length = strlen(path) + 1;
	if (length + 2 > sizeof e->host_text)
		return fsock__error_set(use->operation, text, FSOCK__NO_PORT, ENAMETOOLONG);
	memcpy(e->host_text, "./", 2);
	memcpy(e->host_text + 2, path, length);
	e->host = e->host_text;
	return 0;
}

/* A number, or a name made of what names of services are made of. */
static int
read_port(struct fsock__endpoint *e, const struct fsock__endpoint_use *use, const char *text,
    const char *port)
{
	size_t length = strlen(port);
	int r = fsock__service_number(port, &e->port);

	if (length == 0)
		return REFUSE(use, text, "no port after the colon");
	if (r > 0)
		return 0;
	if (r < 0 || length >= sizeof e->service_text)
		return REFUSE(use, text, "%.64s is neither a port nor a service", port);
	e->service = memcpy(e->service_text, port, length + 1);
	return 0;
}

/* The n octets at `host`: a name or an address, without its brackets. */
static int
read_host(struct fsock__endpoint *e, const struct fsock__endpoint_use *use, const char *text,
    const char *host, size_t n)
{
	int shown = n > 64 ? 64 : (int)n;

	if (n == 0 && use->is_local)
		return 0;
	if (n == 0)
		return REFUSE(use, text, "no host before the colon");
	if (n >= sizeof e->host_text)
		return REFUSE(use, text, "the host is too long");
	memcpy(e->host_text, host, n);
	e->host_text[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)host[i] <= ' ' || host[i] == 0x7f)
			return REFUSE(use, text, "there is a blank in the host %.*s", shown, host);
	if (strpbrk(e->host_text, "/@[]") != NULL)
		return REFUSE(use, text, "%.*s is no host", shown, host);
	e->host = e->host_text;
	return 0;
}

/* "[IPV6]:PORT" */
static int
read_bracketed(struct fsock__endpoint *e, const struct fsock__endpoint_use *use, const char *text,
    const char *start)
{
	size_t n = strcspn(start, "]");

	if (start[n] == '\0')
		return REFUSE(use, text, "the ] is missing");
	if (memchr(start, ':', n) == NULL)
		return REFUSE(use, text, "%.*s] is no IPv6 address", n > 64 ? 64 : (int)n, start);
	if (start[n + 1] == '\0')
		return REFUSE(use, text, "no port: write %.*s]:PORT", n > 64 ? 64 : (int)n, start);
	if (start[n + 1] != ':')
		return REFUSE(use, text, "%.64s after the ] is no port", start + n + 1);
	if (read_host(e, use, text, start + 1, n - 1) < 0)
		return -1;
	return read_port(e, use, text, start + n + 2);
}

/* "HOST:PORT" */
static int
read_host_and_port(struct fsock__endpoint *e, const struct fsock__endpoint_use *use,
    const char *text, const char *start)
{
	size_t n = strcspn(start, ":");

	if (start[0] == '[')
		return read_bracketed(e, use, text, start);
	if (start[n] == '\0')
		return REFUSE(
		    use, text, "no port: write %.64s:PORT", start[0] != '\0' ? start : "HOST");
	if (strchr(start + n + 1, ':') != NULL)
		return REFUSE(use, text, "an IPv6 address needs brackets: [::1]:80");
	if (read_host(e, use, text, start, n) < 0)
		return -1;
	return read_port(e, use, text, start + n + 1);
}

/* "tcp://..." and "udp://...", each for calls of its kind. */
static int
read_url(struct fsock__endpoint *e, const struct fsock__endpoint_use *use, const char *text,
    size_t length)
{
	bool is_tcp = has_prefix(text, "tcp://"), is_udp = has_prefix(text, "udp://");
	int n = length > 64 ? 64 : (int)length;

	if (!is_tcp && !is_udp)
		return REFUSE(use, text, "unknown protocol %.*s: write tcp, udp or unix", n, text);
	if (use->type == (is_tcp ? SOCK_DGRAM : SOCK_STREAM))
		return REFUSE(
		    use, text, "%.*s is for %s", n, text, is_tcp ? "streams" : "datagrams");
	return read_host_and_port(e, use, text, text + length + strlen("://"));
}

int
fsock__endpoint_read(
    struct fsock__endpoint *e, const struct fsock__endpoint_use *use, const char *host, int port)
{
	size_t length;

	e->host = host;
	e->port = port;
	e->service = NULL;
	if (port != FSOCK_PORT_IN_HOST || host == NULL)
		return 0;
	e->host = NULL;
	e->port = 0;
	if (has_prefix(host, "unix:"))
		return read_unix(e, use, host);
	length = protocol_length(host);
	if (length > 0)
		return read_url(e, use, host, length);
	if (!is_bare_path(host))
		return read_host_and_port(e, use, host, host);
	e->host = host;
	return 0;
}

int
fsock__endpoint_is_address(const char *text)
{
	const char *colon = strchr(text, ':');

	if (has_prefix(text, "unix:") || protocol_length(text) > 0)
		return 1;
	if (colon == NULL || is_bare_path(text))
		return 0;
	return text[0] == '[' ? strstr(text, "]:") != NULL : strchr(colon + 1, ':') == NULL;
}

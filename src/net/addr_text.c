#include "../base/compat.h"
#include "addr.h"

#include <sys/socket.h>
#include <net/if.h>
#include <errno.h>
#include <string.h>

#include "../base/error.h"
#include "endpoint.h"
#include "ip_text.h"

/* The longest text is a full path with "./" in front and a NUL behind. */
_Static_assert(FSOCK__PATH_ROOM + 3 <= FSOCK_ADDR_TEXT_SIZE, "FSOCK_ADDR_TEXT_SIZE is too small");

/* Whether the text is that of a Unix-domain socket: nothing else begins with '@' or has a slash. */
static bool
is_unix_text(const char *host)
{
	return host[0] == '@' || strchr(host, '/') != NULL;
}

/* A path is kept with its NUL; an abstract name begins with one and ends with the length. */
static int
parse_unix(struct fsock_addr *addr, const char *host)
{
	bool abstract = host[0] == '@';
	size_t length = strlen(host) + (abstract ? 0 : 1);

	if (abstract && !FSOCK_ABSTRACT_NAMES)
		return EAFNOSUPPORT;
	if (length > FSOCK__PATH_ROOM)
		return ENAMETOOLONG;
	memset(addr, 0, sizeof *addr);
	addr->as.un.sun_family = AF_UNIX;
	memcpy(addr->as.un.sun_path, host, length);
	if (abstract)
		addr->as.un.sun_path[0] = '\0';
	addr->length = (socklen_t)(FSOCK__PATH_OFFSET + length);
	return 0;
}

/* Finds the number of a scope. Digits are a number even if an interface has them as its name. */
static int
parse_scope(const char *text, size_t length, uint32_t *scope)
{
	char name[IF_NAMESIZE];
	int saved = errno, err = 0;

	if (fsock__ip_text_to_number(text, length, UINT32_MAX, scope))
		return 0;
	if (length >= sizeof name)
		return ENODEV;
	memcpy(name, text, length);
	name[length] = '\0';
	*scope = if_nametoindex(name);
	if (*scope == 0)
		err = errno == ENXIO ? ENODEV : errno;
	errno = saved;
	return err;
}

static int
parse_ipv6(struct fsock_addr *addr, const char *host, int port)
{
	struct fsock__ip_text_parts parts;
	uint8_t vector[16];
	uint32_t scope = 0;

	if (!fsock__ip_text_split(host, &parts))
		return EINVAL;
	if (!fsock__ip_text_to_ipv6(parts.address, parts.address_length, vector))
		return EINVAL;
	if (parts.scope != NULL) {
		int err = parse_scope(parts.scope, parts.scope_length, &scope);

		if (err != 0)
			return err;
	}
	fsock__addr_set_ip(addr, vector, 16, port);
	addr->as.in6.sin6_scope_id = scope;
	return 0;
}

int
fsock__addr_parse(struct fsock_addr *addr, const char *host, int port)
{
	uint8_t quad[4];

	if (host == NULL)
		return EINVAL;
	if (is_unix_text(host))
		return parse_unix(addr, host);
	if (port < 0 || port > FSOCK__PORT_MAX)
		return EINVAL;
	if (fsock__ip_text_to_ipv4(host, strlen(host), quad)) {
		fsock__addr_set_ip(addr, quad, 4, port);
		return 0;
	}
	return parse_ipv6(addr, host, port);
}

bool
fsock__addr_may_be_name(const char *host)
{
	bool dotted_number = strchr(host, '.') != NULL && host[strspn(host, "0123456789.")] == '\0';

	return !dotted_number && !is_unix_text(host) && strpbrk(host, ":[]%") == NULL;
}

/* see fsock/addr.h */
int
fsock_addr_from_text(struct fsock_addr *addr, const char *host, int port)
{
	static const struct fsock__endpoint_use use = { "address", 0, 0 };
	struct fsock__endpoint e;
	int err = EINVAL;

	if (fsock__endpoint_read(&e, &use, host, port) < 0)
		return -1;
	if (e.service != NULL)
		return fsock__error_set_words(use.operation, host, FSOCK__NO_PORT,
		    FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "%s is no number of a port", e.service);
	if (addr != NULL)
		err = fsock__addr_parse(addr, e.host, e.port);
	return err == 0 ? 0 : fsock__error_set(use.operation, host, port, err);
}

/* Writes a Unix-domain socket's name and returns its length. */
static size_t
write_unix(const struct fsock_addr *addr, char *text)
{
	size_t length;
	const char *name = fsock__addr_view_unix(addr, &length);

	for (size_t i = 0; i < length; i++)
		text[i] = name[i] != '\0' ? name[i] : '@';
	text[length] = '\0';
	if (length == 0 || name[0] == '\0')
		return length;
	/* Without "./" a relative path would be read back as a name, a port or an abstract name. */
	if (name[0] == '@' || text[strcspn(text, "/:")] != '/') {
		memmove(text + 2, text, length);
		memcpy(text, "./", 2);
		length += 2;
	}
	return length;
}

/* Writes "%scope" and returns its length. A name of digits only would be read as a number. */
static size_t
write_scope(uint32_t scope, char *text)
{
	char name[IF_NAMESIZE];
	int saved = errno;
	bool found = if_indextoname(scope, name) != NULL;

	errno = saved;
	text[0] = '%';
	if (!found || name[strspn(name, "0123456789")] == '\0')
		return 1 + fsock__ip_text_from_number(scope, text + 1);
	memcpy(text + 1, name, strlen(name));
	return 1 + strlen(name);
}

static size_t
write_ip(const struct fsock__addr_ip *ip, char *text)
{
	size_t length;

	if (ip->count == 4)
		return fsock__ip_text_from_ipv4(ip->octets, text);
	length = fsock__ip_text_from_ipv6(ip->octets, text);
	if (ip->scope != 0)
		length += write_scope(ip->scope, text + length);
	return length;
}

static size_t
write_ip_and_port(const struct fsock__addr_ip *ip, int port, char *text)
{
	bool brackets = ip->count == 16;
	size_t length = 0;

	if (brackets)
		text[length++] = '[';
	length += write_ip(ip, text + length);
	if (brackets)
		text[length++] = ']';
	text[length++] = ':';
	return length + fsock__ip_text_from_number((uint32_t)port, text + length);
}

/* Gives the text of any address we know, with or without its port. */
static char *
give_text(const struct fsock_addr *addr, bool with_port, char *buf, size_t size)
{
	char text[FSOCK_ADDR_TEXT_SIZE];
	int family = fsock_addr_family(addr);
	struct fsock__addr_ip ip;
	size_t length = 0;
	int err = 0;

	if (family == AF_UNIX)
		length = write_unix(addr, text);
	else if (fsock__addr_view_ip(addr, &ip) && with_port)
		length = write_ip_and_port(&ip, fsock_addr_port(addr), text);
	else if (fsock__addr_view_ip(addr, &ip))
		length = write_ip(&ip, text);
	else if (family != AF_UNSPEC)
		err = EAFNOSUPPORT;
	if (err == 0)
		err = fsock__ip_text_give(text, length, buf, size);
	if (err == 0)
		return buf;
	fsock__error_set("address text", NULL, FSOCK__NO_PORT, err);
	return NULL;
}

/* see fsock/addr.h */
char *
fsock_addr_host(const struct fsock_addr *addr, char *buf, size_t size)
{
	return give_text(addr, false, buf, size);
}

/* see fsock/addr.h */
char *
fsock_addr_to_text(const struct fsock_addr *addr, char *buf, size_t size)
{
	return give_text(addr, true, buf, size);
}

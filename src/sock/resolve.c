#include "../compat.h"
#include "resolve.h"

#include <netdb.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "addr.h"
#include "error.h"
#include "lookup.h"
#include "sys.h"

/* A list of `n` addresses, none set yet. */
static int
new_list(const char *operation, const char *host, int port, size_t n, struct fsock_addr **list)
{
	*list = calloc(n, sizeof **list);
	return *list == NULL ? fsock__error_set(operation, host, port, ENOMEM) : 0;
}

static int
wildcard(const char *operation, int port, enum fsock_family family, struct fsock_addr **list,
    size_t *count)
{
	size_t n = 0;

	if (new_list(operation, NULL, port, 2, list) < 0)
		return -1;
	if (family != FSOCK_IPV4_ONLY)
		fsock_addr_from_text(&(*list)[n++], "::", port);
	if (family != FSOCK_IPV6_ONLY)
		fsock_addr_from_text(&(*list)[n++], "0.0.0.0", port);
	*count = n;
	return 0;
}

static bool
is_among(const struct fsock_addr *list, size_t count, const struct fsock_addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (fsock_addr_equal(&list[i], addr))
			return true;
	return false;
}

/* Appends the results of one family, or of all for AF_UNSPEC, each address once. */
static void
append(struct fsock_addr *list, size_t *count, const struct addrinfo *results, int family, int port)
{
	for (const struct addrinfo *ai = results; ai != NULL; ai = ai->ai_next) {
		if (family != AF_UNSPEC && ai->ai_family != family)
			continue;
		if (fsock_addr_from_sockaddr(&list[*count], ai->ai_addr, ai->ai_addrlen) == 0 &&
		    fsock_addr_set_port(&list[*count], port) == 0 &&
		    !is_among(list, *count, &list[*count]))
			++*count;
	}
}

/* The order in which a preference wants the families: AF_UNSPEC is "as the system gives them". */
static void
families(enum fsock_family family, int order[2])
{
	order[0] = family == FSOCK_IPV4_FIRST ? AF_INET
	    : family == FSOCK_IPV6_FIRST      ? AF_INET6
	                                      : AF_UNSPEC;
	order[1] = order[0] == AF_INET ? AF_INET6 : AF_INET;
}

/* Whether a look-up had nothing to look with: resolvers call that, too, an unknown name. */
static bool
no_descriptor_free(void)
{
	int saved = errno;
	int fd = fsock__sys_socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		return true;
	if (fd >= 0)
		fsock__sys_close(fd);
	errno = saved;
	return false;
}

static int
look_up(const char *operation, const char *host, int port, enum fsock_family family,
    int64_t deadline, struct fsock_addr **list, size_t *count)
{
	struct addrinfo *results;
	size_t n = 0;
	int order[2], eai, saved = errno;

	eai = fsock__lookup(host,
	    family == FSOCK_IPV4_ONLY       ? AF_INET
	        : family == FSOCK_IPV6_ONLY ? AF_INET6
	                                    : AF_UNSPEC,
	    deadline, &results);
	if (eai == FSOCK__LOOKUP_TIMED_OUT)
		return fsock__error_set(operation, host, port, ETIMEDOUT);
	if (eai != 0 && no_descriptor_free())
		return fsock__error_set(operation, host, port, errno);
	if (eai != 0)
		return fsock__error_set_resolver(operation, host, port, eai);
	for (const struct addrinfo *ai = results; ai != NULL; ai = ai->ai_next)
		n++;
	if (new_list(operation, host, port, n, list) < 0) {
		freeaddrinfo(results);
		return -1;
	}
	families(family, order);
	*count = 0;
	append(*list, count, results, order[0], port);
	if (order[0] != AF_UNSPEC)
		append(*list, count, results, order[1], port);
	freeaddrinfo(results);
	errno = saved;
	if (*count > 0)
		return 0;
	free(*list);
	return fsock__error_set_resolver(operation, host, port, EAI_NONAME);
}

/* Whether addresses of this family count; Unix-domain ones always do. */
static bool
is_wanted(const struct fsock_addr *addr, enum fsock_family family)
{
	return !(family == FSOCK_IPV4_ONLY && fsock_addr_family(addr) == AF_INET6) &&
	       !(family == FSOCK_IPV6_ONLY && fsock_addr_family(addr) == AF_INET);
}

static int
one(const char *operation, const char *host, int port, enum fsock_family family,
    const struct fsock_addr *addr, struct fsock_addr **list, size_t *count)
{
	if (!is_wanted(addr, family))
		return fsock__error_set_resolver(operation, host, port, EAI_ADDRFAMILY);
	if (new_list(operation, host, port, 1, list) < 0)
		return -1;
	(*list)[0] = *addr;
	*count = 1;
	return 0;
}

/*
 * System resolvers read octal, hexadecimal and short forms as addresses ("127.1", "0x7f000001").
 * Programs that check hosts before they connect are fooled by that, so it ends here.
 */
static bool
is_odd_number(const char *host)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	struct addrinfo *results;

	if (getaddrinfo(host, NULL, &hints, &results) != 0)
		return false;
	freeaddrinfo(results);
	return true;
}

int
fsock__resolve(const char *operation, const char *host, int port, enum fsock_family family,
    int64_t deadline, struct fsock_addr **list, size_t *count)
{
	struct fsock_addr addr;
	int err, saved = errno;

	if ((int)family < FSOCK_ANY_FAMILY || (int)family > FSOCK_IPV6_ONLY)
		return fsock__error_set(operation, host, port, EINVAL);
	if (host != NULL) {
		err = fsock__addr_parse(&addr, host, port);
		if (err == 0)
			return one(operation, host, port, family, &addr, list, count);
		if (err != EINVAL)
			return fsock__error_set(operation, host, port, err);
	}
	if (port < 0 || port > FSOCK__PORT_MAX)
		return fsock__error_set(operation, host, port, EINVAL);
	if (host == NULL)
		return wildcard(operation, port, family, list, count);
	if (host[0] == '\0' || !fsock__addr_may_be_name(host) || is_odd_number(host))
		return fsock__error_set_resolver(operation, host, port, EAI_NONAME);
	errno = saved;
	return look_up(operation, host, port, family, deadline, list, count);
}

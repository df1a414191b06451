#include "../base/compat.h"
#include "resolve.h"

#include <stdbool.h>
#include <stdlib.h>

#include "addr.h"
#include "../base/error.h"
#include "lookup.h"
#include "service.h"
#include "../base/sys.h"
#include "../base/trace_set.h"
#include "told.h"

/* The port for error records. */
static int
known_port(const struct fsock__question *q)
{
	return q->service == NULL ? q->port : FSOCK__NO_PORT;
}

/* Both record an error of the question. Return -1. */
static int
fail(const struct fsock__question *q, int errnum)
{
	return fsock__error_set(q->operation, q->host, known_port(q), errnum);
}

static int
fail_resolver(const struct fsock__question *q, int eai)
{
	return fsock__error_set_resolver(q->operation, q->host, known_port(q), eai);
}

/* Where the host of a URL begins, or NULL. */
static const char *
host_of_url(const char *host)
{
	size_t n =
	    strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return n > 0 && strncmp(host + n, "://", 3) == 0 ? host + n + 3 : NULL;
}

/*
 * What was perhaps meant by a host that is none, but has one in it: a URL, or a host with its port.
 * Records that it is no host. Returns -1; or 0 if there is nothing to suggest.
 */
static int
suggest(const struct fsock__question *q)
{
	const char *url = host_of_url(q->host), *start = url != NULL ? url : q->host;
	size_t all = strcspn(start, "/?#"), n = strcspn(start, "/?#:");
	size_t digits = all > n ? strspn(start + n + 1, "0123456789") : 0;
	int has_port = digits > 0 && n + 1 + digits == all;
	const char *between = has_port ? " and port " : "";

	if (n == 0 || n > 64 || digits > 5 || (url == NULL && !has_port))
		return 0;
	return fsock__error_set_words(q->operation, q->host, known_port(q),
	    FSOCK_NS_HOST_NOT_FOUND_ERROR, EHOSTUNREACH,
	    "%.64s is no host; did you mean %.*s%s%.*s?", q->host, (int)n, start, between,
	    has_port ? (int)digits : 0, start + n + 1);
}

/* Room for `n` addresses; there are none yet. Returns 0 or -1. */
static int
make_room(const struct fsock__question *q, size_t n, struct fsock__addresses *found)
{
	found->count = 0;
	found->items = calloc(n, sizeof *found->items);
	return found->items == NULL ? fail(q, ENOMEM) : 0;
}

static int
wildcard(const struct fsock__question *q, struct fsock__addresses *found)
{
	if (make_room(q, 2, found) < 0)
		return -1;
	if (q->family != FSOCK_IPV4_ONLY)
		fsock_addr_from_text(&found->items[found->count++], "::", q->port);
	if (q->family != FSOCK_IPV6_ONLY)
		fsock_addr_from_text(&found->items[found->count++], "0.0.0.0", q->port);
	return 1;
}

static bool
is_among(const struct fsock__addresses *found, const struct fsock_addr *addr)
{
	for (size_t i = 0; i < found->count; i++)
		if (fsock_addr_equal(&found->items[i], addr))
			return true;
	return false;
}

/* Appends the results of one family, or of all for AF_UNSPEC, each address once. */
static void
append(struct fsock__addresses *found, const struct addrinfo *results, int family, int port)
{
	for (const struct addrinfo *ai = results; ai != NULL; ai = ai->ai_next) {
		struct fsock_addr *addr = &found->items[found->count];

		if (family != AF_UNSPEC && ai->ai_family != family)
			continue;
		if (fsock_addr_from_sockaddr(addr, ai->ai_addr, ai->ai_addrlen) == 0 &&
		    fsock_addr_set_port(addr, port) == 0 && !is_among(found, addr))
			found->count++;
	}
}

/* The order in which a preference wants the families: AF_UNSPEC is "as the system gives them". */
static void
families(enum fsock_family family, int order[2])
{
	order[0] = family == FSOCK_IPV4_FIRST   ? AF_INET
		   : family == FSOCK_IPV6_FIRST ? AF_INET6
						: AF_UNSPEC;
	order[1] = order[0] == AF_INET ? AF_INET6 : AF_INET;
}

/* Whether a lookup had nothing to look with: resolvers call that, too, an unknown name. */
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
lookup_family(enum fsock_family family)
{
	return family == FSOCK_IPV4_ONLY   ? AF_INET
	       : family == FSOCK_IPV6_ONLY ? AF_INET6
					   : AF_UNSPEC;
}

/* As fsock__resolve_answer(), of a lookup that went well. Leaves the results alone. */
static int
collect(
    const struct fsock__question *q, const struct addrinfo *results, struct fsock__addresses *found)
{
	size_t n = 0;
	int order[2], saved = errno;

	for (const struct addrinfo *ai = results; ai != NULL; ai = ai->ai_next)
		n++;
	if (make_room(q, n, found) < 0)
		return -1;
	families(q->family, order);
	append(found, results, order[0], q->port);
	if (order[0] != AF_UNSPEC)
		append(found, results, order[1], q->port);
	errno = saved;
	if (found->count > 0)
		return 1;
	free(found->items);
	found->items = NULL;
	return fail_resolver(q, EAI_NONAME);
}

/* The host was known: its addresses get the port that has been looked up. */
static int
set_ports(const struct fsock__question *q, struct fsock__addresses *found)
{
	for (size_t i = 0; i < found->count; i++)
		fsock_addr_set_port(&found->items[i], q->port);
	return 1;
}

/* As fsock__resolve_answer(), which tells the trace. */
static int
answer(struct fsock__question *q, int eai, struct addrinfo *results, struct fsock__addresses *found)
{
	int r, error, is_known = found->count > 0;

	if (eai == FSOCK__LOOKUP_TIMED_OUT)
		return fail(q, ETIMEDOUT);
	if (eai != 0 && no_descriptor_free())
		return fail(q, errno);
	if (eai != 0 && q->service != NULL && (eai == EAI_SERVICE || is_known))
		return fsock__service_fail(q->operation, q->host, q->service, is_known, eai);
	if (eai != 0)
		return fail_resolver(q, eai);
	if (q->service != NULL)
		q->port = fsock__service_port(results);
	q->service = NULL;
	r = is_known ? set_ports(q, found) : collect(q, results, found);
	error = errno;
	freeaddrinfo(results);
	errno = error;
	return r;
}

int
fsock__resolve_answer(
    struct fsock__question *q, int eai, struct addrinfo *results, struct fsock__addresses *found)
{
	int r = answer(q, eai, results, found);

	fsock__told_answer(q, r < 0 ? NULL : found);
	return r;
}

/* Whether addresses of this family count; Unix-domain ones always do. */
static bool
is_wanted(const struct fsock_addr *addr, enum fsock_family family)
{
	return !(family == FSOCK_IPV4_ONLY && fsock_addr_family(addr) == AF_INET6) &&
	       !(family == FSOCK_IPV6_ONLY && fsock_addr_family(addr) == AF_INET);
}

static int
one(const struct fsock__question *q, const struct fsock_addr *addr, struct fsock__addresses *found)
{
	if (!is_wanted(addr, q->family))
		return fail_resolver(q, EAI_ADDRFAMILY);
	if (make_room(q, 1, found) < 0)
		return -1;
	found->items[found->count++] = *addr;
	return 1;
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

/* What fsock__resolve_at_once() returns of a host that needs no lookup, if its service does. */
static int
known(struct fsock__question *q, const struct fsock__addresses *found, int r)
{
	if (r > 0 && fsock_addr_family(&found->items[0]) == AF_UNIX)
		q->service = NULL;
	if (r <= 0 || q->service == NULL)
		return r;
	fsock__told_question(q, 1);
	return 0;
}

int
fsock__resolve_at_once(struct fsock__question *q, struct fsock__addresses *found)
{
	struct fsock_addr addr;
	int err, saved = errno;

	if ((int)q->family < FSOCK_ANY_FAMILY || (int)q->family > FSOCK_IPV6_ONLY)
		return fail(q, EINVAL);
	if (q->host != NULL && host_of_url(q->host) != NULL && suggest(q) < 0)
		return -1;
	if (q->host != NULL) {
		err = fsock__addr_parse(&addr, q->host, q->port);
		if (err == 0)
			return known(q, found, one(q, &addr, found));
		if (err != EINVAL)
			return fail(q, err);
	}
	if (q->port < 0 || q->port > FSOCK__PORT_MAX)
		return fail(q, EINVAL);
	if (q->host == NULL)
		return known(q, found, wildcard(q, found));
	if (q->host[0] == '\0' || !fsock__addr_may_be_name(q->host) || is_odd_number(q->host))
		return suggest(q) < 0 ? -1 : fail_resolver(q, EAI_NONAME);
	fsock__told_question(q, 0);
	errno = saved;
	return 0;
}

int
fsock__resolve_begin(const struct fsock__question *q, const struct fsock__addresses *found,
    struct fsock__lookup **made)
{
	int is_known = found->count > 0;

	return fsock__lookup_begin(is_known ? NULL : q->host, q->service,
	    q->type == 0 ? SOCK_STREAM : q->type, is_known ? AF_UNSPEC : lookup_family(q->family),
	    made);
}

int
fsock__resolve_await(const struct fsock__question *q, const struct fsock__addresses *found,
    int64_t deadline, struct addrinfo **results)
{
	int is_known = found->count > 0;

	return fsock__lookup(is_known ? NULL : q->host, q->service,
	    q->type == 0 ? SOCK_STREAM : q->type, is_known ? AF_UNSPEC : lookup_family(q->family),
	    deadline, results);
}

int
fsock__resolve(struct fsock__question *q, int64_t deadline, struct fsock_addr **list, size_t *count)
{
	struct addrinfo *results = NULL;
	struct fsock__addresses found = { NULL, 0 };
	int eai, saved = errno, r;

	fsock__trace_prepare();
	r = fsock__resolve_at_once(q, &found);
	if (r == 0) {
		eai = fsock__resolve_await(q, &found, deadline, &results);
		if (eai == 0)
			errno = saved;
		r = fsock__resolve_answer(q, eai, results, &found);
	}
	if (r < 0) {
		saved = errno;
		free(found.items);
		errno = saved;
		return -1;
	}
	*list = found.items;
	*count = found.count;
	return 0;
}

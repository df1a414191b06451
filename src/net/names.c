#include "../base/compat.h"
#include <fsock/names.h>

#include <sys/socket.h>
#include <netdb.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "../base/clock.h"
#include "../base/error.h"
#include "ip_text.h"
#include "../base/trace_set.h"
#include "resolve.h"
#include "told.h"

/* Room for what getnameinfo() may give: some systems' NI_MAXHOST, which not all of them declare. */
enum { RESOLVER_NAME_SIZE = 1025 };

/* The addresses of a host in a list to be freed, or -1. */
static int
look_up(const char *name, enum fsock_family family, struct fsock_addr **list, size_t *count)
{
	if (name == NULL)
		return fsock__error_set("addresses", NULL, FSOCK__NO_PORT, EINVAL);
	return fsock__resolve(
	    &(struct fsock__question){ .operation = "addresses", .host = name, .family = family },
	    FSOCK__NEVER, list, count);
}

/* see fsock/names.h */
ssize_t
fsock_get_hosts_by_name(
    const char *name, enum fsock_family family, struct fsock_addr *list, size_t room)
{
	struct fsock_addr *found;
	size_t count;

	if (list == NULL && room > 0)
		return fsock__error_set("addresses", name, FSOCK__NO_PORT, EINVAL);
	if (look_up(name, family, &found, &count) != 0)
		return -1;
	if (room > count)
		room = count;
	if (room > 0)
		memcpy(list, found, room * sizeof *list);
	free(found);
	return (ssize_t)count;
}

/* How many addresses at the head of the list are of the family of the first. */
static size_t
head_of_one_family(const struct fsock_addr *list, size_t count)
{
	int family = fsock_addr_family(&list[0]);
	size_t n = 1;

	while (n < count && fsock_addr_family(&list[n]) == family)
		n++;
	return n;
}

/* A number below `count`: the clock's low bits, spread over all by two rounds of mixing. */
static size_t
any_below(size_t count)
{
	struct timespec now;
	uint64_t bits;

	clock_gettime(CLOCK_MONOTONIC, &now);
	bits = (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec;
	bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
	bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
	return (size_t)((bits ^ bits >> 31) % count);
}

/* see fsock/names.h */
int
fsock_get_host_by_name(const char *name, enum fsock_family family, struct fsock_addr *addr)
{
	struct fsock_addr *found;
	size_t count;

	if (addr == NULL)
		return fsock__error_set("addresses", name, FSOCK__NO_PORT, EINVAL);
	if (look_up(name, family, &found, &count) != 0)
		return -1;
	*addr = found[0];
	free(found);
	return 0;
}

/* see fsock/names.h */
int
fsock_get_random_host_by_name(const char *name, enum fsock_family family, struct fsock_addr *addr)
{
	struct fsock_addr *found;
	size_t count;

	if (addr == NULL)
		return fsock__error_set("addresses", name, FSOCK__NO_PORT, EINVAL);
	if (look_up(name, family, &found, &count) != 0)
		return -1;
	if (family == FSOCK_IPV4_FIRST || family == FSOCK_IPV6_FIRST)
		count = head_of_one_family(found, count);
	*addr = found[any_below(count)];
	free(found);
	return 0;
}

/* see fsock/names.h */
char *
fsock_get_host_name(char *buf, size_t size)
{
	char name[FSOCK_HOST_NAME_SIZE] = "";
	int err, saved = errno;

	/* Whether a name that is cut off gets a NUL, or an error, is left to the systems. */
	err = gethostname(name, sizeof name) == 0 ? 0 : errno;
	if (err == 0 && memchr(name, '\0', sizeof name) == NULL)
		err = ENAMETOOLONG;
	if (err == 0)
		err = fsock__ip_text_give(name, strlen(name), buf, size);
	if (err == 0) {
		errno = saved;
		return buf;
	}
	fsock__error_set("host name", NULL, FSOCK__NO_PORT, err);
	return NULL;
}

/* Asks for the name of an address; a mapped one is asked for as the IPv4 address that it is. */
static int
ask_name(const struct fsock_addr *addr, char *name, socklen_t size)
{
	struct fsock_addr asked = *addr, literal;
	uint8_t octets[16];
	size_t n = fsock_addr_octets(addr, octets);
	int eai;

	if (n == 4)
		fsock__addr_set_ip(&asked, octets, n, 0);
	eai = getnameinfo(&asked.as.any, asked.length, name, size, NULL, 0, NI_NAMEREQD);
	if (eai == 0 && fsock__addr_parse(&literal, name, 0) == 0)
		return EAI_NONAME;
	return eai;
}

/* Returns 0, or -1 with the error recorded. */
static int
look_up_name(const struct fsock_addr *addr, const char *host, char *name, socklen_t size)
{
	int eai = ask_name(addr, name, size);

	return eai == 0 ? 0 : fsock__error_set_resolver("name", host, FSOCK__NO_PORT, eai);
}

/* see fsock/names.h */
char *
fsock_get_host_by_address(const struct fsock_addr *addr, char *buf, size_t size)
{
	char name[RESOLVER_NAME_SIZE], host[FSOCK_ADDR_TEXT_SIZE] = "";
	struct fsock__addr_ip ip;
	int err, r, saved = errno;
	int64_t began;

	if (!fsock__addr_view_ip(addr, &ip)) {
		fsock__error_set("name", NULL, FSOCK__NO_PORT, EAFNOSUPPORT);
		return NULL;
	}
	fsock_addr_host(addr, host, sizeof host);
	fsock__trace_prepare();
	began = fsock__told_begin(0, "name of ", host);
	r = look_up_name(addr, host, name, sizeof name);
	fsock__told_found(0, began, "name of ", host, r == 0 ? name : NULL);
	if (r < 0)
		return NULL;
	err = fsock__ip_text_give(name, strlen(name), buf, size);
	if (err == 0) {
		errno = saved;
		return buf;
	}
	fsock__error_set("name", NULL, FSOCK__NO_PORT, err);
	return NULL;
}

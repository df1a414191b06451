#include "../base/compat.h"
#include "service.h"

#include <fsock/names.h>

#include <stdio.h>

#include "../base/error.h"
#include "../base/trace_set.h"
#include "addr.h"
#include "endpoint.h"
#include "lookup_pool.h"
#include "told.h"

int
fsock__service_port(const struct addrinfo *results)
{
	struct fsock_addr addr;

	if (results == NULL ||
	    fsock_addr_from_sockaddr(&addr, results->ai_addr, results->ai_addrlen) < 0)
		return 0;
	return fsock_addr_port(&addr);
}

/* Of a service alone some systems say that the name is unknown. */
int
fsock__service_fail(
    const char *operation, const char *host, const char *service, int is_alone, int eai)
{
	if (eai != EAI_SERVICE && (eai != EAI_NONAME || !is_alone))
		return fsock__error_set_resolver(operation, host, FSOCK__NO_PORT, eai);
	return fsock__error_set_words(operation, host, FSOCK__NO_PORT, FSOCK_INVALID_ARGUMENT_ERROR,
	    EINVAL, "unknown service %.64s", service);
}

/* Returns a port, or -1 with the error recorded. */
static int
look_up(const char *operation, const char *service, int socket_type)
{
	struct addrinfo *results = NULL;
	int port, eai = fsock__lookup_ask(NULL, service, socket_type, AF_UNSPEC, &results);

	if (eai != 0)
		return fsock__service_fail(operation, NULL, service, 1, eai);
	port = fsock__service_port(results);
	freeaddrinfo(results);
	return port;
}

/* see fsock/names.h */
int
fsock_get_port_by_service(const char *service, int socket_type)
{
	static const char operation[] = "service";
	char text[24];
	int port, saved = errno, r;
	int64_t began;

	r = service == NULL || service[0] == '\0' ? -1 : fsock__service_number(service, &port);
	if (r < 0 || (socket_type != SOCK_STREAM && socket_type != SOCK_DGRAM))
		return fsock__error_set(operation, NULL, FSOCK__NO_PORT, EINVAL);
	if (r > 0)
		return port;
	fsock__trace_prepare();
	began = fsock__told_begin(0, "service ", service);
	port = look_up(operation, service, socket_type);
	snprintf(text, sizeof text, "port %d", port);
	fsock__told_found(0, began, "service ", service, port >= 0 ? text : NULL);
	if (port >= 0)
		errno = saved;
	return port;
}

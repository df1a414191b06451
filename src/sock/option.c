#include "../base/compat.h"
#include "option_value.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <limits.h>

#include <fsock/option.h>

#include "../base/error.h"

#define CONNECTED FSOCK__OPTION_CONNECTED
#define LISTENER  FSOCK__OPTION_LISTENER
#define DATAGRAM  FSOCK__OPTION_DATAGRAM
#define IP        FSOCK__OPTION_IP
#define IPV6      FSOCK__OPTION_IPV6
#define ALL       FSOCK__OPTION_ANY_ROLE, FSOCK__OPTION_ANY_FAMILY
#define INT       fsock__option_get_int, fsock__option_set_int
#define OCTET     fsock__option_get_octet, fsock__option_set_octet
#define TIMEOUT   fsock__option_get_timeout, fsock__option_set_timeout
#define READ_INT  fsock__option_get_int, NULL

static const struct fsock__option options[] = {
	[FSOCK_OPTION_RECEIVE_TIMEOUT] = { CONNECTED | DATAGRAM, FSOCK__OPTION_ANY_FAMILY, TIMEOUT,
	    0, 0, SOL_SOCKET, SO_RCVTIMEO, 0, 0 },
	[FSOCK_OPTION_SEND_TIMEOUT] = { CONNECTED | DATAGRAM, FSOCK__OPTION_ANY_FAMILY, TIMEOUT, 0,
	    0, SOL_SOCKET, SO_SNDTIMEO, 0, 0 },
	[FSOCK_OPTION_REUSE_ADDRESS] = { LISTENER | DATAGRAM, IP, INT, 0, 1, SOL_SOCKET,
	    SO_REUSEADDR, 0, 0 },
	[FSOCK_OPTION_REUSE_PORT] = { LISTENER | DATAGRAM, IP, INT, 0, 1, SOL_SOCKET,
	    FSOCK__SO_REUSEPORT, 0, 0 },
	[FSOCK_OPTION_IPV6_ONLY] = { FSOCK__OPTION_ANY_ROLE, IPV6, INT, 0, 1, IPPROTO_IPV6,
	    IPV6_V6ONLY, 0, 0 },
	[FSOCK_OPTION_TCP_NODELAY] = { CONNECTED, IP, INT, 0, 1, IPPROTO_TCP, TCP_NODELAY, 0, 0 },
	[FSOCK_OPTION_TCP_KEEPALIVE] = { CONNECTED, IP, INT, 0, 1, SOL_SOCKET, SO_KEEPALIVE, 0, 0 },
	[FSOCK_OPTION_KEEPALIVE_IDLE] = { CONNECTED, IP, INT, 1, INT_MAX, IPPROTO_TCP,
	    FSOCK__TCP_KEEPIDLE, 0, 0 },
	[FSOCK_OPTION_KEEPALIVE_INTERVAL] = { CONNECTED, IP, INT, 1, INT_MAX, IPPROTO_TCP,
	    FSOCK__TCP_KEEPINTVL, 0, 0 },
	[FSOCK_OPTION_KEEPALIVE_COUNT] = { CONNECTED, IP, INT, 1, INT_MAX, IPPROTO_TCP,
	    FSOCK__TCP_KEEPCNT, 0, 0 },
	[FSOCK_OPTION_LINGER] = { CONNECTED, IP, fsock__option_get_linger, fsock__option_set_linger,
	    -1, SHRT_MAX, SOL_SOCKET, FSOCK__SO_LINGER, 0, 0 },
	[FSOCK_OPTION_RECEIVE_BUFFER] = { ALL, INT, 1, INT_MAX, SOL_SOCKET, SO_RCVBUF, 0, 0 },
	[FSOCK_OPTION_SEND_BUFFER] = { ALL, INT, 1, INT_MAX, SOL_SOCKET, SO_SNDBUF, 0, 0 },
	[FSOCK_OPTION_BROADCAST] = { DATAGRAM, IP, INT, 0, 1, SOL_SOCKET, SO_BROADCAST, 0, 0 },
	[FSOCK_OPTION_TTL] = { FSOCK__OPTION_ANY_ROLE, IP, INT, 1, 255, IPPROTO_IP, IP_TTL,
	    IPPROTO_IPV6, IPV6_UNICAST_HOPS },
	[FSOCK_OPTION_MULTICAST_TTL] = { DATAGRAM, IP, OCTET, 0, 255, IPPROTO_IP, IP_MULTICAST_TTL,
	    IPPROTO_IPV6, IPV6_MULTICAST_HOPS },
	[FSOCK_OPTION_MULTICAST_LOOPBACK] = { DATAGRAM, IP, OCTET, 0, 1, IPPROTO_IP,
	    IP_MULTICAST_LOOP, IPPROTO_IPV6, IPV6_MULTICAST_LOOP },
	[FSOCK_OPTION_MULTICAST_INTERFACE] = { DATAGRAM, IP, fsock__option_get_interface,
	    fsock__option_set_interface, 0, INT_MAX, IPPROTO_IP, IP_MULTICAST_IF, 0, 0 },
	[FSOCK_OPTION_ERROR] = { ALL, fsock__option_get_error, NULL, INT_MIN, INT_MAX, SOL_SOCKET,
	    SO_ERROR, 0, 0 },
	[FSOCK_OPTION_TYPE] = { ALL, READ_INT, INT_MIN, INT_MAX, SOL_SOCKET, SO_TYPE, 0, 0 },
	[FSOCK_OPTION_AVAILABLE] = { CONNECTED | DATAGRAM, FSOCK__OPTION_ANY_FAMILY,
	    fsock__option_get_available, NULL, 0, 0, 0, 0, 0, 0 },
};

static int
family_bit(int family)
{
	return family == AF_INET    ? FSOCK__OPTION_IPV4
	       : family == AF_INET6 ? FSOCK__OPTION_IPV6
				    : FSOCK__OPTION_OTHERS;
}

/* The option, if the socket has it; else NULL with the error recorded. */
static const struct fsock__option *
find(fsock *s, const char *operation, enum fsock_option option)
{
	const struct fsock__option *o;

	if (fsock__handle_fd(s, operation) < 0)
		return NULL;
	o = (unsigned)option < sizeof options / sizeof options[0] ? &options[option] : NULL;
	if (o == NULL || !(o->roles & (1 << s->role)) || !(o->families & family_bit(s->family))) {
		fsock__error_set_kind(
		    operation, s->host, s->port, FSOCK_UNIMPLEMENTED, ENOPROTOOPT);
		return NULL;
	}
	if (o->name == -1) {
		fsock__error_set_kind(operation, s->host, s->port, FSOCK_UNSUPPORTED, ENOSYS);
		return NULL;
	}
	return o;
}

/* see fsock/option.h */
int
fsock_get_option(fsock *s, enum fsock_option option, double *value)
{
	static const char operation[] = "get option";
	const struct fsock__option *o = find(s, operation, option);

	if (o == NULL)
		return -1;
	if (value == NULL)
		return fsock__handle_error(s, operation, EINVAL);
	return o->get(s, o, value) < 0 ? fsock__handle_error(s, operation, errno) : 0;
}

/* see fsock/option.h */
int
fsock_set_option(fsock *s, enum fsock_option option, double value)
{
	static const char operation[] = "set option";
	const struct fsock__option *o = find(s, operation, option);

	if (o == NULL)
		return -1;
	if (o->set == NULL)
		return fsock__error_set_kind(
		    operation, s->host, s->port, FSOCK_UNIMPLEMENTED, ENOPROTOOPT);
	return o->set(s, o, value) < 0 ? fsock__handle_error(s, operation, errno) : 0;
}

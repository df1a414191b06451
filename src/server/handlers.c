/* Handlers ready for use. */
#include "../base/compat.h"

#include <fsock/datagram.h>
#include <fsock/server.h>
#include <fsock/stream.h>

/* see fsock/server.h */
int
fsock_default_tcp_handler(FILE *client, void *arg)
{
	(void)arg;
	return fputs("Hello world!\n", client) == EOF ? -1 : 0;
}

/* see fsock/server.h */
int
fsock_echo_tcp_handler(FILE *client, void *arg)
{
	char octets[16384];
	fsock *s = fsock_of(client);
	ssize_t n = -1;

	(void)arg;
	if (s == NULL)
		return -1;
	while ((n = fsock_receive(s, octets, sizeof octets, NULL)) > 0)
		if (fsock_send(s, octets, (size_t)n, NULL) < 0)
			return -1;
	return n < 0 ? -1 : 0;
}

/* see fsock/server.h */
int
fsock_default_udp_handler(struct fsock_request *request, void *arg)
{
	(void)arg;
	request->answer = (ssize_t)request->length;
	return 0;
}

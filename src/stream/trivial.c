#include "../base/compat.h"

#include <fsock/stream.h>
#include <fsock/trivial.h>

/* Gives a socket, unless it is NULL, to its two-way stream. */
static FILE *
give_to_stream(fsock *s)
{
	FILE *f = s == NULL ? NULL : fsock_stream(s);
	int saved = errno;

	if (f != NULL)
		fsock_disown(s);
	else
		fsock_close(s);
	errno = saved;
	return f;
}

/* see fsock/trivial.h */
FILE *
fsock_open_stream(const char *host, int port, const struct fsock_options *options)
{
	return give_to_stream(fsock_connect(host, port, options));
}

/* see fsock/trivial.h */
FILE *
fsock_accept_connection(fsock *server, const struct fsock_options *options)
{
	return give_to_stream(fsock_accept(server, options));
}

/* The echo server that a programmer writes who has libevent. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include <stdlib.h>

#include "bench.h"
#include "echo.h"

static void
serve(struct bufferevent *client, void *user)
{
	struct evbuffer *in = bufferevent_get_input(client), *out = bufferevent_get_output(client);
	size_t n;
	char *line;

	(void)user;
	while ((line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF)) != NULL) {
		line[n] = '\n'; /* where a zero was */
		evbuffer_add(out, line, n + 1);
		free(line);
	}
	if (evbuffer_get_length(in) >= LONGEST_LINE)
		bufferevent_free(client);
}

static void
end(struct bufferevent *client, short events, void *user)
{
	(void)events, (void)user;
	bufferevent_free(client);
}

static void
welcome(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int length,
    void *base)
{
	struct bufferevent *client = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)listener, (void)address, (void)length;
	if (client == NULL)
		die("bufferevent");
	bufferevent_setcb(client, serve, NULL, end, NULL);
	bufferevent_enable(client, EV_READ | EV_WRITE);
}

void
echo_bufferevent(int listener)
{
	struct event_base *base = event_base_new();

	if (base == NULL || evconnlistener_new(base, welcome, base, 0, 0, listener) == NULL)
		die("libevent");
	event_base_dispatch(base);
}

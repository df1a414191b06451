/* Serving datagrams. */
#include "../base/compat.h"

#include <fsock/datagram.h>

#include "../sock/datagram.h"
#include "../base/error.h"
#include "server.h"

/*
 * see struct fsock__server_ops. fsock_datagram() binds only where it is told to: for any address
 * and any port that has to be the wildcard of IPv6, which takes IPv4 as well, or that of IPv4.
 */
static fsock *
datagram_open(
    const fsock_server *server, const char *host, int port, const struct fsock_options *options)
{
	struct fsock_options own = *options;
	fsock *s;

	(void)server;
	own.local_host = host;
	own.local_port = port;
	if (host == NULL && port == 0) {
		int ipv4 = own.dual_stack == FSOCK_OFF && own.family == FSOCK_ANY_FAMILY;

		ipv4 = ipv4 || own.family == FSOCK_IPV4_ONLY || own.family == FSOCK_IPV4_FIRST;
		own.local_host = ipv4 ? "0.0.0.0" : "::";
	}
	s = fsock_datagram(NULL, 0, &own);
	if (s != NULL || host != NULL || port != 0 || own.family != FSOCK_ANY_FAMILY)
		return s;
	own.local_host = "0.0.0.0"; /* this machine has no IPv6 */
	return fsock_datagram(NULL, 0, &own);
}

/* see struct fsock__server_ops */
static int
datagram_suits(enum fsock__role role)
{
	return role == FSOCK__DATAGRAM;
}

/* see struct fsock__server_ops */
static int
datagram_take(struct fsock__worker *w, fsock *source)
{
	size_t room = w->server->max_datagram;
	int flags = MSG_DONTWAIT;
	ssize_t n;

	if (source->shut & FSOCK_INPUT)
		return fsock__handle_error(source, "receive", ESHUTDOWN);
	n = FSOCK__DATAGRAM_OPS.receive(source->fd, w->buffer, room, &w->from, &flags);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return -1;
	if (n < 0)
		return fsock__handle_error(source, "receive", errno);
	w->source = source;
	w->length = (size_t)n;
	w->port = fsock_addr_port(&w->from);
	w->host = fsock_addr_host(&w->from, w->host_text, sizeof w->host_text);
	if (w->host == NULL)
		w->host = "";
	return 0;
}

/* Sends the answer, if there is one to somebody. */
static void
answer(struct fsock__worker *w, const struct fsock_request *request)
{
	if (request->answer < 0)
		return;
	if ((size_t)request->answer > w->server->max_datagram)
		fsock__error_set("answer", w->host, w->port, EMSGSIZE);
	else if (fsock_send(w->source, w->buffer, (size_t)request->answer, &w->from) >= 0)
		return;
	else
		fsock__error_set_kind("answer", w->host, w->port, fsock_last_error()->kind, errno);
	fsock__server_report(w->server);
}

/* see struct fsock__server_ops */
static void
datagram_serve(struct fsock__worker *w)
{
	fsock_server *server = w->server;
	struct fsock_request request = {
		.data = w->buffer, .length = w->length, .room = server->max_datagram, .answer = -1
	};

	if (w->length > server->max_datagram) {
		fsock__error_set("receive", w->host, w->port, EMSGSIZE);
		fsock__server_report(server);
		return;
	}
	fsock_clear_error();
	errno = 0;
	if (server->datagram_handler(&request, server->arg) < 0)
		fsock__server_report_handler(w, errno);
	else
		answer(w, &request);
}

const struct fsock__server_ops fsock__server_datagram_ops = {
	.open = datagram_open,
	.suits = datagram_suits,
	.work = fsock__worker_take_turns,
	.take = datagram_take,
	.serve = datagram_serve,
};

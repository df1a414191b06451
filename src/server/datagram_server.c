/* Serving datagrams. */
#include "../base/compat.h"

#include <fsock/datagram.h>

#include "../base/error.h"
#include "../sock/datagram.h"
#include "../sock/datagram_path.h"
#include "kinds.h"
#include "turns.h"

#define DEFAULT_MAX_DATAGRAM 65507

struct datagram_server {
	struct fsock__turns turns;
	size_t max_datagram;
};

struct datagram_worker {
	struct fsock__worker worker;
	fsock *source; /* where the datagram came from, and what it is */
	struct fsock_message message;
	char host_text[FSOCK_ADDR_TEXT_SIZE];
	uint8_t buffer[]; /* max_datagram octets */
};

static size_t
max_datagram(const fsock_server *server)
{
	return ((const struct datagram_server *)server)->max_datagram;
}

/*
 * see struct fsock__server_ops. fsock_datagram() binds only where it is told to: for any address
 * and any port that has to be the wildcard of IPv6, which takes IPv4 as well, or that of IPv4.
 */
static fsock *
datagram_open(const struct fsock_server_options *options, const char *host, int port)
{
	struct fsock_options own = options->socket;
	fsock *s;

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

/* Has a source tell where its datagrams go to: answers come from there. */
static void
ask_path(fsock *source, const struct fsock_server_options *options)
{
	if (!source->tells_path && options->socket.receive_destination != FSOCK_OFF)
		source->tells_path = fsock__datagram_path_ask(source->fd, source->family);
}

/* see struct fsock__server_ops */
static int
datagram_prepare(fsock_server *server, const struct fsock_server_options *options)
{
	size_t most = options->max_datagram != 0 ? options->max_datagram : DEFAULT_MAX_DATAGRAM;

	((struct datagram_server *)server)->max_datagram = most;
	server->worker_size = sizeof(struct datagram_worker) + most;
	if (fsock__turns_prepare(server, options) < 0)
		return -1;
	for (size_t i = 0; i < server->source_count; i++)
		ask_path(server->sources[i].socket, options);
	return 0;
}

/* see fsock__turns_work() */
static int
take(struct fsock__worker *worker, fsock *source)
{
	struct datagram_worker *w = (struct datagram_worker *)worker;
	struct fsock_message *m = &w->message;
	int flags = MSG_DONTWAIT;
	ssize_t n;

	if (source->shut & FSOCK_INPUT)
		return fsock__handle_error(source, "receive", ESHUTDOWN);
	m->data = w->buffer;
	m->size = max_datagram(worker->server);
	n = FSOCK__DATAGRAM_OPS.receive_many(source->fd, source->tells_path, m, 1, &flags);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return -1;
	if (n < 0)
		return fsock__handle_error(source, "receive", errno);
	w->source = source;
	worker->port = fsock_addr_port(&m->peer);
	worker->host = fsock_addr_host(&m->peer, w->host_text, sizeof w->host_text);
	if (worker->host == NULL)
		worker->host = "";
	return 0;
}

/*
 * Sends n octets of the buffer to where the datagram came from, from where it went to. A client
 * that takes nothing keeps no worker waiting: what there is no room for is lost. Returns 0 or -1.
 */
static int
send_back(struct datagram_worker *w, size_t n)
{
	int fd = fsock__handle_fd(w->source, "answer"), flags = MSG_DONTWAIT, saved = errno;

	if (fd < 0)
		return -1;
	w->message.size = n;
	if (FSOCK__DATAGRAM_OPS.send_many(fd, w->source->family, &w->message, 1, &flags) < 0)
		return -1;
	errno = saved;
	return 0;
}

/* Sends the answer, if there is one to somebody. */
static void
answer(struct datagram_worker *w, const struct fsock_request *request)
{
	struct fsock__worker *worker = &w->worker;
	int error = EMSGSIZE;

	if (request->answer < 0)
		return;
	if ((size_t)request->answer <= max_datagram(worker->server)) {
		if (send_back(w, (size_t)request->answer) == 0)
			return;
		error = errno;
	}
	fsock__error_set("answer", worker->host, worker->port, error);
	fsock__server_report(worker->server);
}

/* see fsock__turns_work() */
static void
serve(struct fsock__worker *worker)
{
	struct datagram_worker *w = (struct datagram_worker *)worker;
	fsock_server *server = worker->server;
	fsock_datagram_handler *handler = (fsock_datagram_handler *)server->handler;
	struct fsock_request request = { .data = w->buffer,
		.length = w->message.length,
		.room = max_datagram(server),
		.answer = -1,
		.local = &w->message.local,
		.group = &w->message.group,
		.interface_number = w->message.interface_number };

	if (request.length > request.room) {
		fsock__error_set("receive", worker->host, worker->port, EMSGSIZE);
		fsock__server_report(server);
		return;
	}
	fsock_clear_error();
	errno = 0;
	if (handler(&request, server->arg) < 0)
		fsock__worker_report(worker, errno);
	else
		answer(w, &request);
}

/* see struct fsock__server_ops */
static void
datagram_work(struct fsock__worker *w)
{
	fsock__turns_work(w, take, serve);
}

const struct fsock__server_ops fsock__server_datagram_ops = {
	.size = sizeof(struct datagram_server),
	.open = datagram_open,
	.suits = fsock_is_datagram,
	.prepare = datagram_prepare,
	.work = datagram_work,
	.clean_up = fsock__turns_clean_up,
};

#include "../base/compat.h"
#include "source.h"

#include <stdlib.h>

#include "../base/sys.h"

/* A listener that blocks would keep a thread from being stopped. */
int
fsock__source_add(fsock_server *server, fsock *socket)
{
	size_t n = server->source_count;
	struct fsock__source *sources = realloc(server->sources, (n + 1) * sizeof *sources);
	int fd;

	if (sources == NULL)
		return fsock__handle_error(socket, "serve", ENOMEM);
	server->sources = sources;
	sources[n] = (struct fsock__source){
		.socket = socket, .is_listener = fsock_is_listener(socket), .takers = 1
	};
	server->source_count++;
	if (!fsock_is_stream(socket) && server->first == NULL)
		server->first = socket;
	if (!sources[n].is_listener)
		return 0;
	fd = fsock__handle_fd(socket, "serve");
	if (!fsock__sys_is_nonblocking(fd))
		sources[n].was_blocking = fsock__sys_set_nonblocking(fd, 1) == 0;
	return 0;
}

int
fsock__source_begin(fsock_server *server)
{
	int may;

	pthread_mutex_lock(&server->lock);
	while (server->users == server->most_users && !server->closing)
		pthread_cond_wait(&server->unused, &server->lock);
	may = !server->closing;
	server->users += may;
	pthread_mutex_unlock(&server->lock);
	return may ? 0 : -1;
}

void
fsock__source_end(fsock_server *server)
{
	pthread_mutex_lock(&server->lock);
	server->users--;
	pthread_cond_signal(&server->unused);
	pthread_mutex_unlock(&server->lock);
}

int
fsock__source_is_final(int error)
{
	return error == EBADF || error == EINVAL || error == ENOTSOCK || error == EOPNOTSUPP ||
	       error == ESHUTDOWN;
}

static void
restore(struct fsock__source *source)
{
	if (source->was_blocking)
		fsock__sys_set_nonblocking(fsock__handle_fd(source->socket, "serve"), 0);
	source->was_blocking = 0;
}

static void
close_listener(struct fsock__source *source)
{
	if (!source->is_listener)
		return;
	restore(source);
	fsock__socket_end(source->socket);
}

/* The name that the server goes by is one of a source that is open, if there is one. */
static void
choose_first(fsock_server *server)
{
	for (size_t i = 0; i < server->source_count; i++)
		if (server->sources[i].takers > 0 && server->sources[i].is_listener) {
			server->first = server->sources[i].socket;
			return;
		}
}

void
fsock__source_drop(fsock_server *server, struct fsock__source *source)
{
	int is_last;

	pthread_mutex_lock(&server->lock);
	is_last = --source->takers == 0;
	if (is_last && source->is_listener && server->first == source->socket)
		choose_first(server);
	pthread_mutex_unlock(&server->lock);
	if (is_last)
		close_listener(source);
}

void
fsock__source_close_all(fsock_server *server)
{
	pthread_mutex_lock(&server->lock);
	server->closing = 1;
	pthread_cond_broadcast(&server->unused);
	while (server->users > 0)
		pthread_cond_wait(&server->unused, &server->lock);
	pthread_mutex_unlock(&server->lock);
	for (size_t i = 0; i < server->source_count; i++)
		close_listener(&server->sources[i]);
}

void
fsock__source_free_all(fsock_server *server, int close_sockets)
{
	for (size_t i = 0; i < server->source_count; i++) {
		struct fsock__source *source = &server->sources[i];

		if (source->socket == NULL)
			continue;
		restore(source);
		if (close_sockets)
			fsock_close(source->socket);
	}
	free(server->sources);
}

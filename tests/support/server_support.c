#include "../../src/base/compat.h"

#include <pthread.h>
#include <time.h>

#include "server_support.h"

enum { KEPT = 16 };

static struct fsock_error entries[KEPT];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int entry_count;

void
server_breathe(void)
{
	static const struct timespec breath = { 0, 100000 };

	nanosleep(&breath, NULL); /* a busy thread would keep the others off under valgrind */
}

static const struct fsock_options patience = { .timeout = 25 };

fsock_server *
server_start(const char *host, fsock_stream_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	fsock_server *server = fsock_server_start(host, 0, handler, arg, options);

	ck_assert_msg(server != NULL, "%s", fsock_last_error()->text);
	return server;
}

fsock_server *
server_start_lines(const char *host, fsock_line_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	fsock_server *server = fsock_server_start_lines(host, 0, handler, arg, options);

	ck_assert_msg(server != NULL, "%s", fsock_last_error()->text);
	return server;
}

fsock *
server_connect(fsock_server *server, const char *host)
{
	fsock *s = fsock_connect(host, fsock_local_port(fsock_server_socket(server)), &patience);

	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	return s;
}

void
server_await_clients(fsock_server *server, int count)
{
	while (fsock_server_clients(server) != count)
		server_breathe();
}

void
server_log(fsock_server *server, const struct fsock_error *error, void *arg)
{
	(void)server;
	(void)arg;
	pthread_mutex_lock(&lock);
	if (entry_count < KEPT)
		entries[entry_count] = *error;
	entry_count++;
	pthread_mutex_unlock(&lock);
}

void
server_log_reset(void)
{
	entry_count = 0;
}

int
server_log_count(void)
{
	int n;

	pthread_mutex_lock(&lock);
	n = entry_count;
	pthread_mutex_unlock(&lock);
	return n;
}

const struct fsock_error *
server_await_log(int i)
{
	ck_assert_int_lt(i, KEPT);
	while (server_log_count() <= i)
		server_breathe();
	return &entries[i];
}

void
server_gate_pass(struct server_gate *gate)
{
	gate->entered++;
	while (!gate->is_open)
		server_breathe();
	gate->left++;
}

void
server_gate_await(struct server_gate *gate, int entered)
{
	while (gate->entered < entered)
		server_breathe();
}

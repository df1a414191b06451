/* What the tests of servers share: starting one, reaching it, a log of what it tells. */
#ifndef TESTS_SERVER_SUPPORT_H
#define TESTS_SERVER_SUPPORT_H

#include <stdatomic.h>

#include "sock_support.h"

/* Starts a server on a free port of the host. */
fsock_server *server_start(const char *host, fsock_stream_handler *handler, void *arg,
    const struct fsock_server_options *options);

fsock_server *server_start_lines(const char *host, fsock_line_handler *handler, void *arg,
    const struct fsock_server_options *options);

/* A connection to the server, which the host is one of. Reads give up after a while. */
fsock *server_connect(fsock_server *server, const char *host);

/* Lets other threads run, for as long as somebody waits for what they do. */
void server_breathe(void);

/* Returns when the server serves so many clients. */
void server_await_clients(fsock_server *server, int count);

/* For the `error` member of options: notes what it is told, in a log of the process. */
void server_log(fsock_server *server, const struct fsock_error *error, void *arg);
void server_log_reset(void);
int server_log_count(void);

/* Returns the i-th entry of the log when there is one. Only the first few are kept. */
const struct fsock_error *server_await_log(int i);

/* A gate that handlers wait at. Entering counts; open lets all pass that came and come. */
struct server_gate {
	atomic_int entered, left, is_open;
};
void server_gate_pass(struct server_gate *gate);
void server_gate_await(struct server_gate *gate, int entered);

#endif

/*
 * What a socket is asked and told by the functions of fsock/socket.h and fsock/option.h, and what is
 * not for it, in every combination: see tests/support/combination.h. Each row says what the headers
 * promise of its cells.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <math.h>

#include "../support/combination.h"

/* ---- What it is. */

static int
row_local_name(struct world *w)
{
	struct fsock_addr name;
	char host[FSOCK_ADDR_TEXT_SIZE];

	EXPECT(w, WORKED(fsock_local_name(w->s, &name)));
	EXPECT(w, fsock_addr_host(&name, host, sizeof host) != NULL && host[0] == '\0');
	return 0;
}

static int
row_peer_name(struct world *w)
{
	struct fsock_addr name;
	char host[FSOCK_ADDR_TEXT_SIZE];

	EXPECT(w, WORKED(fsock_peer_name(w->s, &name)));
	EXPECT(w, fsock_addr_host(&name, host, sizeof host) != NULL && host[0] == '\0');
	return 0;
}

static int
row_local_address(struct world *w)
{
	char host[FSOCK_ADDR_TEXT_SIZE] = "x";

	EXPECT(w, fsock_local_address(w->s, host, sizeof host) == host);
	EXPECT(w, host[0] == '\0' && errno == 0);
	return 0;
}

static int
row_peer_address(struct world *w)
{
	char host[FSOCK_ADDR_TEXT_SIZE] = "x";

	EXPECT(w, fsock_peer_address(w->s, host, sizeof host) == host);
	EXPECT(w, host[0] == '\0' && errno == 0);
	return 0;
}

static int
row_local_port(struct world *w)
{
	EXPECT(w, fsock_local_port(w->s) == 0 && errno == 0);
	return 0;
}

static int
row_peer_port(struct world *w)
{
	EXPECT(w, fsock_peer_port(w->s) == 0 && errno == 0);
	return 0;
}

static int
row_socket(struct world *w)
{
	int type = -1;
	socklen_t length = sizeof type;

	EXPECT(w, WORKED(fsock_socket(w->s)));
	EXPECT(w, getsockopt(fsock_socket(w->s), SOL_SOCKET, SO_TYPE, &type, &length) == 0);
	EXPECT(w, type == SOCK_STREAM);
	return 0;
}

static int
row_is_stream(struct world *w)
{
	EXPECT(w, fsock_is_stream(w->s) == 1 && errno == 0);
	return 0;
}

static int
row_is_listener(struct world *w)
{
	EXPECT(w, fsock_is_listener(w->s) == 0 && errno == 0);
	return 0;
}

static int
row_is_datagram(struct world *w)
{
	EXPECT(w, fsock_is_datagram(w->s) == 0 && errno == 0);
	return 0;
}

static int
row_is_connecting(struct world *w)
{
	EXPECT(w, fsock_is_connecting(w->s) == 0 && errno == 0);
	return 0;
}

static int
row_is_nonblocking(struct world *w)
{
	EXPECT(w, fsock_is_nonblocking(w->s) == w->at.nonblocking && errno == 0);
	return 0;
}

/* ---- What it is told. */

static int
row_set_nonblocking(struct world *w)
{
	EXPECT(w, WORKED(fsock_set_nonblocking(w->s, !w->at.nonblocking)));
	EXPECT(w, fsock_is_nonblocking(w->s) == !w->at.nonblocking);
	EXPECT(w, !w->at.nonblocking || fsock_pending_output(w->s) == 0);
	EXPECT(w, WORKED(fsock_set_nonblocking(w->s, w->at.nonblocking)));
	EXPECT(w, fsock_is_nonblocking(w->s) == w->at.nonblocking);
	return 0;
}

static const char *
no_set_nonblocking(const struct combination *c)
{
	return combination_is_writing(c) ? "the block would be written in two ways" : NULL;
}

static int
row_set_deadline(struct world *w)
{
	EXPECT(w, WORKED(fsock_set_deadline(w->s, 60)));
	EXPECT(w, WORKED(fsock_set_deadline(w->s, INFINITY)));
	return 0;
}

static int
row_set_read_deadline(struct world *w)
{
	EXPECT(w, WORKED(fsock_set_read_deadline(w->s, 60)));
	EXPECT(w, WORKED(fsock_set_read_deadline(w->s, INFINITY)));
	return 0;
}

static int
row_set_write_deadline(struct world *w)
{
	EXPECT(w, WORKED(fsock_set_write_deadline(w->s, 60)));
	EXPECT(w, WORKED(fsock_set_write_deadline(w->s, INFINITY)));
	return 0;
}

static int
row_interrupt(struct world *w)
{
	EXPECT(w, FAILED(fsock_interrupt(w->s, FSOCK_IO), EOPNOTSUPP));
	return 0;
}

static int
row_set_option(struct world *w)
{
	EXPECT(w, WORKED(fsock_set_option(w->s, FSOCK_OPTION_RECEIVE_TIMEOUT, 60)));
	EXPECT(w, WORKED(fsock_set_option(w->s, FSOCK_OPTION_SEND_TIMEOUT, INFINITY)));
	return 0;
}

static int
row_get_option(struct world *w)
{
	double type = -1;

	EXPECT(w, WORKED(fsock_get_option(w->s, FSOCK_OPTION_TYPE, &type)));
	EXPECT(w, type == SOCK_STREAM);
	return 0;
}

/* All that can be read without waiting; what another thread has in its hands nobody knows. */
static int
row_available(struct world *w)
{
	double n = -1;
	int r = fsock_get_option(w->s, FSOCK_OPTION_AVAILABLE, &n);

	if (combination_is_reading(&w->at) && r < 0) {
		EXPECT(w, FAILED(r, EBUSY));
		return 0;
	}
	if (combination_input_is_held(&w->at) && combination_is_mid_line(&w->at)) {
		EXPECT(w, FAILED(r, EBUSY));
		return 0;
	}
	EXPECT(w, w->at.beside != IN_FGETS);
	EXPECT(w, WORKED(r) || (combination_input_is_held(&w->at) && FAILED(r, EBUSY)));
	EXPECT(w, r < 0 || combination_is_reading(&w->at) || n == strlen(combination_next(w)));
	return 0;
}

/* ---- What means nothing for a connected stream. */

static int
row_accept(struct world *w)
{
	EXPECT(w, fsock_accept(w->s, NULL) == NULL && errno == EINVAL);
	return 0;
}

static int
row_send_many(struct world *w)
{
	struct fsock_message message = { .data = NULL };

	EXPECT(w, FAILED(fsock_send_many(w->s, &message, 1), EINVAL));
	return 0;
}

static int
row_receive_many(struct world *w)
{
	struct fsock_message message = { .data = NULL };

	EXPECT(w, FAILED(fsock_receive_many(w->s, &message, 1), EINVAL));
	return 0;
}

static int
row_multicast(struct world *w)
{
	EXPECT(w, FAILED(fsock_multicast_join(w->s, "224.0.0.251", NULL), EINVAL));
	EXPECT(w, FAILED(fsock_multicast_leave(w->s, "224.0.0.251", NULL), EINVAL));
	EXPECT(w, FAILED(fsock_multicast_interface(w->s, NULL), EINVAL));
	return 0;
}

static const struct combination_row rows[] = {
	{ "fsock_local_name", row_local_name, NULL, 0 },
	{ "fsock_peer_name", row_peer_name, NULL, 0 },
	{ "fsock_local_address", row_local_address, NULL, 0 },
	{ "fsock_peer_address", row_peer_address, NULL, 0 },
	{ "fsock_local_port", row_local_port, NULL, 0 },
	{ "fsock_peer_port", row_peer_port, NULL, 0 },
	{ "fsock_socket", row_socket, NULL, 0 },
	{ "fsock_is_stream", row_is_stream, NULL, 0 },
	{ "fsock_is_listener", row_is_listener, NULL, 0 },
	{ "fsock_is_datagram", row_is_datagram, NULL, 0 },
	{ "fsock_is_connecting", row_is_connecting, NULL, 0 },
	{ "fsock_is_nonblocking", row_is_nonblocking, NULL, 0 },
	{ "fsock_set_nonblocking", row_set_nonblocking, no_set_nonblocking, 1 },
	{ "fsock_set_deadline", row_set_deadline, NULL, 0 },
	{ "fsock_set_read_deadline", row_set_read_deadline, NULL, 0 },
	{ "fsock_set_write_deadline", row_set_write_deadline, NULL, 0 },
	{ "fsock_interrupt", row_interrupt, NULL, 0 },
	{ "fsock_set_option", row_set_option, NULL, 0 },
	{ "fsock_get_option, type", row_get_option, NULL, 0 },
	{ "fsock_get_option, available", row_available, NULL, 0 },
	{ "fsock_accept", row_accept, NULL, 0 },
	{ "fsock_send_many", row_send_many, NULL, 0 },
	{ "fsock_receive_many", row_receive_many, NULL, 0 },
	{ "fsock_multicast_...", row_multicast, NULL, 0 },
};

START_TEST(socket_function)
{
	combination_sweep(&rows[_i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("combination");
	TCase *tcase = tcase_create("socket");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, socket_function, 0, COUNT(rows));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

/*
 * What a socket is asked and told by the functions of fsock/socket.h and fsock/option.h, and what
 * is not for it, in every combination: see tests/support/combination.h. Each row says what the
 * headers promise of its cells.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <math.h>

#include "../support/combination.h"

/* The combination by itself, and what is looked at behind each call. */
static int
row_nothing(struct world *w)
{
	EXPECT(w, errno == 0);
	return 0;
}

/* ---- What it is. */

static int
row_names(struct world *w)
{
	struct fsock_addr names[2];
	char host[FSOCK_ADDR_TEXT_SIZE];

	EXPECT(w, WORKED(fsock_local_name(w->s, &names[0])));
	EXPECT(w, WORKED(fsock_peer_name(w->s, &names[1])));
	for (int i = 0; i < 2; i++)
		EXPECT(w, fsock_addr_host(&names[i], host, sizeof host) == host && host[0] == '\0');
	EXPECT(w, fsock_local_port(w->s) == 0 && fsock_peer_port(w->s) == 0);
	strcpy(host, "x");
	EXPECT(w, fsock_local_address(w->s, host, sizeof host) == host && host[0] == '\0');
	strcpy(host, "x");
	EXPECT(w, fsock_peer_address(w->s, host, sizeof host) == host && host[0] == '\0');
	EXPECT(w, errno == 0);
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
row_is(struct world *w)
{
	EXPECT(w, fsock_is_stream(w->s) == 1);
	EXPECT(w, fsock_is_listener(w->s) == 0);
	EXPECT(w, fsock_is_datagram(w->s) == 0);
	EXPECT(w, fsock_is_connecting(w->s) == 0);
	EXPECT(w, fsock_is_nonblocking(w->s) == w->at.nonblocking);
	EXPECT(w, errno == 0);
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
row_set_deadlines(struct world *w)
{
	EXPECT(w, WORKED(fsock_set_deadline(w->s, 60)));
	EXPECT(w, WORKED(fsock_set_read_deadline(w->s, INFINITY)));
	EXPECT(w, WORKED(fsock_set_write_deadline(w->s, 60)));
	EXPECT(w, WORKED(fsock_set_deadline(w->s, INFINITY)));
	return 0;
}

static int
row_interrupt(struct world *w)
{
	EXPECT(w, FAILED(fsock_interrupt(w->s, FSOCK_IO), EOPNOTSUPP));
	return 0;
}

static int
row_options(struct world *w)
{
	double value = -1;

	EXPECT(w, WORKED(fsock_set_option(w->s, FSOCK_OPTION_RECEIVE_TIMEOUT, 60)));
	EXPECT(w, WORKED(fsock_set_option(w->s, FSOCK_OPTION_SEND_TIMEOUT, INFINITY)));
	EXPECT(w, WORKED(fsock_get_option(w->s, FSOCK_OPTION_RECEIVE_TIMEOUT, &value)));
	EXPECT(w, value == 60);
	EXPECT(w, WORKED(fsock_get_option(w->s, FSOCK_OPTION_TYPE, &value)));
	EXPECT(w, value == SOCK_STREAM);
	return 0;
}

/* All that can be read without waiting; what another thread has in its hands nobody knows. */
static int
row_available(struct world *w)
{
	double n = -1;
	int r = fsock_get_option(w->s, FSOCK_OPTION_AVAILABLE, &n);

	if (combination_is_busy(w, r))
		return 0;
	EXPECT(w, WORKED(r) && w->at.beside != IN_FGETS);
	EXPECT(w, combination_is_reading(&w->at) ? n == 0 : n == strlen(combination_next(w)));
	return 0;
}

/* ---- What means nothing for a connected stream. */

static int
row_not_for_streams(struct world *w)
{
	struct fsock_message message = { .data = NULL };

	EXPECT(w, fsock_accept(w->s, NULL) == NULL && errno == EINVAL);
	EXPECT(w, FAILED(fsock_send_many(w->s, &message, 1), EINVAL));
	EXPECT(w, FAILED(fsock_receive_many(w->s, &message, 1), EINVAL));
	EXPECT(w, FAILED(fsock_multicast_join(w->s, "224.0.0.251", NULL), EINVAL));
	EXPECT(w, FAILED(fsock_multicast_leave(w->s, "224.0.0.251", NULL), EINVAL));
	EXPECT(w, FAILED(fsock_multicast_interface(w->s, NULL), EINVAL));
	return 0;
}

static const struct combination_row rows[] = {
	{ "nothing", row_nothing, NULL, 0 },
	{ "names, addresses, ports", row_names, NULL, 0 },
	{ "fsock_socket", row_socket, NULL, 0 },
	{ "fsock_is_...", row_is, NULL, 0 },
	{ "fsock_set_nonblocking", row_set_nonblocking, no_set_nonblocking, 1 },
	{ "deadlines", row_set_deadlines, NULL, 0 },
	{ "fsock_interrupt", row_interrupt, NULL, 0 },
	{ "options", row_options, NULL, 0 },
	{ "fsock_get_option, available", row_available, NULL, 0 },
	{ "fsock_accept and the datagrams' functions", row_not_for_streams, NULL, 0 },
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

#include "../base/compat.h"

#include "../base/error.h"
#include "account.h"
#include "layer.h"
#include "socket.h"
#include "../base/sys.h"

/* Makes handles of two connected descriptors, or closes both. */
static int
wrap(fsock *ends[2], const int fds[2], int family, const struct fsock__settings *settings)
{
	ends[0] = fsock__socket_new(
	    fds[0], FSOCK__CONNECTED, family, settings, NULL, FSOCK__NO_PORT, NULL);
	if (ends[0] == NULL)
		goto err0;
	ends[1] = fsock__socket_new(
	    fds[1], FSOCK__CONNECTED, family, settings, NULL, FSOCK__NO_PORT, NULL);
	if (ends[1] == NULL)
		goto err1;
	fsock__account_open(ends[0], "pair");
	fsock__account_open(ends[1], "pair");
	return 0;
err1:
	fsock_close(ends[0]);
	fsock__sys_close(fds[1]);
	return -1;
err0:
	fsock__sys_close(fds[0]);
	fsock__sys_close(fds[1]);
	return -1;
}

/*
 * Accepts until it is the other end of `client`: any process may connect to the port meanwhile.
 * The connection already stands, so it waits only behind such strangers.
 */
static fsock *
accept_own(fsock *listener, fsock *client, const struct fsock_options *options)
{
	struct fsock_addr wanted, peer;

	if (fsock_local_name(client, &wanted) < 0)
		return NULL;
	for (;;) {
		fsock *s = fsock_accept(listener, options);

		if (s == NULL)
			return NULL;
		if (fsock_peer_name(s, &peer) == 0 && fsock_addr_equal(&peer, &wanted))
			return s;
		fsock_close(s);
	}
}

/*
 * Puts layers on both ends; neither can end a handshake before the other is used. Returns 0 with
 * the ends given to the caller, or -1 with both closed.
 */
static int
give(fsock *ends[2], fsock *const made[2], struct fsock_layer_maker *layer)
{
	made[0]->settings.layer = made[1]->settings.layer = layer;
	if (fsock__layer_make(made[0], 0) < 0 || fsock__layer_make(made[1], 1) < 0) {
		int error = errno;

		fsock_close(made[0]);
		fsock_close(made[1]);
		errno = error;
		return -1;
	}
	ends[0] = made[0];
	ends[1] = made[1];
	return 0;
}

/*
 * A TCP connection over the loopback interface. The handshake may take a moment, also for sockets
 * that are not to block: only when it is over they do not.
 */
static int
tcp_pair(fsock *ends[2], const struct fsock__settings *settings, struct fsock_options options)
{
	const char *host = settings->family == FSOCK_IPV6_ONLY ? "::1" : "127.0.0.1";
	fsock *listener = fsock_listen(host, 0, NULL);
	fsock *client = NULL, *served = NULL, *made[2];

	options.nonblocking = FSOCK_OFF;
	options.delivery = settings->delivery;
	options.layer = NULL;
	if (listener != NULL)
		client = fsock_connect(host, fsock_local_port(listener), &options);
	if (client != NULL)
		served = accept_own(listener, client, &options);
	fsock_close(listener);
	if (served == NULL) {
		fsock_abort(client);
		return -1;
	}
	client->nonblocking = served->nonblocking = settings->nonblocking;
	made[0] = client;
	made[1] = served;
	return give(ends, made, settings->layer);
}

/* see fsock/socket.h */
int
fsock_pair(fsock *ends[2], const struct fsock_options *options)
{
	struct fsock__settings settings;
	int fds[2];
	fsock *made[2];

	if (fsock__settings_make(&settings, options, "pair", NULL, 0) < 0)
		return -1;
	if (ends == NULL)
		return fsock__error_set("pair", NULL, FSOCK__NO_PORT, EINVAL);
	if (settings.family == FSOCK_IPV4_ONLY || settings.family == FSOCK_IPV6_ONLY)
		return tcp_pair(ends, &settings, *options); /* there are some */
	if (fsock__sys_socketpair(AF_UNIX, SOCK_STREAM, fds) < 0)
		return fsock__error_set("pair", NULL, FSOCK__NO_PORT, errno);
	if (wrap(made, fds, AF_UNIX, &settings) < 0)
		return -1;
	return give(ends, made, settings.layer);
}

/*
 * fsock: text protocols from the command line. See fsock(1).
 */
#include "command.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The file of a Unix-domain listener, which goes when a signal ends the command. */
static char socket_file[FSOCK_ADDR_TEXT_SIZE];

static void
remove_file(int number)
{
	if (socket_file[0] != '\0')
		unlink(socket_file);
	raise(number); /* the action is the default one again: SA_RESETHAND */
}

static void
keep_file(fsock *listener)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action = { .sa_handler = remove_file, .sa_flags = (int)SA_RESETHAND };
	struct fsock_addr addr;
	struct sigaction old;
	size_t i;

	if (fsock_local_name(listener, &addr) < 0 || fsock_addr_family(&addr) != AF_UNIX ||
	    fsock_addr_host(&addr, socket_file, sizeof socket_file) == NULL ||
	    socket_file[0] == '@')
		return;
	for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(numbers[i], &action, NULL);
}

/* A connection, from its handshake on. */
static enum status
converse(fsock *s, const struct settings *settings)
{
	enum status status = STATUS_DONE;

	if (settings->wants_tls && fsock_layer_start(s) < 0)
		status = report_error();
	else if (settings->wants_tls)
		tls_report(s);
	if (status == STATUS_DONE && !settings->only_connects)
		status = session_run(s, settings);
	if (fsock_close(s) < 0 && status == STATUS_DONE)
		status = report_error();
	return status;
}

static enum status
call(const struct settings *settings)
{
	fsock *s = settings->is_datagram
		       ? fsock_datagram(settings->host, settings->port, &settings->socket)
		       : fsock_connect(settings->host, settings->port, &settings->socket);

	if (s == NULL)
		return report_error();
	report_names(settings->is_datagram ? "sending to" : "connected to", s, fsock_peer_name);
	return converse(s, settings);
}

/* Takes one client after the other, or the first alone: others are then refused. */
static enum status
serve(fsock *listener, const struct settings *settings)
{
	enum status status;

	do {
		fsock *s = fsock_accept(listener, &settings->socket);

		if (s == NULL) {
			status = report_error();
			break;
		}
		if (!settings->keeps_listening) {
			socket_file[0] = '\0'; /* another may soon have a file of that name */
			fsock_close(listener);
			listener = NULL;
		}
		report_names("client", s, fsock_peer_name);
		status = converse(s, settings);
	} while (settings->keeps_listening && status != STATUS_LOCAL);
	fsock_close(listener);
	return status;
}

static enum status
listen_streams(const struct settings *settings)
{
	fsock *listener = fsock_listen(settings->host, settings->port, &settings->socket);

	if (listener == NULL)
		return report_error();
	keep_file(listener);
	report_names("listening on", listener, fsock_local_name);
	return serve(listener, settings);
}

/* Datagrams know no connections: the first who sends one is the client. */
static enum status
listen_datagrams(const struct settings *settings)
{
	struct fsock_options options = settings->socket;
	fsock *s;

	options.local_host = settings->host;
	options.local_port = settings->port;
	s = fsock_datagram(NULL, 0, &options);
	if (s == NULL)
		return report_error();
	keep_file(s);
	report_names("listening on", s, fsock_local_name);
	return converse(s, settings);
}

/* A socket must not get the number of a standard stream that is closed. */
static void
open_standard_streams(void)
{
	int descriptor;

	/* What is written where standard output is closed fails. */
	if (fcntl(STDIN_FILENO, F_GETFD) >= 0 && fcntl(STDOUT_FILENO, F_GETFD) < 0)
		open("/dev/null", O_RDONLY);
	do
		descriptor = open("/dev/null", O_RDWR);
	while (descriptor >= 0 && descriptor <= STDERR_FILENO);
	if (descriptor >= 0)
		close(descriptor);
}

int
main(int argc, char **argv)
{
	struct settings settings;
	enum status status;
	int r;

	open_standard_streams();
	r = options_read(&settings, argc, argv);
	if (r != 0)
		return r < 0 ? STATUS_USAGE : STATUS_DONE;
	if (settings.wants_tls && (status = tls_prepare(&settings)) != STATUS_DONE)
		return (int)status;
	if (!settings.listens)
		return (int)call(&settings);
	return (
	    int)(settings.is_datagram ? listen_datagrams(&settings) : listen_streams(&settings));
}

#include "../../src/base/compat.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <poll.h>
#include <unistd.h>

#include "batch_link.h"
#include "layered.h"

static const enum sock_transport transports[] = { SOCK_PAIR, SOCK_TCP4, SOCK_UNIX, SOCK_TCP4 };

void
batch_open(struct batch_link *link, int kind, const struct fsock_options *more)
{
	struct fsock_options options = *more;
	struct timeval patience = { .tv_sec = 20 };

	options.batched = FSOCK_ON;
	if (options.read_timeout == 0)
		options.read_timeout = 0.02;
	if (kind == BATCH_KINDS - 1) /* what comes in pieces is not to be lost */
		options.delivery = FSOCK_DELIVER_WHOLE_LINE;
	link->s = sock_raw(transports[kind / 2], &options, &link->peer);
	if (kind >= BATCH_KINDS - 2)
		ck_assert_int_eq(layered_push(link->s), 0);
	if (kind % 2)
		ck_assert_int_eq(fsock_set_nonblocking(link->s, 1), 0);
	ck_assert_int_eq(
	    setsockopt(link->peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	link->f = fsock_stream(link->s);
	ck_assert_ptr_nonnull(link->f);
	link->held = 0;
}

void
batch_close(struct batch_link *link)
{
	if (link->s != NULL)
		fsock_close(link->s);
	if (link->peer >= 0)
		close(link->peer);
}

bool
batch_has_layers(const struct batch_link *link)
{
	return fsock_layer_of(link->s, NULL) != NULL;
}

void
batch_peer_says(const struct batch_link *link, const char *text)
{
	ck_assert_int_eq(send(link->peer, text, strlen(text), 0), (ssize_t)strlen(text));
}

void
batch_note(struct batch_link *link, const char *text)
{
	size_t n = strlen(text);

	ck_assert_uint_le(n, sizeof link->said - link->held);
	memcpy(link->said + link->held, text, n);
	link->held += n;
}

void
batch_say(struct batch_link *link, const char *text)
{
	ck_assert_int_ge(fputs(text, link->f), 0);
	ck_assert_int_eq(fflush(link->f), 0);
	batch_note(link, text);
}

void
batch_expect_line(const struct batch_link *link, const char *line)
{
	char text[64];

	while (fgets(text, sizeof text, link->f) == NULL) {
		ck_assert(errno == EAGAIN && batch_has_layers(link));
		clearerr(link->f);
	}
	ck_assert_str_eq(text, line);
}

void
batch_expect_held(const struct batch_link *link)
{
	ck_assert_int_eq(fsock_pending_output(link->s), (ssize_t)link->held);
}

void
batch_expect_sent(struct batch_link *link)
{
	char got[sizeof link->said];

	while (link->s != NULL && batch_has_layers(link) && fsock_send_pending(link->s) > 0)
		;
	ck_assert_int_eq(sock_read_all(link->peer, got, link->held), (ssize_t)link->held);
	ck_assert_mem_eq(got, link->said, link->held);
	if (link->s != NULL)
		ck_assert_int_eq(fsock_send_pending(link->s), 0);
	link->held = 0;
}

void
batch_expect_end(const struct batch_link *link)
{
	char c;

	ck_assert_int_eq(recv(link->peer, &c, 1, 0), 0);
}

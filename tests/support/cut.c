#include "../../src/base/compat.h"
#include "cut.h"

#include "../../src/sock/transfer.h"

char cut_text[CUT_ALL];

const struct cut_way cut_ways[CUT_WAYS] = {
	{ .name = "complete", .is_complete = 1, .size = CUT_PART },
	{ .name = "complete, in a queue",
	    .is_complete = 1,
	    .size = CUT_PART,
	    .options = { .nonblocking = FSOCK_ON } },
	{ .name = "output limit",
	    .errnum = ENOBUFS,
	    .size = CUT_ALL,
	    .options = { .nonblocking = FSOCK_ON, .output_limit = 20000 } },
	{ .name = "write timeout",
	    .errnum = ETIMEDOUT,
	    .size = CUT_ALL,
	    .options = { .write_timeout = 0.05 } },
	{ .name = "deadline",
	    .errnum = ETIMEDOUT,
	    .size = CUT_ALL,
	    .options = { .deadline = 0.3 } },
	{ .name = "strict format",
	    .errnum = EILSEQ,
	    .size = CUT_PART,
	    .beyond = "\xe2\x82\xac",
	    .options = { .format = "latin-1" } },
	{ .name = "strict format on top",
	    .errnum = EILSEQ,
	    .size = CUT_PART,
	    .beyond = "\xe2\x82\xac",
	    .recoding = "latin-1" },
	{ .name = "interrupted",
	    .errnum = ECANCELED,
	    .size = CUT_ALL,
	    .is_interrupted = 1,
	    .options = { .interruptible = FSOCK_ON } },
	{ .name = "broken transport", .errnum = EIO, .size = CUT_ALL, .is_broken = 1 },
	{ .name = "queued",
	    .size = CUT_ALL,
	    .options = { .nonblocking = FSOCK_ON,
		.output_limit = 2 * CUT_ALL,
		.close_timeout = 0.05 } },
};

void
cut_begin(void)
{
	for (size_t i = 0; i < CUT_ALL; i++)
		cut_text[i] = (char)('a' + i % 23);
}

/* Takes a part and then fails, as a layer may; in all else it is the socket. */
static ssize_t
broken_offer(struct fsock *s, const void *buf, size_t n)
{
	if (s->output.has_sent)
		return fsock__handle_error(s, "write", EIO);
	return fsock__transport_socket.offer(s, buf, n < CUT_PART ? n : CUT_PART);
}

static struct fsock__transport_ops broken;

void
cut_narrow(int fd)
{
	int size = 4096;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

void
cut_open(struct cut *c, enum sock_transport transport, const struct cut_way *way)
{
	struct fsock_options options = way->options;
	int size = 4096;

	c->got = 0;
	c->f = NULL;
	c->s = sock_raw(transport, &options, &c->peer);
	setsockopt(c->peer, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	cut_narrow(fsock_socket(c->s));
}

int
cut_write(struct cut *c, const struct cut_way *way)
{
	int r;

	if (way->recoding != NULL)
		c->f = fsock_recode(c->f, "w", way->recoding);
	if (way->is_interrupted)
		fsock_interrupt(c->s, FSOCK_OUTPUT);
	if (way->is_broken) {
		broken = fsock__transport_socket;
		broken.offer = broken_offer;
		c->s->transport = &broken;
	}
	r = fwrite(cut_text, 1, way->size, c->f) == way->size ? 0 : -1;
	if (r == 0 && way->beyond != NULL)
		r = fputs(way->beyond, c->f);
	if (r >= 0)
		r = fflush(c->f);
	if (way->errnum == 0)
		return r != 0;
	return r == 0 || fsock_last_error()->errnum != way->errnum;
}

enum cut_end
cut_look(struct cut *c)
{
	static const struct timeval moment = { 0, 150000 };
	static char block[65536];
	ssize_t n;

	setsockopt(c->peer, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
	while ((n = recv(c->peer, block, sizeof block, 0)) > 0) {
		if (c->got + (size_t)n > CUT_ALL || memcmp(block, cut_text + c->got, (size_t)n))
			return CUT_GARBLED;
		c->got += (size_t)n;
	}
	if (n == 0)
		return CUT_PROPER;
	return errno == ECONNRESET ? CUT_RESET : CUT_OPEN;
}

void
cut_expect(struct cut *c, enum cut_end expected, size_t written, const char *what)
{
	static const char *const names[] = { "a proper end", "a reset", "no end", "garbage" };
	enum cut_end end = cut_look(c);

	for (int tries = 0; expected != CUT_OPEN && end == CUT_OPEN && tries < 30; tries++)
		end = cut_look(c); /* a busy machine */
	ck_assert_msg(
	    end == expected, "%s: %s behind %zu of %zu octets", what, names[end], c->got, written);
	if (end == CUT_PROPER)
		ck_assert_msg(c->got == written, "%s: %zu of %zu", what, c->got, written);
}

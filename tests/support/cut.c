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
	{ .name = "shut down behind it", .errnum = EPIPE, .size = CUT_ALL, .is_shut = 1 },
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

/* A way's output, and what comes of it. */
struct job {
	struct cut *cut;
	const struct cut_way *way;
	int r, errnum;
};

static void
write_all(void *arg)
{
	struct job *job = arg;
	const struct cut_way *way = job->way;
	FILE *f = job->cut->f;

	job->r = fwrite(cut_text, 1, way->size, f) == way->size ? 0 : -1;
	if (job->r == 0 && way->beyond != NULL)
		job->r = fputs(way->beyond, f);
	if (job->r >= 0)
		job->r = fflush(f);
	job->errnum = fsock_last_error()->errnum;
}

static void
write_behind(struct job *job)
{
	struct sock_thread thread;

	sock_thread_start(&thread, write_all, job);
	sock_thread_await_blocked(&thread);
	fsock_shutdown(job->cut->s, FSOCK_OUTPUT);
	sock_thread_join(&thread);
}

int
cut_write(struct cut *c, const struct cut_way *way)
{
	struct job job = { .cut = c, .way = way };

	if (way->recoding != NULL)
		c->f = fsock_recode(c->f, "w", way->recoding);
	if (way->is_interrupted)
		fsock_interrupt(c->s, FSOCK_OUTPUT);
	if (way->is_broken) {
		broken = fsock__transport_socket;
		broken.offer = broken_offer;
		c->s->transport = &broken;
	}
	if (way->is_shut)
		write_behind(&job);
	else
		write_all(&job);
	if (way->errnum == 0)
		return job.r != 0;
	return job.r == 0 || job.errnum != way->errnum;
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

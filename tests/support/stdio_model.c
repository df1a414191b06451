#include "../../src/base/compat.h"
#include "stdio_model.h"

#include <stdlib.h>

const char *const stdio_kind_names[STDIO_KINDS] = { "two-way, lines", "two-way, bytes",
	"two-way, whole lines", "one-way", "one-way, lines", "one-way, whole lines" };

int
stdio_world_is_two_way(const struct stdio_world *w)
{
	return w->kind <= STDIO_TWO_WAY_WHOLE;
}

/* Numbers that go on and on, in lines of many lengths: whatever is lost or doubled shows. */
static const char *
make_text(void)
{
	static char text[STDIO_TEXT_MAX];
	static const int lengths[] = { 2, 3, 1, 4, 0, 9, 1, 2, 30, 1, 5 };
	int number = 1, line = 0;
	size_t n = 0;

	if (text[0] != '\0')
		return text;
	while (n + 256 < sizeof text) {
		for (int i = 0; i < lengths[line]; i++)
			n += (size_t)sprintf(text + n, i == 0 ? "%d" : " %d", number++);
		text[n++] = '\n';
		line = (line + 1) % COUNT(lengths);
	}
	return text;
}

void
stdio_world_open(
    struct stdio_world *w, enum stdio_kind kind, enum stdio_transport transport, double timeout)
{
	stdio_world_open_records(w, kind, transport, timeout, NULL);
}

void
stdio_world_open_records(struct stdio_world *w, enum stdio_kind kind,
    enum stdio_transport transport, double timeout, const struct fsock_record *record)
{
	static const enum fsock_delivery deliveries[STDIO_KINDS] = {
		[STDIO_TWO_WAY_WHOLE] = FSOCK_DELIVER_WHOLE_LINE,
		[STDIO_ONE_WAY_LINE] = FSOCK_DELIVER_LINE,
		[STDIO_ONE_WAY_WHOLE] = FSOCK_DELIVER_WHOLE_LINE,
	};
	struct fsock_options options = { .read_timeout = timeout, .delivery = deliveries[kind] };

	if (deliveries[kind] != FSOCK_DELIVER_WHOLE_LINE)
		record = NULL;
	options.record = record;
	if (kind == STDIO_TWO_WAY_BYTES)
		options.element_type = FSOCK_BYTE;
	memset(w, 0, sizeof *w);
	stdio_link_open(&w->link, transport, &options);
	w->kind = kind;
	w->record = record;
	w->pushed = -1;
	w->amount = 5;
	w->text = make_text();
	w->in = stdio_world_is_two_way(w) ? fsock_stream(w->link.s) : fsock_input(w->link.s);
	w->out = stdio_world_is_two_way(w) ? w->in : fsock_output(w->link.s);
	expect(w->in != NULL);
	expect(w->out != NULL);
}

void
stdio_world_send(struct stdio_world *w, size_t sent)
{
	stdio_far_send(&w->link, w->text + w->sent, sent - w->sent);
	w->sent = sent;
}

size_t
stdio_world_lines(const struct stdio_world *w, int n)
{
	const char *p = w->text + w->sent;

	while (n-- > 0)
		p = strchr(p, '\n') + 1;
	return (size_t)(p - w->text);
}

/* ---- The model's queues. */

int
stdio_world_take(struct stdio_world *w)
{
	int c = w->pushed;

	w->used = 1;
	w->switched = 0;
	w->pushed = -1;
	if (c >= 0)
		return c;
	if (w->eof)
		return EOF;
	if (w->consumed < w->sent)
		return (unsigned char)w->text[w->consumed++];
	expect(w->tail != STDIO_NOT_REACHED);
	w->eof = w->tail == STDIO_ENDS;
	w->stalled = w->tail == STDIO_STALLS;
	w->reset = w->tail == STDIO_RESETS;
	return EOF;
}

void
stdio_world_give_back(struct stdio_world *w)
{
	if (w->pushed >= 0)
		w->consumed--;
	w->pushed = -1;
}

void
stdio_world_put(struct stdio_world *w, const char *data, size_t n)
{
	expect(w->count + n <= sizeof w->written);
	memcpy(w->written + w->count, data, n);
	w->used = 1;
	w->count += n;
}

void
stdio_world_check_arrival(struct stdio_world *w)
{
	if (w->link.far < 0)
		return;
	stdio_far_expect(&w->link, w->written + w->arrived, w->count - w->arrived);
	w->arrived = w->count;
}

void
stdio_world_check_end(const struct stdio_world *w)
{
	char c;

	if (w->link.far < 0)
		return;
	if (w->used)
		stdio_far_expect_end(&w->link);
	else
		expect(recv(w->link.far, &c, 1, 0) <= 0);
}

/* ---- After an operation. */

/* A read that failed: why, and that the stream goes on after clearerr(). */
static void
check_failed_read(struct stdio_world *w, int error)
{
	expect(ferror(w->in));
	expect_int(error, ETIMEDOUT);
	stdio_expect_error(&w->link, "read", FSOCK_TIMEOUT_ERROR, ETIMEDOUT, "Timed out");
	clearerr(w->in);
}

/* A peer that is gone is an error once, then the end of the file; after writing either. */
static void
check_after_reset(struct stdio_world *w, int error)
{
	if (w->reset) {
		expect(feof(w->in) || ferror(w->in));
		if (!w->reset_met && w->count == 0) {
			expect(ferror(w->in));
			expect_int(error, ECONNRESET);
			stdio_expect_error(&w->link, "read", FSOCK_CONNECTION_RESET_ERROR,
			    ECONNRESET, strerror(ECONNRESET));
		}
		w->reset_met = 1;
		clearerr(w->in);
	}
	if (w->out != NULL)
		clearerr(w->out);
}

/*
 * setvbuf() is for new streams. glibc allows it later, too, but frees the program's buffer if
 * another character than the one read has been pushed back before; musl loses its place in the old
 * buffer.
 */
static int
may_rebuffer(const struct stdio_world *w, const struct stdio_operation *operation)
{
	if (!(operation->traits & STDIO_REBUFFERS))
		return 1;
	return STDIO_IS_GLIBC ? !w->pushed_another : w->consumed == 0 && w->count == 0;
}

int
stdio_world_run(struct stdio_world *w, const struct stdio_operation *operation)
{
	int on_input = operation->traits & (STDIO_READS | STDIO_SECOND), error;

	if (stdio_world_is_two_way(w) && (operation->traits & STDIO_SECOND))
		return 0;
	if ((on_input ? w->in : w->out) == NULL || !may_rebuffer(w, operation))
		return 0;
	w->stalled = w->reset = 0;
	errno = 0;
	operation->run(w);
	error = errno;
	/* Reading on a two-way stream sends what was written before. */
	if (stdio_world_is_two_way(w) && (operation->traits & STDIO_READS))
		stdio_world_check_arrival(w);
	if (w->tail == STDIO_RESETS) {
		check_after_reset(w, error);
		return 1;
	}
	if (w->stalled)
		check_failed_read(w, error);
	if (w->in != NULL) {
		expect_int(feof(w->in) != 0, w->eof);
		expect(!ferror(w->in));
	}
	if (w->out != NULL)
		expect(!ferror(w->out));
	return 1;
}

void
stdio_world_drain(struct stdio_world *w)
{
	while (w->in != NULL && (w->pushed >= 0 || w->consumed < w->sent))
		stdio_world_run(w, &stdio_operations[0]);
}

void
stdio_world_close(struct stdio_world *w)
{
	int r;

	stdio_far_says_all(&w->link);
	r = fsock_close(w->link.s);
	w->link.s = NULL;
	if (w->write_errno != 0) {
		expect_int(r, -1);
		expect_int(errno, w->write_errno);
	} else if (w->tail != STDIO_RESETS) {
		expect_int(r, 0);
	}
	if (w->link.far >= 0) {
		stdio_world_check_arrival(w);
		stdio_world_check_end(w);
	}
	stdio_link_close(&w->link);
}

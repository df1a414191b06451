#include "compat.h"
#include "trace_line.h"

#include <sys/stat.h>

#include <stdio.h>
#include <unistd.h>

#include "process.h"
#include "shield.h"
#include "sys.h"

enum {
	PREFIX = 80,      /* the longest beginning of a line, with its NUL */
	OCTETS = 128,     /* the most octets in a line ... */
	LINE = OCTETS * 4 /* ... and what they become */
};

/* Lines that are written together. */
struct page {
	const struct fsock__trace_sink *sink;
	char prefix[PREFIX];
	size_t prefix_length, length;
	int error;
	char text[4096];
};

/* Whether the descriptor is that of the file which it was at first: the program may not know it. */
static int
is_same(const struct fsock__trace_sink *sink)
{
	struct stat st;

	return !sink->is_known ||
	       (fstat(sink->fd, &st) == 0 && st.st_dev == sink->device && st.st_ino == sink->inode);
}

/* Writes what is on the page, whole lines, for which nobody is killed or cancelled. */
static void
turn(struct page *page)
{
	struct fsock__shield shield;
	int cancel;

	if (page->length == 0 || page->error != 0)
		return;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	fsock__shield_raise(&shield);
	if (!is_same(page->sink))
		page->error = EBADF;
	else if (fsock__sys_write_all(page->sink->fd, page->text, page->length) < 0)
		page->error = errno;
	fsock__shield_lower(&shield, 1);
	pthread_setcancelstate(cancel, NULL);
	page->length = 0;
}

/* Begins a line, for which there is room then. */
static void
begin_line(struct page *page)
{
	if (sizeof page->text - page->length < PREFIX + LINE + 1)
		turn(page);
	memcpy(page->text + page->length, page->prefix, page->prefix_length);
	page->length += page->prefix_length;
}

static void
put(struct page *page, const char *text, size_t n)
{
	memcpy(page->text + page->length, text, n);
	page->length += n;
}

static void
put_octet(struct page *page, unsigned char c)
{
	static const char digits[] = "0123456789abcdef", letters[] = "\nn\rr\tt\\\\";
	const char *letter = letters;
	char escape[4] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

	while (*letter != '\0' && (unsigned char)*letter != c)
		letter += 2;
	if (*letter != '\0') {
		escape[1] = letter[1];
		put(page, escape, 2);
	} else if (c < ' ' || c > '~') {
		put(page, escape, 4);
	} else {
		put(page, (const char *)&c, 1);
	}
}

static void
put_octets(struct page *page, const unsigned char *octets, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t in_line = 0;
		unsigned char c;

		begin_line(page);
		do {
			c = octets[done++];
			put_octet(page, c);
		} while (c != '\n' && done < n && ++in_line < OCTETS);
		put(page, "\n", 1);
	}
}

/* What the event has to say beside octets; it fits, as there is room for a line. */
static void
put_words(struct page *page, const struct fsock_trace_event *event)
{
	char text[PREFIX + LINE];
	int n;

	if (event->duration < 0)
		n = snprintf(text, sizeof text, "%.480s\n", event->text);
	else
		n = snprintf(text, sizeof text, "%.480s (%.6f s)\n", event->text, event->duration);
	begin_line(page);
	put(page, text, (size_t)n);
}

static void
make_prefix(struct page *page, const struct fsock_trace_event *event)
{
	char process[24] = "", number[16] = "", mark = '*';
	int n;

	if (page->sink->process != fsock__process())
		snprintf(process, sizeof process, "[%ld] ", (long)getpid());
	if (event->socket > 0)
		snprintf(number, sizeof number, "#%d ", event->socket);
	if (event->kind == FSOCK_TRACE_FAILED || event->error != FSOCK_NO_ERROR)
		mark = '!';
	else if (event->kind == FSOCK_TRACE_SENT || event->kind == FSOCK_TRACE_RECEIVED)
		mark = event->kind == FSOCK_TRACE_SENT ? '>' : '<';
	n = snprintf(
	    page->prefix, sizeof page->prefix, "%.6f %s%s%c ", event->time, process, number, mark);
	page->prefix_length = (size_t)n;
}

int
fsock__trace_line_write(const struct fsock__trace_sink *sink, const struct fsock_trace_event *event)
{
	struct page page = { .sink = sink };

	make_prefix(&page, event);
	if (event->octets == NULL || event->text[0] != '\0')
		put_words(&page, event);
	if (event->octets != NULL)
		put_octets(&page, event->octets, event->count);
	turn(&page);
	return page.error == 0 || page.error == EAGAIN ? 0 : -1;
}

#include "../base/compat.h"
#include "record.h"

#include "../sock/account.h"
#include "receiver.h"

/* No octet is there. */
#define NOWHERE UINT64_MAX

void
fsock__record_set(struct fsock__stream *stream, const struct fsock_record *what)
{
	struct fsock__records *r = &stream->records;

	memset(r, 0, sizeof *r);
	r->what = *what;
	r->start = NOWHERE;
	if (what->kind == FSOCK_RECORD_LINE)
		r->what.delimiter = '\n';
}

void
fsock__record_restart(struct fsock__stream *stream)
{
	struct fsock__records *r = &stream->records;

	r->start = NOWHERE;
	r->end = r->last_start = r->last_end = 0;
	r->error = 0;
	r->returned = 0;
}

/*
 * The ways to find the length of the record that begins at p, of which n octets are there and the
 * first `seen` were looked at in vain. They return 0 if more must be there; -1 with errno.
 */
typedef ssize_t find(const struct fsock_record *, const uint8_t *p, size_t seen, size_t n);

static ssize_t
find_delimiter(const struct fsock_record *what, const uint8_t *p, size_t seen, size_t n)
{
	const uint8_t *end = memchr(p + seen, what->delimiter, n - seen);

	return end == NULL ? 0 : end - p + 1;
}

static ssize_t
find_count(const struct fsock_record *what, const uint8_t *p, size_t seen, size_t n)
{
	(void)p, (void)seen, (void)n;
	return (ssize_t)what->count;
}

/* An error that would be taken for one of waiting is not one of the record. */
static ssize_t
find_measure(const struct fsock_record *what, const uint8_t *p, size_t seen, size_t n)
{
	ssize_t length;

	(void)seen;
	errno = 0;
	length = what->measure(p, n, what->arg);
	if (length < 0 && (errno == 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		errno = EPROTO;
	return length;
}

static find *const finds[] = {
	[FSOCK_RECORD_LINE] = find_delimiter,
	[FSOCK_RECORD_DELIMITED] = find_delimiter,
	[FSOCK_RECORD_COUNTED] = find_count,
	[FSOCK_RECORD_MEASURED] = find_measure,
};

/* A record begins at `at`. The one before it may yet be given back. */
static void
begin(struct fsock__records *r, uint64_t at)
{
	if (r->end != 0) {
		r->last_start = r->start;
		r->last_end = r->end;
	}
	r->start = r->seen = at;
	r->end = 0;
	r->error = 0;
}

/* Looks for the end among n octets at p, some of which have not been looked at. */
static void
search(struct fsock__records *r, const uint8_t *p, size_t n)
{
	int saved = errno;
	ssize_t length = finds[r->what.kind](&r->what, p, (size_t)(r->seen - r->start), n);

	if (length < 0)
		r->error = errno;
	else if (length > 0)
		r->end = r->start + (uint64_t)length;
	r->seen = r->start + n;
	errno = saved;
}

ssize_t
fsock__record_find(struct fsock__stream *stream, int may_ask)
{
	struct fsock__records *r = &stream->records;
	const uint8_t *p = NULL;
	size_t n = fsock__receiver_waiting(stream, &p);
	uint64_t at;

	if (n == 0 && stream->owed_length > 0) /* it may not begin here */
		return 0;
	at = fsock__buffer_position(&stream->raw);
	if (n > 0)
		at += (uint64_t)(p - fsock__buffer_head(&stream->raw));
	if (r->last_start <= at && at < r->last_end)
		return (ssize_t)(r->last_end - at);
	if (r->start < at && at < r->end)
		return (ssize_t)(r->end - at);
	if (r->start != at)
		begin(r, at);
	if (r->end == 0 && r->error == 0 && r->seen - at < n) {
		if (!may_ask && r->what.kind == FSOCK_RECORD_MEASURED)
			return -1;
		search(r, p, n);
	}
	return r->error != 0 ? -1 : r->end == 0 ? 0 : (ssize_t)(r->end - at);
}

void
fsock__record_look_ahead(struct fsock__stream *stream)
{
	if (stream->records.what.kind == FSOCK_RECORD_MEASURED && stream->text_input == NULL)
		fsock__record_find(stream, 1);
}

int
fsock__record_is_over(const struct fsock__stream *stream, uint8_t last)
{
	const struct fsock__records *r = &stream->records;
	uint64_t at = fsock__buffer_position(&stream->raw);

	if (fsock__record_is_delimited(stream))
		return last == r->what.delimiter;
	return at == r->end || at == r->last_end;
}

int
fsock__record_exceeds(const struct fsock__stream *stream, size_t n)
{
	size_t limit = stream->windows[0].line_limit;

	return stream->line_fill >= limit || n > limit - stream->line_fill;
}

size_t
fsock__record_count(
    const struct fsock__stream *stream, size_t before, const uint8_t *octets, size_t n)
{
	if (!fsock__record_is_delimited(stream))
		return 0;
	for (size_t i = n; i > 0; i--)
		if (octets[i - 1] == stream->records.what.delimiter)
			return n - i;
	return before + n;
}

/* How many of n octets are `delimiter`. */
static size_t
occurrences(int delimiter, const uint8_t *octets, size_t n)
{
	const uint8_t *end = octets + n, *p;
	size_t count = 0;

	while (octets < end && (p = memchr(octets, delimiter, (size_t)(end - octets))) != NULL) {
		count++;
		octets = p + 1;
	}
	return count;
}

FSOCK__COLD void
fsock__record_tally_input(struct fsock__stream *stream, const uint8_t *octets, size_t n)
{
	struct fsock__records *r = &stream->records;
	size_t again = r->returned < n ? r->returned : n, count;

	r->returned -= again;
	if (again == n)
		return;
	if (fsock__record_is_delimited(stream))
		count = occurrences(r->what.delimiter, octets + again, n - again);
	else
		count = (size_t)fsock__record_is_over(stream, 0);
	fsock__account_add(&stream->socket->account.records[0], count);
}

void
fsock__record_publish(struct fsock__stream *stream)
{
	struct fsock__account *a = &stream->socket->account;
	const struct fsock_record *what = &stream->records.what;
	int is_whole = fsock__record_is_whole(stream);

	a->record_end = is_whole && fsock__record_is_delimited(stream) ? 1 + what->delimiter : 0;
	a->record_length = is_whole && what->kind == FSOCK_RECORD_COUNTED ? what->count : 0;
}

void
fsock__record_tally_output(struct fsock__stream *stream, const uint8_t *octets, size_t n)
{
	struct fsock__account *a = &stream->socket->account;
	int end = atomic_load_explicit(&a->record_end, memory_order_relaxed);
	size_t length = atomic_load_explicit(&a->record_length, memory_order_relaxed);

	if (end != 0)
		fsock__account_add(&a->records[1], occurrences(end - 1, octets, n));
	if (length == 0)
		return;
	a->unfinished += n;
	fsock__account_add(&a->records[1], a->unfinished / length);
	a->unfinished %= length;
}

/*
 * Records: one is delivered when all of it is there, and before that nothing is; what a record
 * cannot be; and records of text.
 */
#include "../../src/base/compat.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "../support/records.h"
#include "../support/sock_support.h"
#include "../support/stdio_link.h"

/* ---- Ways to read n octets that are a record. Each returns how many it has got. */

static size_t
by_fread(FILE *f, char *to, size_t n, int delimiter)
{
	(void)delimiter;
	return fread(to, 1, n, f);
}

static size_t
by_octets(FILE *f, char *to, size_t n, int delimiter)
{
	(void)delimiter;
	return fsock_read_octets(f, to, n);
}

static size_t
by_getc(FILE *f, char *to, size_t n, int delimiter)
{
	size_t got = 0;
	int c;

	(void)delimiter;
	while (got < n && (c = getc(f)) != EOF)
		to[got++] = (char)c;
	return got;
}

static size_t
by_getdelim(FILE *f, char *to, size_t n, int delimiter)
{
	char *record = NULL;
	size_t size = 0;
	ssize_t r;

	if (delimiter < 0)
		return by_fread(f, to, n, delimiter);
	r = getdelim(&record, &size, delimiter, f);
	if (r > 0)
		memcpy(to, record, (size_t)r);
	free(record);
	return r > 0 ? (size_t)r : 0;
}

static size_t (*const readers[])(
    FILE *, char *, size_t, int) = { by_fread, by_octets, by_getc, by_getdelim };

/* ---- A record that comes in two pieces, wherever it is divided. */

struct split {
	const struct records_kind *kind;
	size_t (*read)(FILE *, char *, size_t, int);
	struct stdio_link link;
	FILE *f;
	long position;
};

/* A read fails and leaves everything where it was. */
static void
expect_nothing(const struct split *t, size_t n)
{
	char got[RECORDS_MOST];

	errno = 0;
	expect_int((long long)t->read(t->f, got, n, t->kind->delimiter), 0);
	if (errno != ETIMEDOUT)
		expect_int(errno, EAGAIN);
	clearerr(t->f);
	expect_int(ftell(t->f), t->position);
}

/* Plays the i-th record, of which `at` octets come first. */
static void
play_split(struct split *t, int i, size_t at)
{
	char record[RECORDS_MOST], got[RECORDS_MOST];
	size_t n = records_make(t->kind, i, record);

	if (at > 0)
		stdio_far_send(&t->link, record, at);
	expect_nothing(t, n);
	expect_int(fsock_wait_for_input(&t->link.s, 1, 0, NULL), 0);
	stdio_far_send(&t->link, record + at, n - at);
	expect_int(fsock_wait_for_input(&t->link.s, 1, 20, NULL), 1);
	memset(got, 0, sizeof got);
	expect_int((long long)t->read(t->f, got, n, t->kind->delimiter), (long long)n);
	ck_assert_mem_eq(got, record, n);
	if (t->read != by_octets) /* which stdio knows nothing of */
		t->position += (long)n;
	expect_int(ftell(t->f), t->position);
}

/* Of lines fsock_read_octets() knows nothing, as ever. */
static int
is_whole(const struct records_kind *kind, size_t (*reader)(FILE *, char *, size_t, int))
{
	return reader != by_octets || kind->record.kind != FSOCK_RECORD_LINE;
}

START_TEST(every_split)
{
	const struct records_kind *kind = &records_kinds[_i % RECORDS_KINDS];
	int two_way = _i / RECORDS_KINDS % 2, nonblocking = _i / RECORDS_KINDS / 2 % 2;
	struct fsock_options options = { .record = &kind->record,
		.read_timeout = nonblocking ? 0 : 0.0001,
		.nonblocking = nonblocking ? FSOCK_ON : FSOCK_OFF };
	char record[RECORDS_MOST];

	for (int k = 0; k < COUNT(readers); k++) {
		struct split t = { .kind = kind, .read = readers[k] };

		if (!is_whole(kind, readers[k]))
			continue;
		stdio_link_open(&t.link, (enum stdio_transport)(_i / RECORDS_KINDS / 4), &options);
		t.f = stdio_link_input(&t.link, two_way);
		for (int i = 0; i < 7; i++) {
			size_t n = records_make(kind, i, record), step = n > 20 ? 37 : 1;

			for (size_t at = 0; at < n; at += step)
				play_split(&t, i, at);
			play_split(&t, i, n - 1);
		}
		stdio_link_close(&t.link);
	}
}
END_TEST

/* ---- Many records at once: each of them is read as if it had come alone. */

START_TEST(many_at_once)
{
	enum { MANY = 200 };
	static char text[MANY * RECORDS_MOST];
	const struct records_kind *kind = &records_kinds[_i % RECORDS_KINDS];
	struct fsock_options options = { .record = &kind->record, .read_timeout = 20 };
	int two_way = _i / RECORDS_KINDS % 2;
	char got[RECORDS_MOST];

	for (int k = 0; k < COUNT(readers); k++) {
		struct stdio_link link;
		size_t n = 0, at = 0;
		FILE *f;

		stdio_link_open(&link, STDIO_SOCKETPAIR, &options);
		f = stdio_link_input(&link, two_way);
		for (int i = 0; i < MANY; i++)
			n += records_make(kind, i, text + n);
		stdio_far_send(&link, text, n);
		for (int i = 0; i < MANY; i++) {
			size_t length = records_make(kind, i, got);

			memset(got, 0, sizeof got);
			expect_int((long long)readers[k](f, got, length, kind->delimiter),
			    (long long)length);
			ck_assert_mem_eq(got, text + at, length);
			at += length;
			if (i % 7 == 0 && two_way) /* a bare switch: stdio gives back all */
				ck_assert(fputs("answer\n", f) >= 0 && fflush(f) == 0);
		}
		stdio_far_says_all(&link);
		stdio_link_close(&link);
	}
}
END_TEST

/* A part of a record was read when the direction changes: the rest is still its rest. */
START_TEST(switch_within)
{
	const struct records_kind *kind = &records_kinds[_i % RECORDS_KINDS];
	struct fsock_options options = { .record = &kind->record, .read_timeout = 20 };
	char record[RECORDS_MOST], got[RECORDS_MOST];
	size_t n = records_make(kind, 3, record);

	for (size_t at = 1; at < n; at += at < 20 ? 1 : 61) {
		struct stdio_link link;
		FILE *f;

		stdio_link_open(&link, (enum stdio_transport)(_i / RECORDS_KINDS), &options);
		f = stdio_link_input(&link, 1);
		stdio_far_send(&link, record, n);
		stdio_far_send(&link, record, n);
		expect_int((long long)fread(got, 1, at, f), (long long)at);
		ck_assert_int_eq(fflush(f), 0);
		ck_assert(fputs("answer", f) >= 0 && fflush(f) == 0);
		expect_int(fsock_wait_for_input(&link.s, 1, 20, NULL), 1);
		expect_int((long long)fread(got + at, 1, n - at, f), (long long)(n - at));
		ck_assert_mem_eq(got, record, n);
		expect_int((long long)fread(got, 1, n, f), (long long)n);
		ck_assert_mem_eq(got, record, n);
		stdio_link_close(&link);
	}
}
END_TEST

/* ---- What is no record. */

static ssize_t measured;
static int measure_errno;
static atomic_int calls;

static ssize_t
measure_as_told(const void *octets, size_t n, void *arg)
{
	(void)octets, (void)n;
	ck_assert_ptr_eq(arg, &measured);
	calls++;
	errno = measure_errno;
	return measured;
}

static const struct bad {
	const char *what;
	struct fsock_record record;
	size_t n; /* so many octets come, where the limit is 8 */
	ssize_t measured;
	int measure_errno;
	int expected; /* errno of the read; 0: it waits */
} bads[] = {
#define TOLD                                                                                \
	{                                                                                   \
		.kind = FSOCK_RECORD_MEASURED, .measure = measure_as_told, .arg = &measured \
	}
#define NUL                                                       \
	{                                                         \
		.kind = FSOCK_RECORD_DELIMITED, .delimiter = '\0' \
	}
	{ "no delimiter", NUL, 8, 0, 0, EMSGSIZE },
	{ "no delimiter yet", NUL, 7, 0, 0, 0 },
	{ "more and more", TOLD, 8, 0, 0, EMSGSIZE },
	{ "more", TOLD, 7, 0, 0, 0 },
	{ "beyond the limit", TOLD, 1, 9, 0, EMSGSIZE },
	{ "beyond the limit, all there", TOLD, 9, 9, 0, EMSGSIZE },
	{ "at the limit", TOLD, 7, 8, 0, 0 },
	{ "beyond what can be", TOLD, 1, SSIZE_MAX, 0, EMSGSIZE },
	{ "error", TOLD, 1, -1, EILSEQ, EILSEQ },
	{ "error without errno", TOLD, 1, -1, 0, EPROTO },
	{ "error that is none", TOLD, 1, -1, EAGAIN, EPROTO },
	{ "interrupted", TOLD, 1, -1, EINTR, EPROTO },
	{ "other errors", TOLD, 1, -5, EBADMSG, EBADMSG },
	{ "least number", TOLD, 1, -SSIZE_MAX - 1, EBADMSG, EBADMSG },
};

START_TEST(no_record)
{
	const struct bad *row = &bads[_i % COUNT(bads)];
	struct fsock_options options = {
		.record = &row->record, .line_limit = 8, .nonblocking = FSOCK_ON
	};
	struct stdio_link link;
	char got[16];
	FILE *f;

	measured = row->measured;
	measure_errno = row->measure_errno;
	stdio_link_open(&link, STDIO_SOCKETPAIR, &options);
	f = stdio_link_input(&link, _i / COUNT(bads));
	stdio_far_send(&link, "abcdefghijkl", row->n);
	errno = 0;
	ck_assert_msg(
	    fsock_wait_for_input(&link.s, 1, row->expected ? 20 : 0, NULL) == (row->expected != 0),
	    "%s", row->what);
	ck_assert_int_eq(errno, 0);
	for (int i = 0; i < 2; i++) { /* and again */
		ck_assert_uint_eq(fread(got, 1, 1, f), 0);
		ck_assert_msg(errno == (row->expected ? row->expected : EAGAIN), "%s: %s",
		    row->what, strerror(errno));
		ck_assert_int_eq(fsock_last_error()->errnum, errno);
		clearerr(f);
	}
	if (row->expected != 0) { /* there is a way past it */
		ck_assert_uint_eq(fsock_read_octets(f, got, row->n), row->n);
		ck_assert_mem_eq(got, "abcdefghijkl", row->n);
	}
	stdio_link_close(&link);
}
END_TEST

/* It is asked once for what has come, however often one looks. */
START_TEST(asked_once)
{
	static const struct fsock_record record = TOLD;
	struct fsock_options options = { .record = &record, .nonblocking = FSOCK_ON };
	fsock_waitlist *list = fsock_waitlist_new();
	struct stdio_link link;
	char got[16];
	FILE *f;

	measured = measure_errno = 0;
	calls = 0;
	stdio_link_open(&link, STDIO_SOCKETPAIR, &options);
	f = stdio_link_input(&link, _i);
	ck_assert_int_eq(fsock_waitlist_add(list, link.s, FSOCK_INPUT, NULL), 0);
	for (int i = 1; i <= 10; i++) {
		stdio_far_puts(&link, "x");
		if (i == 10)
			measured = 10;
		for (int j = 0; j < 3; j++)
			ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), i == 10);
		if (i < 10)
			ck_assert_int_eq(getc(f), EOF);
		clearerr(f);
		ck_assert_int_eq(calls, i);
	}
	ck_assert_uint_eq(fread(got, 1, 10, f), 10);
	ck_assert_int_eq(calls, 10);
	fsock_waitlist_free(list);
	stdio_link_close(&link);
}
END_TEST

/* ---- Records of text. */

#define TEXT(s) s, sizeof(s) - 1

static const struct text {
	const char *format;
	int delimiter;
	const char *sent;
	size_t sent_length;
	const char *records[3]; /* with what ends them */
} texts[] = {
	{ "latin-1", ';', TEXT("caf\xe9;a\n\xfc;"), { "caf\xc3\xa9;", "a\n\xc3\xbc;" } },
	{ "latin-1,crlf", ';', TEXT("a\r\nb;c\r;"), { "a\nb;", "c\r;" } },
	{ "auto", ';', TEXT("a\rb\r\n;c\n;"), { "a\nb\n;", "c\n;" } },
	{ "utf-8", ';', TEXT("\xc3\xa9;\n;"), { "\xc3\xa9;", "\n;" } },
	{ "utf-16le", ';', TEXT("\x3b\x01;\0a\0;\0"), { "\xc4\xbb;", "a;" } },
	{ "utf-16be", ';', TEXT("\x3b\x01\0;\0a\0;"), { "\xe3\xac\x81;", "a;" } },
	{ "utf-16,bom=sniff", ';',
	    TEXT("\xff\xfe"
		 "a\0;\0b\0;\0"),
	    { "a;", "b;" } },
	{ "utf-32le", ';', TEXT("a\0\0\0;\0\0\0;\0\0\0"), { "a;", ";" } },
	{ "shift_jis", '\t', TEXT("\x83\x41\t\x83\x5c\t"), { "\xe3\x82\xa2\t", "\xe3\x82\xbd\t" } },
	{ "iso-2022-jp", '\t', TEXT("\x1b$B$\"\x1b(B\tb\t"), { "\xe3\x81\x82\t", "b\t" } },
};

/* Each record is there with its last octet, and not before. */
START_TEST(text)
{
	const struct text *row = &texts[_i / 2];
	struct fsock_record record = { .kind = FSOCK_RECORD_DELIMITED,
		.delimiter = (unsigned char)row->delimiter };
	struct fsock_options options = {
		.format = row->format, .record = &record, .nonblocking = FSOCK_ON
	};
	struct stdio_link link;
	size_t size = 0;
	char *got = NULL;
	int heard = 0;
	FILE *f;

	stdio_link_open(&link, STDIO_SOCKETPAIR, &options);
	f = stdio_link_input(&link, _i % 2);
	for (size_t i = 0; i < row->sent_length; i++) {
		int ready;

		stdio_far_send(&link, row->sent + i, 1);
		ready = fsock_wait_for_input(&link.s, 1, 0, NULL);
		errno = 0;
		if (getdelim(&got, &size, row->delimiter, f) < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			clearerr(f);
		} else {
			ck_assert_str_eq(got, row->records[heard]);
			heard++;
			ck_assert_int_eq(ready, 1);
			continue;
		}
		ck_assert_int_eq(ready, 0);
	}
	ck_assert_int_eq(heard, row->records[1] == NULL ? 1 : 2);
	free(got);
	stdio_link_close(&link);
}
END_TEST

/* ---- No lock of the library's is held over the function: others may use the list meanwhile. */

static fsock_waitlist *list;
static struct stdio_link watched, other;
static struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int state; /* 1: the function is at work; 2: it may end */
} gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };

static void
gate_set(int state)
{
	pthread_mutex_lock(&gate.lock);
	gate.state = state;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

static void
gate_await(int state)
{
	pthread_mutex_lock(&gate.lock);
	while (gate.state < state)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

static ssize_t
measure_at_gate(const void *octets, size_t n, void *arg)
{
	(void)octets, (void)n, (void)arg;
	if (gate.state == 0) {
		gate_set(1);
		gate_await(2);
	}
	return 1;
}

/* How the wait has ended. */
static int found, state;

static void
wait_on_list(void *arg)
{
	struct fsock_event event = { .state = 0 };

	(void)arg;
	found = fsock_waitlist_wait(list, 20, NULL);
	fsock_waitlist_next(list, &event);
	state = event.socket == watched.s ? event.state : -1;
}

START_TEST(unlocked)
{
	static const struct fsock_record record = { .kind = FSOCK_RECORD_MEASURED,
		.measure = measure_at_gate };
	struct fsock_options options = { .record = &record, .nonblocking = FSOCK_ON };
	int removes = _i % 2;
	struct sock_thread thread;

	gate.state = 0;
	list = fsock_waitlist_new();
	stdio_link_open(&watched, STDIO_TCP4, &options);
	stdio_link_open(&other, STDIO_TCP4, NULL);
	ck_assert_ptr_nonnull(fsock_stream(watched.s));
	ck_assert_int_eq(fsock_waitlist_add(list, watched.s, FSOCK_INPUT, NULL), 0);
	sock_thread_start(&thread, wait_on_list, NULL);
	stdio_far_puts(&watched, "x");
	gate_await(1);
	ck_assert_int_eq(fsock_waitlist_add(list, other.s, FSOCK_OUTPUT, NULL), 0);
	ck_assert_uint_eq(fsock_waitlist_count(list), 2);
	if (removes)
		ck_assert_int_eq(fsock_waitlist_remove(list, watched.s), 0);
	gate_set(2);
	sock_thread_join(&thread);
	ck_assert_int_ge(found, 1);
	ck_assert_int_eq(state, removes ? -1 : FSOCK_INPUT);
	fsock_waitlist_free(list);
	stdio_link_close(&watched);
	stdio_link_close(&other);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("records");
	TCase *t = tcase_create("records");

	tcase_set_timeout(t, 240); /* on a busy machine each piece waits for its turn */
	tcase_add_loop_test(t, every_split, 0, RECORDS_KINDS * 4 * 2);
	tcase_add_loop_test(t, many_at_once, 0, RECORDS_KINDS * 2);
	tcase_add_loop_test(t, switch_within, 0, RECORDS_KINDS * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, no_record, 0, COUNT(bads) * 2);
	tcase_add_loop_test(t, asked_once, 0, 2);
	tcase_add_loop_test(t, text, 0, COUNT(texts) * 2);
	tcase_add_loop_test(t, unlocked, 0, 2);
	suite_add_tcase(s, t);
	return sock_run(s);
}

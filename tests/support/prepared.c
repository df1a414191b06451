#include "../../src/base/compat.h"

#include <math.h>
#include <poll.h>
#include <unistd.h>

#include "prepared.h"
#include "wait_support.h"

int
prepared_has_descriptor(int backend)
{
	return strcmp(wait_name(backend), "poll") != 0;
}

void
prepared_begin_as(struct prepared *w, int backend, const struct records_kind *kind)
{
	struct fsock_record record = records_of_length(kind, PREPARED_RECORD);
	struct fsock_options options = { .nonblocking = FSOCK_ON };

	if (kind->record.kind != FSOCK_RECORD_LINE)
		options.record = &record;
	w->kind = kind;
	w->list = wait_list(backend);
	w->s = sock_raw(SOCK_PAIR, &options, &w->peer);
	w->other = sock_raw(SOCK_PAIR, &options, &w->other_peer);
	w->f = fsock_stream(w->s);
	ck_assert_int_eq(fsock_waitlist_add(w->list, w->s, FSOCK_INPUT, NULL), 0);
}

void
prepared_begin(struct prepared *w, int backend)
{
	prepared_begin_as(w, backend, records_from_lines);
}

void
prepared_finish(struct prepared *w)
{
	fsock_waitlist_free(w->list);
	fsock_close(w->s);
	fsock_close(w->other);
	close(w->peer);
	close(w->other_peer);
}

void
prepared_say(int peer, const char *text)
{
	ck_assert_int_eq(write(peer, text, strlen(text)), (ssize_t)strlen(text));
}

int
prepared_say_records(const struct prepared *w, int peer, const char *lines)
{
	struct records_turn said = { w->kind, PREPARED_RECORD, 0 };
	size_t n = strlen(lines);
	char text[16];

	return write(peer, records_turn(&said, strcpy(text, lines), n), n) == (ssize_t)n;
}

int
prepared_sleep(fsock_waitlist *list, int milliseconds)
{
	struct pollfd p = { .fd = fsock_waitlist_descriptor(list), .events = POLLIN };

	return poll(&p, 1, milliseconds) > 0;
}

struct fsock_event
prepared_go_round(fsock_waitlist *list)
{
	struct fsock_event event = { .state = 0 };
	int n = 0;

	while (n == 0) {
		double seconds = fsock_waitlist_prepare(list);

		ck_assert_double_ge(seconds, 0);
		if (seconds > 60)
			ck_assert_int_eq(prepared_sleep(list, PREPARED_LONG), 1);
		else
			prepared_sleep(list, (int)(seconds * 1000 + 0.999));
		n = fsock_waitlist_wait(list, 0, NULL);
	}
	ck_assert_int_eq(n, 1);
	ck_assert_ptr_nonnull(fsock_waitlist_next(list, &event));
	return event;
}

void
prepared_expect_rest(fsock_waitlist *list)
{
	int i = 0;

	while (fsock_waitlist_prepare(list) == 0 || prepared_sleep(list, 0)) {
		ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
		ck_assert_int_lt(++i, 8);
	}
	ck_assert_double_eq(fsock_waitlist_prepare(list), INFINITY);
}

#include "../../src/base/compat.h"

#include <unistd.h>

#include "members.h"
#include "wait_support.h"

void *
members_number(intptr_t i)
{
	return (void *)i;
}

void
members_begin(struct members *m, int backend)
{
	m->list = wait_list(backend);
	for (int i = 0; i < MEMBERS; i++) {
		m->s[i] = sock_raw(SOCK_PAIR, NULL, &m->peers[i]);
		ck_assert_int_eq(
		    fsock_waitlist_add(m->list, m->s[i], FSOCK_INPUT, members_number(i)), 0);
	}
	ck_assert_uint_eq(fsock_waitlist_count(m->list), MEMBERS);
}

void
members_finish(struct members *m)
{
	for (int i = 0; i < MEMBERS; i++) {
		fsock_close(m->s[i]);
		close(m->peers[i]);
	}
	ck_assert_uint_eq(fsock_waitlist_count(m->list), 0);
	ck_assert_int_eq(fsock_waitlist_wait(m->list, 0, NULL), 0);
	fsock_waitlist_free(m->list);
}

void
members_say(struct members *m, int i)
{
	ck_assert_int_eq(write(m->peers[i], "x\n", 2), 2);
}

void
members_assert_ready(struct members *m, int ready)
{
	struct fsock_event event;
	int seen = 0;

	errno = 0;
	ck_assert_int_eq(
	    fsock_waitlist_wait(m->list, ready ? 5 : 0, NULL), __builtin_popcount((unsigned)ready));
	while (fsock_waitlist_next(m->list, &event) != NULL) {
		int i = (int)(intptr_t)event.user;

		ck_assert_ptr_eq(event.socket, m->s[i]);
		ck_assert_int_eq(event.state, FSOCK_INPUT);
		ck_assert_int_eq(event.error, 0);
		ck_assert_int_eq(fsock_state(m->s[i]), FSOCK_INPUT);
		ck_assert_int_eq(seen & 1 << i, 0);
		seen |= 1 << i;
	}
	ck_assert_int_eq(seen, ready);
	ck_assert_int_eq(errno, 0);
}

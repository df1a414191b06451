#include "../../src/base/compat.h"

#include "wait/list.h"
#include "sock_support.h"
#include "wait_support.h"

int
wait_backends(void)
{
	int n = 0;

	while (fsock__wait_backends[n] != NULL)
		n++;
	return n;
}

int
wait_ways(void)
{
	return wait_backends() + 1;
}

const char *
wait_name(int way)
{
	return way < wait_backends() ? fsock__wait_backends[way]->name : "wait_for_input";
}

fsock_waitlist *
wait_list(int backend)
{
	fsock_waitlist *list = fsock__waitlist_new(fsock__wait_backends[backend]);

	ck_assert_msg(list != NULL, "%s: %s", wait_name(backend), fsock_last_error()->text);
	return list;
}

int
wait_state(int way, fsock *s, double timeout)
{
	struct fsock_event event = { .state = 0 };
	fsock_waitlist *list;
	int n;

	if (way == wait_backends()) {
		n = fsock_wait_for_input(&s, 1, timeout, NULL);
		ck_assert_int_eq(n, fsock_state(s) != 0);
		return fsock_state(s);
	}
	list = wait_list(way);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, &event), 0);
	n = fsock_waitlist_wait(list, timeout, NULL);
	ck_assert_int_ge(n, 0);
	ck_assert_int_eq(wait_drain(list, &event), n);
	ck_assert_int_eq(fsock_state(s), event.state);
	fsock_waitlist_free(list);
	return event.state;
}

int
wait_drain(fsock_waitlist *list, struct fsock_event *event)
{
	struct fsock_event last;
	int n = 0;

	while (fsock_waitlist_next(list, &last) != NULL) {
		*event = last;
		n++;
	}
	return n;
}

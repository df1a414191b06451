/* What waits do about output that is held back: another thread reads what they have just found. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <unistd.h>

#include "../support/batch_link.h"
#include "../support/layered.h"
#include "../support/wait_support.h"

/* Beside the kinds of such links, two with a layer that keeps nothing back. */
enum { PLAIN = 2, KINDS = BATCH_KINDS + PLAIN };

static struct batch_link link_;
static int until; /* so many times the FILE is unlocked before the thread comes; 0: it has come */
static int was_read;

static void
read_line(void *arg)
{
	char line[16];

	(void)arg;
	was_read = fgets(line, sizeof line, link_.f) != NULL && strcmp(line, "two\n") == 0;
}

/* Calls of the library come here: see WRAPPED in rules.mk. */
void __real_funlockfile(FILE *);
void __wrap_funlockfile(FILE *);

void
__wrap_funlockfile(FILE *f)
{
	struct sock_thread thread;

	__real_funlockfile(f);
	if (f != link_.f || until == 0 || --until > 0)
		return;
	sock_thread_start(&thread, read_line, NULL);
	sock_thread_join(&thread);
}

static void
open_link(int kind)
{
	static const struct mangle_plan plain;

	batch_open(&link_, kind % BATCH_KINDS, &(struct fsock_options){ .read_timeout = 20 });
	if (kind >= BATCH_KINDS)
		ck_assert_int_eq(mangle_push(link_.s, &plain, 0), 0);
}

/* The peer says more once it has the answer. */
static atomic_int was_answered;

static void
hear_and_say(void *arg)
{
	char answer[] = "answer\n";
	size_t n = 0;
	ssize_t r;

	(void)arg;
	while (n < strlen(answer) && (r = recv(link_.peer, answer + n, strlen(answer) - n, 0)) > 0)
		n += (size_t)r;
	was_answered = n == strlen(answer);
	send(link_.peer, "three\n", 6, 0);
}

/*
 * At whatever point of the wait the last line goes: the wait goes by what it has found and does not
 * sleep, or it sends before it does.
 */
START_TEST(read_by_another)
{
	int came = 1;

	for (int n = 1; came; n++) {
		fsock_waitlist *list = wait_list(_i / KINDS);
		struct sock_thread peer;

		open_link(_i % KINDS);
		batch_peer_says(&link_, "one\ntwo\n");
		ck_assert_int_eq(fsock_waitlist_add(list, link_.s, FSOCK_INPUT, NULL), 0);
		batch_expect_line(&link_, "one\n");
		batch_say(&link_, "answer\n");
		ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 1);
		batch_expect_held(&link_);
		was_read = was_answered = 0;
		until = n;
		sock_thread_start(&peer, hear_and_say, NULL);
		ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
		came = until == 0;
		until = 0;
		ck_assert_int_eq(was_read, came);
		if (!came)
			read_line(NULL);
		while (!was_answered)
			ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
		sock_thread_join(&peer);
		fsock_waitlist_free(list);
		close(link_.peer); /* or the socket's own close would wait for that */
		link_.peer = -1;
		batch_close(&link_);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("held");
	TCase *tcase = tcase_create("held");

	tcase_set_timeout(tcase, 240);
	tcase_add_loop_test(tcase, read_by_another, 0, KINDS * wait_backends());
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

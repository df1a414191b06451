/* Shutting down output while another thread writes: what was written before the end is sent. */
#include "../../src/base/compat.h"

#include "../../src/sock/handle.h"
#include "../support/batch_link.h"

static struct batch_link link_;
static pthread_t shutter;
static int until; /* so many turns at output before the thread writes; 0: it has tried */
static int was_written;

/* Unless the FILE is in use. */
static void
write_late(void *arg)
{
	(void)arg;
	if (ftrylockfile(link_.f) != 0)
		return;
	was_written = fputs("late\n", link_.f) >= 0 && fflush(link_.f) == 0;
	funlockfile(link_.f);
}

/* Calls of the library come here: see WRAPPED in rules.mk. */
int __real_fsock__turn_take(const struct fsock *, struct fsock__turn *, int64_t deadline);
int __wrap_fsock__turn_take(const struct fsock *, struct fsock__turn *, int64_t deadline);

int
__wrap_fsock__turn_take(const struct fsock *s, struct fsock__turn *t, int64_t deadline)
{
	struct sock_thread thread;

	if (s == link_.s && t == &link_.s->output.turn && until > 0 &&
	    pthread_equal(shutter, pthread_self()) && --until == 0) {
		sock_thread_start(&thread, write_late, NULL);
		sock_thread_join(&thread);
	}
	return __real_fsock__turn_take(s, t, deadline);
}

START_TEST(written_late)
{
	int came = 1, late = 0;

	shutter = pthread_self();
	for (int n = 1; came; n++) {
		batch_open(&link_, _i, &(struct fsock_options){ .read_timeout = 20 });
		batch_say(&link_, "answer\n");
		was_written = 0;
		until = n;
		ck_assert_int_eq(fsock_shutdown(link_.s, FSOCK_OUTPUT), 0);
		came = until == 0;
		until = 0;
		if (was_written)
			batch_note(&link_, "late\n");
		late += was_written;
		batch_expect_sent(&link_);
		batch_expect_end(&link_);
		batch_close(&link_);
	}
	ck_assert_int_ge(late, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("shutdown beside");
	TCase *tcase = tcase_create("shutdown beside");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, written_late, 0, BATCH_KINDS);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

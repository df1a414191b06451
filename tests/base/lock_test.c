/* Locks that survive fork(). */
#include "../../src/base/compat.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/process.h"
#include "../support/sock_support.h"

#define MS INT64_C(1000000)

static char objects[64][64];

/* All locks that these tests use: of the kinds, and of the objects. */
enum { LOCKS = FSOCK__LOCK_KINDS + COUNT(objects) };

static struct fsock__lock *
lock_number(int i)
{
	return i < FSOCK__LOCK_KINDS ? fsock__lock_the(i)
				     : fsock__lock_of(objects[i - FSOCK__LOCK_KINDS]);
}

/* A thread that takes a lock, says so, and gives it. */
struct taker {
	struct sock_thread thread;
	struct fsock__lock *lock;
	atomic_int has_taken;
};

static void
take(void *arg)
{
	struct taker *t = arg;

	fsock__lock_take(t->lock);
	t->has_taken = 1;
	fsock__lock_give(t->lock);
}

static void
taker_start(struct taker *t, struct fsock__lock *lock)
{
	t->lock = lock;
	t->has_taken = 0;
	sock_thread_start(&t->thread, take, t);
}

/* Another thread has it only when it was given as often as it was taken. */
START_TEST(taken_again)
{
	struct fsock__lock *lock = lock_number(_i);
	struct taker t;

	for (int i = 0; i < 3; i++)
		fsock__lock_take(lock);
	taker_start(&t, lock);
	for (int i = 0; i < 3; i++) {
		sock_thread_await_blocked(&t.thread);
		ck_assert_int_eq(t.has_taken, 0);
		fsock__lock_give(lock);
	}
	sock_thread_join(&t.thread);
	ck_assert_int_eq(t.has_taken, 1);
}
END_TEST

/* An object has one lock, no kind's, and not all objects the same. */
START_TEST(of_objects)
{
	struct fsock__lock *first = fsock__lock_of(objects[0]);
	int same = 0;

	ck_assert_ptr_ne(
	    fsock__lock_the(FSOCK__LOCK_REGISTRY), fsock__lock_the(FSOCK__LOCK_LOOKUPS));
	for (int i = 0; i < COUNT(objects); i++) {
		struct fsock__lock *lock = fsock__lock_of(objects[i]);

		ck_assert_ptr_eq(lock, fsock__lock_of(objects[i]));
		for (int kind = 0; kind < FSOCK__LOCK_KINDS; kind++)
			ck_assert_ptr_ne(lock, fsock__lock_the(kind));
		same += lock == first;
	}
	ck_assert_int_lt(same, COUNT(objects) / 4);
}
END_TEST

/* Who holds one keeps nobody from another. */
START_TEST(independent)
{
	struct taker t;
	int other = 1;

	while (fsock__lock_of(objects[other]) == fsock__lock_of(objects[0]))
		other++;
	fsock__lock_take(fsock__lock_of(objects[0]));
	taker_start(&t, fsock__lock_of(objects[other]));
	sock_thread_join(&t.thread);
	taker_start(&t, fsock__lock_the(FSOCK__LOCK_REGISTRY));
	sock_thread_join(&t.thread);
	fsock__lock_give(fsock__lock_of(objects[0]));
}
END_TEST

/* Nobody tells: it ends at the deadline, with the lock held. */
START_TEST(deadline_comes)
{
	struct fsock__lock *lock = fsock__lock_of(objects[0]);
	int64_t start = fsock__clock_now(), deadline = start + 50 * MS;
	struct taker t;

	fsock__lock_take(lock);
	errno = EDOM;
	while (fsock__clock_left(deadline) > 0)
		fsock__lock_await(lock, deadline);
	fsock__lock_await(lock, start);
	fsock__lock_await(lock, 0);
	ck_assert_int_eq(errno, EDOM);
	taker_start(&t, lock);
	sock_thread_await_blocked(&t.thread);
	ck_assert_int_eq(t.has_taken, 0);
	fsock__lock_give(lock);
	sock_thread_join(&t.thread);
}
END_TEST

/* What the one awaits and the other tells. */
static struct {
	struct fsock__lock *lock;
	int turn; /* whose it is */
} ball;

enum { TURNS = 200 };

/* Whoever has had the turn gives it to the other; the lock is given up while it awaits. */
static void
play(int own)
{
	int64_t never = own == 0 ? FSOCK__NEVER : fsock__clock_after(60000 * MS);

	fsock__lock_take(ball.lock);
	for (int i = 0; i < TURNS; i++) {
		while (ball.turn != own)
			fsock__lock_await(ball.lock, never);
		ball.turn = !own;
		fsock__lock_tell(ball.lock);
	}
	fsock__lock_give(ball.lock);
}

/* The same, by a thread that has the lock twice. */
static void
play_deeper(int me)
{
	fsock__lock_take(ball.lock);
	play(me);
	fsock__lock_give(ball.lock);
}

static void
play_second(void *unused)
{
	(void)unused;
	play(1);
}

START_TEST(told)
{
	struct sock_thread other;

	ball.lock = lock_number(_i);
	ball.turn = 0;
	sock_thread_start(&other, play_second, NULL);
	(_i % 2 ? play_deeper : play)(0);
	sock_thread_join(&other);
	ck_assert_int_eq(ball.turn, 0);
}
END_TEST

/* Waits although it is to be cancelled, and is cancelled afterwards with the lock given. */
static void *
await_cancelled(void *arg)
{
	int unused;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &unused);
	pthread_cancel(pthread_self());
	fsock__lock_take(ball.lock);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &unused);
	fsock__lock_await(ball.lock, fsock__clock_after(10 * MS));
	*(int *)arg = 1;
	fsock__lock_give(ball.lock);
	pthread_testcancel();
	return NULL;
}

START_TEST(no_point_of_cancellation)
{
	pthread_t thread;
	void *end;
	int came_back = 0;

	ball.lock = fsock__lock_of(objects[0]);
	ck_assert_int_eq(pthread_create(&thread, NULL, await_cancelled, &came_back), 0);
	ck_assert_int_eq(pthread_join(thread, &end), 0);
	ck_assert_ptr_eq(end, PTHREAD_CANCELED);
	ck_assert_int_eq(came_back, 1);
	fsock__lock_take(ball.lock);
	fsock__lock_give(ball.lock);
}
END_TEST

/* A thread that holds all locks until it is told to give them. */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int held, may_end;
} holder = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };

static void
hold_all(void *unused)
{
	(void)unused;
	for (int i = 0; i < LOCKS; i++)
		fsock__lock_take(lock_number(i));
	pthread_mutex_lock(&holder.mutex);
	holder.held = 1;
	pthread_cond_broadcast(&holder.changed);
	while (!holder.may_end)
		pthread_cond_wait(&holder.changed, &holder.mutex);
	pthread_mutex_unlock(&holder.mutex);
	for (int i = 0; i < LOCKS; i++)
		fsock__lock_give(lock_number(i));
}

static int
take_all(void *unused)
{
	(void)unused;
	alarm(20);
	for (int i = 0; i < LOCKS; i++) {
		fsock__lock_take(lock_number(i));
		fsock__lock_await(lock_number(i), fsock__clock_now());
		fsock__lock_tell(lock_number(i));
		fsock__lock_give(lock_number(i));
	}
	return 0;
}

/* In the child they are free, and nothing has changed in the parent. */
START_TEST(free_in_a_child)
{
	struct sock_thread thread;
	struct taker t;

	sock_thread_start(&thread, hold_all, NULL);
	pthread_mutex_lock(&holder.mutex);
	while (!holder.held)
		pthread_cond_wait(&holder.changed, &holder.mutex);
	pthread_mutex_unlock(&holder.mutex);
	ck_assert_int_eq(sock_child(take_all, NULL), 0);
	taker_start(&t, lock_number(_i));
	sock_thread_await_blocked(&t.thread);
	ck_assert_int_eq(t.has_taken, 0);
	pthread_mutex_lock(&holder.mutex);
	holder.may_end = 1;
	pthread_cond_broadcast(&holder.changed);
	pthread_mutex_unlock(&holder.mutex);
	sock_thread_join(&thread);
	sock_thread_join(&t.thread);
	holder.held = holder.may_end = 0;
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lock");
	TCase *tcase = tcase_create("lock");

	tcase_add_checked_fixture(tcase, fsock__process_watch, NULL);
	tcase_add_loop_test(tcase, taken_again, 0, FSOCK__LOCK_KINDS + 1);
	tcase_add_test(tcase, of_objects);
	tcase_add_test(tcase, independent);
	tcase_add_test(tcase, deadline_comes);
	tcase_add_loop_test(tcase, told, 0, FSOCK__LOCK_KINDS + 1);
	tcase_add_test(tcase, no_point_of_cancellation);
	tcase_add_loop_test(tcase, free_in_a_child, 0, FSOCK__LOCK_KINDS + 1);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

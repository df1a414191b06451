#include "../../src/base/compat.h"
#include "order.h"
#include "report.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../src/base/lock.h"

enum { CLASSES = 64, MUTEXES = 1 << 16, HELD = 64, REPORTS = 256, REPORTED = 8 };

struct lock_class {
	_Atomic(uintptr_t) key; /* the call that makes such mutexes, or the mutex */
	const char *name;
	int rank; /* place in the order; 0: it has none */
};

/* Shared with the children of fork(); addresses mean the same there. */
static struct shared {
	struct lock_class classes[CLASSES];
	atomic_int seen[CLASSES][CLASSES];
	struct order_stack first[CLASSES][CLASSES]
				[2]; /* where the one was taken, and then the other */
	_Atomic(uintptr_t) reports[REPORTS];
	atomic_int wrong;
} * shared;

static struct {
	_Atomic(uintptr_t) mutex;
	atomic_int class;
} mutexes[MUTEXES];

struct held {
	const void *lock, *frame;
	int class, count;
	struct order_stack stack;
};

static _Thread_local struct held held[HELD];
static _Thread_local int holding;
static pthread_key_t ended;
static atomic_int exiting, wrong; /* `wrong` is this process's, not that of its children */
static int trace;
static pid_t leader;

/* ---- What is wrong is told once. */

static const char *
name_of(int class)
{
	return class == ORDER_LIST   ? "libc's list of FILEs"
	       : class == ORDER_FILE ? "a FILE's lock"
				     : shared->classes[class].name;
}

/* Whether this is told for the first time, and not after many others. */
static int
is_news(uintptr_t key)
{
	for (int i = 0; i < REPORTS; i++) {
		uintptr_t none = 0;

		if (atomic_compare_exchange_strong(&shared->reports[i], &none, key)) {
			wrong++;
			return shared->wrong++ < REPORTED;
		}
		if (none == key)
			return 0;
	}
	return 0;
}

static void
print_pair(const char *what, int first, int second)
{
	order_print_line(what, name_of(first), ", then ", name_of(second));
	order_print_stack("the first was taken here:", &shared->first[first][second][0]);
	order_print_stack("and the second here:", &shared->first[first][second][1]);
}

static void
end_at_once(void)
{
	if (exiting) /* nobody will look at the count any more */
		_exit(EXIT_FAILURE);
}

static void
judge_pair(int first, int second)
{
	int before = shared->classes[first].rank, after = shared->classes[second].rank;
	uintptr_t pair = (uintptr_t)(first < second ? first << 8 | second : second << 8 | first);

	if (trace)
		print_pair("a new pair", first, second);
	if (first == second ? is_news(pair | 1 << 16) : 0)
		print_pair("two of a class", first, second);
	else if (before > after && after > 0 && is_news(pair | 2 << 16))
		print_pair("not in the order", first, second);
	else if (first != second && shared->seen[second][first] && is_news(pair | 3 << 16)) {
		print_pair("both orders", first, second);
		print_pair("and", second, first);
	} else
		return;
	end_at_once();
}

void
order_forbid(const char *call, const char *why)
{
	struct order_stack here;
	uintptr_t key = 4;

	order_get_stack(&here);
	for (int i = 1; i < here.depth && i < 5; i++)
		key = key * 31 + (uintptr_t)here.frames[i];
	if (!is_news(key))
		return;
	order_print_line(call, why, "", "");
	order_print_stack("here:", &here);
	for (int i = 0; i < holding; i++)
		if (held[i].class >= ORDER_MUTEX)
			order_print_stack(name_of(held[i].class), &held[i].stack);
	end_at_once();
}

/* ---- Classes. */

/* Static mutexes of the pool have places of their own, each. */
static int
is_last(const void *mutex)
{
	for (int kind = 0; kind < FSOCK__LOCK_KINDS; kind++)
		if (mutex == (const void *)fsock__lock_the((enum fsock__lock_kind)kind))
			return 1;
	return 0;
}

static int
class_of(uintptr_t key, const char *name, int rank)
{
	for (int i = ORDER_MUTEX; i < CLASSES; i++) {
		uintptr_t none = 0;

		if (atomic_compare_exchange_strong(&shared->classes[i].key, &none, key)) {
			shared->classes[i].name = name;
			shared->classes[i].rank = rank;
			return i;
		}
		if (none == key)
			return i;
	}
	abort();
}

/* The folders whose mutexes have a place in the order. */
static const struct place {
	const char *folder, *name;
	int rank;
} places[] = {
	{ "server", "a server's lock", 3 },
	{ "wait", "a wait list's lock", 4 },
	{ "base", "a socket's lock", 6 },
};

static int
class_in(const char *folder, const void *site)
{
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (strcmp(folder, places[i].folder) == 0)
			return class_of((uintptr_t)site, places[i].name, places[i].rank);
	return class_of((uintptr_t)site, folder, 0);
}

/* The entry of a mutex; it is made if need be, and stays. */
static atomic_int *
entry(const void *mutex)
{
	uint64_t h = ((uint64_t)(uintptr_t)mutex >> 3) * 0x9e3779b97f4a7c15u;

	for (unsigned i = 0; i < MUTEXES; i++) {
		unsigned at = (unsigned)((h >> 32) + i) % MUTEXES;
		uintptr_t none = 0;

		if (atomic_compare_exchange_strong(&mutexes[at].mutex, &none, (uintptr_t)mutex) ||
		    none == (uintptr_t)mutex)
			return &mutexes[at].class;
	}
	abort();
}

void
order_make(const void *mutex, const char *folder, const void *site)
{
	if (mutex == (const void *)fsock__lock_the(FSOCK__LOCK_REGISTRY))
		*entry(mutex) = class_of((uintptr_t)mutex, "the registry's lock", 5);
	else if (is_last(mutex))
		*entry(mutex) = class_of((uintptr_t)mutex, "the lookups' or charsets' lock", 7);
	else
		*entry(mutex) = class_in(folder, site);
}

int
order_class(const void *mutex)
{
	atomic_int *class = entry(mutex);

	if (*class == 0)
		*class = class_of((uintptr_t)mutex, "a static mutex", 0);
	return *class;
}

/* ---- What a thread holds. */

/* Forgets what functions hold that were jumped out of. */
static void
prune(void)
{
	const void *here = __builtin_frame_address(0);

	while (holding > 0 && held[holding - 1].frame != NULL &&
	       (uintptr_t)held[holding - 1].frame < (uintptr_t)here)
		holding--;
}

static void
note_pair(const struct held *before, const struct held *now)
{
	int first = before->class, second = now->class;

	if (first == second && (second < ORDER_MUTEX || before->lock == now->lock))
		return;
	if (atomic_exchange(&shared->seen[first][second], 1))
		return;
	shared->first[first][second][0] = before->stack;
	shared->first[first][second][1] = now->stack;
	judge_pair(first, second);
}

void
order_take(int class, const void *lock, enum order_way way, const void *frame)
{
	struct held *new;
	int saved = errno, again = 0;

	prune();
	for (int i = 0; i < holding && !again && frame == NULL; i++)
		if (held[i].lock == lock && held[i].frame == NULL && ++held[i].count)
			again = 1;
	if (!again && holding < HELD) {
		new = &held[holding];
		*new = (struct held){ .lock = lock, .frame = frame, .class = class, .count = 1 };
		order_get_stack(&new->stack);
		for (int i = 0; i < holding && !again; i++)
			again = held[i].lock == lock;
		for (int i = 0; i < holding && way == ORDER_WAITS && !again; i++)
			note_pair(&held[i], new);
		holding++;
		pthread_setspecific(ended, held);
	}
	errno = saved;
}

void
order_give(const void *lock)
{
	for (int i = holding; i-- > 0;)
		if (held[i].lock == lock && held[i].frame == NULL) {
			if (--held[i].count == 0) {
				memmove(&held[i], &held[i + 1],
				    (size_t)(holding - i - 1) * sizeof held[0]);
				holding--;
			}
			return;
		}
}

int
order_depth(void)
{
	prune();
	return holding;
}

void
order_return(int depth)
{
	for (int i = depth; i < holding; i++)
		if (held[i].class >= ORDER_MUTEX)
			order_forbid("return to stdio", "a mutex is left locked");
	if (holding > depth)
		holding = depth;
}

int
order_holds_mutex(void)
{
	for (int i = 0; i < holding; i++)
		if (held[i].class >= ORDER_MUTEX)
			return 1;
	return 0;
}

int
order_is_exiting(void)
{
	return exiting;
}

/* ---- The beginning and the end. */

static void
at_thread_end(void *arg)
{
	(void)arg;
	if (order_holds_mutex())
		order_forbid("the end of a thread", "a mutex is left locked");
}

static void
in_child(void)
{
	holding = 0;
	wrong = 0;
}

/* Registered first, so it is called last. The first process tells of its children, too. */
static void
at_end(void)
{
	exiting = 1;
	if (getpid() == leader ? shared->wrong == 0 : wrong == 0)
		return;
	fflush(stdout);
	if (getpid() == leader)
		dprintf(2, "ORDER: %d things wrong\n", (int)shared->wrong);
	_exit(EXIT_FAILURE);
}

__attribute__((constructor(101))) static void
begin(void)
{
	struct order_stack scrap;

	shared =
	    mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		abort();
	shared->classes[ORDER_LIST].rank = 1;
	shared->classes[ORDER_FILE].rank = 2;
	leader = getpid();
	trace = getenv("ORDER_TRACE") != NULL;
	order_get_stack(&scrap); /* the first one loads a library */
	pthread_key_create(&ended, at_thread_end);
	pthread_atfork(NULL, NULL, in_child);
	atexit(at_end);
}

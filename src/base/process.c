#include "compat.h"
#include "process.h"

#include <pthread.h>
#include <stdatomic.h>

#include "lock.h"

static atomic_int number = 1, era = 1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
in_parent(void)
{
	era++;
}

static void
in_child(void)
{
	number++;
	era++;
	fsock__lock_reset_all();
}

static void
watch(void)
{
	fsock__lock_reset_all();
	pthread_atfork(NULL, in_parent, in_child);
}

void
fsock__process_watch(void)
{
	pthread_once(&once, watch);
}

int
fsock__process(void)
{
	return number;
}

int
fsock__process_era(void)
{
	return era;
}

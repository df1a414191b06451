#include "compat.h"
#include "process.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_int number = 1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
in_child(void)
{
	number++;
}

static void
watch(void)
{
	pthread_atfork(NULL, NULL, in_child); /* for want of memory a child goes unnoticed */
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

#include "compat.h"
#include "trace.h"

#include <sys/stat.h>

#include <stdarg.h>
#include <stdio.h>

#include "clock.h"
#include "error.h"
#include "lock.h"
#include "process.h"
#include "trace_line.h"

enum { TEXT = 640 };

/* An event that waits until the thread holds no lock. What it points to is behind it. */
struct kept {
	struct kept *next;
	struct fsock_trace_event event;
	char octets[];
};

atomic_int fsock__trace_flag;
static _Atomic int64_t origin; /* when it began */
static atomic_int numbers;

/* The other than that used is filled in meanwhile: a child of fork() has a whole one. */
static struct fsock__trace_sink sinks[2] = { { .fd = -1 }, { .fd = -1 } };
static atomic_int used;

static _Thread_local int is_busy; /* in the function of the program's */
static _Thread_local unsigned held;
static _Thread_local struct kept *first, *last;

static struct fsock__lock *
lock(void)
{
	return fsock__lock_the(FSOCK__LOCK_TRACE);
}

void
fsock__trace_select(fsock_tracer *function, void *arg, int fd, int is_known)
{
	struct stat st = { .st_ino = 0 };
	int saved = errno;

	fsock__process_watch();
	if (is_known)
		fstat(fd, &st);
	fsock__lock_take(lock());
	sinks[!used] = (struct fsock__trace_sink){ .function = function,
		.arg = arg,
		.fd = function != NULL ? -1 : fd,
		.is_known = is_known,
		.device = st.st_dev,
		.inode = st.st_ino,
		.process = fsock__process(),
		.number = sinks[used].number + 1 };
	used = !used;
	origin = fsock__clock_now();
	fsock__trace_flag = function != NULL || fd >= 0;
	fsock__lock_give(lock());
	errno = saved;
}

/* The sink cannot be written to: there is no trace any more, unless another one has begun. */
static void
give_up(const struct fsock__trace_sink *sink)
{
	fsock__lock_take(lock());
	if (sinks[used].number == sink->number)
		fsock__trace_flag = 0;
	fsock__lock_give(lock());
}

int
fsock__trace_number(void)
{
	return atomic_fetch_add(&numbers, 1) + 1;
}

/* Passes an event on, with no lock held. */
static void
emit(const struct fsock_trace_event *event)
{
	struct fsock__trace_sink sink;
	struct fsock__errors before;
	int cancel;

	fsock__lock_take(lock());
	sink = sinks[used];
	fsock__lock_give(lock());
	if (sink.function == NULL) {
		if (sink.fd >= 0 && fsock__trace_line_write(&sink, event) < 0)
			give_up(&sink);
		return;
	}
	fsock__error_save(&before);
	is_busy = 1;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	sink.function(event, sink.arg);
	pthread_setcancelstate(cancel, NULL);
	is_busy = 0;
	fsock__error_put_back(&before);
}

/* Keeps a copy. Without memory the event is lost. */
static void
keep(const struct fsock_trace_event *event)
{
	size_t length = strlen(event->text) + 1;
	struct kept *k = malloc(sizeof *k + event->count + length);

	if (k == NULL)
		return;
	k->next = NULL;
	k->event = *event;
	if (event->octets != NULL) {
		memcpy(k->octets, event->octets, event->count);
		k->event.octets = k->octets;
	}
	k->event.text = memcpy(k->octets + event->count, event->text, length);
	if (first == NULL)
		first = k;
	else
		last->next = k;
	last = k;
}

void
fsock__trace_hold(void)
{
	held++;
}

void
fsock__trace_release(void)
{
	int saved = errno;

	if (--held > 0)
		return;
	while (first != NULL) {
		struct kept *k = first;

		first = k->next;
		emit(&k->event);
		free(k);
	}
	errno = saved;
}

void
fsock__trace_event(struct fsock_trace_event *event)
{
	int saved = errno;

	if (is_busy)
		return;
	event->time = (double)(fsock__clock_now() - origin) / 1e9;
	if (held > 0)
		keep(event);
	else
		emit(event);
	errno = saved;
}

void
fsock__trace_tell(int socket, enum fsock_trace_kind kind, int64_t took, const char *format, ...)
{
	char text[TEXT];
	struct fsock_trace_event event = { .kind = kind,
		.socket = socket,
		.duration = took == FSOCK__TRACE_NONE ? -1 : (double)took / 1e9,
		.text = text };
	int saved = errno;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	fsock__error_keep_to_line(text);
	errno = saved;
	fsock__trace_event(&event);
}

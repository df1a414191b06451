#include "../../src/base/compat.h"
#include "unblocked.h"

#include <sys/socket.h>

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "../../src/base/error.h"
#include "../../src/sock/handle.h"
#include "../../src/base/sys.h"
#include "../../src/sock/transfer.h"
#include "stdio_link.h"

static fsock_waitlist *list;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *
wait_for_ever(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	(void)arg;
	/* A member that has failed is ready always; the test has to come to know of it. */
	while (fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
		poll(NULL, 0, 1);
	return NULL;
}

static void
start(void)
{
	pthread_t thread;

	list = fsock_waitlist_new();
	expect(list != NULL);
	expect_int(pthread_create(&thread, NULL, wait_for_ever, NULL), 0);
	pthread_detach(thread);
}

/* Waits as a socket that blocks does. Returns 0, or -1 with the error recorded. */
static int
await(struct fsock *s)
{
	int64_t until = fsock__clock_after(s->limits.read_timeout),
		deadline = s->limits.read_deadline;

	if (fsock__sys_wait(s->fd, POLLIN, until < deadline ? until : deadline) > 0)
		return 0;
	return fsock__error_set_kind("read", s->host, s->port,
	    fsock__clock_left(deadline) == 0 ? FSOCK_DEADLINE_TIMEOUT_ERROR : FSOCK_TIMEOUT_ERROR,
	    ETIMEDOUT);
}

static ssize_t
patient_receive(struct fsock *s, void *buf, size_t n)
{
	int saved = errno;
	ssize_t r;

	while ((r = fsock__transport_socket.receive(s, buf, n)) < 0)
		if (errno != EAGAIN || await(s) < 0)
			return -1;
	errno = saved;
	return r;
}

static struct fsock__transport_ops patient;

int
unblocked_is_on(void)
{
	return getenv("FSOCK_UNBLOCKED") != NULL;
}

void
unblocked_make(fsock *s)
{
	int least = 1;

	if (!unblocked_is_on() || s == NULL)
		return;
	pthread_once(&once, start);
	patient = fsock__transport_socket;
	patient.receive = patient_receive;
	s->transport = &patient;
	s->settings.output_limit = (size_t)64 << 20; /* what a test writes at once */
	expect_int(fsock_set_nonblocking(s, 1), 0);
	expect_int(setsockopt(fsock_socket(s), SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
	expect_int(fsock_waitlist_add(list, s, 0, NULL), 0);
}

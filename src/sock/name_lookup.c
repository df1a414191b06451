/*
 * Looking up alone: a handle that waits report readable when the answer is there. Like the handles
 * of fsock_watch() it is there to be waited for, and for nothing else.
 */
#include "../base/compat.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <fsock/names.h>

#include "../base/error.h"
#include "../base/sys.h"
#include "../base/wake.h"
#include "../net/addr.h"
#include "../net/endpoint.h"
#include "../net/lookup.h"
#include "../net/resolve.h"
#include "../net/service.h"
#include "socket.h"

#define OPERATION "look up"

struct fsock__name_lookup {
	enum { UNDER_WAY, FOUND, FAILED } state;
	struct fsock__lookup *lookup; /* NULL: there was nothing to look up */
	int watched;                  /* its descriptor, of which the handle has a duplicate */
	struct fsock__question question;
	struct fsock__addresses found; /* maybe before the port of the service is */
	struct fsock__record error;    /* once failed */
	char texts[];                  /* the host and the service */
};

static void
free_lookup(struct fsock__name_lookup *l)
{
	if (l->lookup != NULL)
		fsock__lookup_end(l->lookup);
	free(l->found.items);
	free(l);
}

/* Makes one that asks for nothing yet, or NULL with the error recorded. */
static struct fsock__name_lookup *
make(const char *host, const char *service, enum fsock_family family)
{
	size_t host_size = host == NULL ? 0 : strlen(host) + 1;
	size_t service_size = service == NULL ? 0 : strlen(service) + 1;
	struct fsock__name_lookup *l = calloc(1, sizeof *l + host_size + service_size);

	if (l == NULL) {
		fsock__error_set(OPERATION, host, FSOCK__NO_PORT, ENOMEM);
		return NULL;
	}
	l->question = (struct fsock__question){ .operation = OPERATION, .family = family };
	if (host != NULL)
		l->question.host = memcpy(l->texts, host, host_size);
	if (service != NULL)
		l->question.service = memcpy(l->texts + host_size, service, service_size);
	return l;
}

/*
 * Answers what needs no lookup, or begins one: for the host, and the service with it, or for the
 * service alone. Returns 0, or -1 with the error recorded.
 */
static int
begin(struct fsock__name_lookup *l, int type)
{
	struct fsock__question *q = &l->question;
	int port, is_number = fsock__service_number(q->service, &port), r, eai;

	if (is_number < 0 || (type != SOCK_STREAM && type != SOCK_DGRAM) ||
	    (q->host == NULL && q->service == NULL))
		return fsock__error_set(OPERATION, q->host, FSOCK__NO_PORT, EINVAL);
	if (is_number && q->service != NULL)
		q->port = port;
	if (is_number)
		q->service = NULL;
	q->type = type;
	r = fsock__resolve_at_once(q, &l->found);
	if (r < 0)
		return -1;
	if (r > 0) {
		l->state = FOUND;
		return 0;
	}
	eai = fsock__resolve_begin(q, &l->found, &l->lookup);
	return eai == 0 ? 0 : fsock__error_set_resolver(OPERATION, q->host, FSOCK__NO_PORT, eai);
}

/* A descriptor that is readable when the answer is there. Returns it, or -1 with errno. */
static int
open_watched(struct fsock__name_lookup *l)
{
	struct fsock__wake wake;
	int fd, error;

	if (l->lookup != NULL) {
		l->watched = fsock__lookup_fd(l->lookup);
		return fcntl(l->watched, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	}
	if (fsock__wake_open(&wake) < 0)
		return -1;
	fsock__wake_send(&wake);
	fd = fcntl(wake.fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	error = errno;
	fsock__wake_close(&wake);
	errno = error;
	return fd;
}

/*
 * In a child of fork() another descriptor is that of the lookup: the handle's follows. No list of
 * the child's has had the old one polled: see fsock__handle_is_always_ready().
 */
static void
follow(struct fsock *s, struct fsock__name_lookup *l)
{
	int fd = fsock__lookup_fd(l->lookup);

	if (fd == l->watched || dup2(fd, s->fd) < 0)
		return;
	fcntl(s->fd, F_SETFD, FD_CLOEXEC);
	l->watched = fd;
	s->lookup_process = fsock__process();
	fsock__handle_note(s);
}

/* Looks whether the answer is there. */
static void
step(struct fsock *s, struct fsock__name_lookup *l)
{
	struct addrinfo *results = NULL;
	int eai, saved = errno;

	if (l->state != UNDER_WAY)
		return;
	eai = fsock__lookup_result(l->lookup, &results);
	follow(s, l);
	if (eai == FSOCK__LOOKUP_PENDING)
		return;
	l->state =
	    fsock__resolve_answer(&l->question, eai, results, &l->found) > 0 ? FOUND : FAILED;
	if (l->state == FAILED)
		l->error = *fsock__error_current();
	errno = saved;
}

static int
lookup_close(struct fsock *s)
{
	int r = fsock__socket_close_foreign(s);

	if (s->lookup != NULL)
		free_lookup(s->lookup);
	s->lookup = NULL;
	return r;
}

/* Nothing else of it is called: see fsock__handle_check(). */
static const struct fsock__transport_ops transport_lookup = { .close = lookup_close };

/* The handle of a lookup that has begun, or NULL with the error recorded. */
static fsock *
wrap(struct fsock__name_lookup *l)
{
	const char *host = l->question.host;
	struct fsock__settings settings;
	fsock *s = NULL;
	int fd;

	if (fsock__settings_make(&settings, NULL, OPERATION, host, FSOCK__NO_PORT) < 0)
		return NULL;
	fd = open_watched(l);
	if (fd < 0)
		fsock__error_set(OPERATION, host, FSOCK__NO_PORT, errno);
	else
		s = fsock__socket_new(-1, FSOCK__FOREIGN, AF_UNSPEC, &settings, host,
		    FSOCK__NO_PORT, &transport_lookup);
	if (s == NULL && fd >= 0)
		fsock__sys_close(fd);
	if (s == NULL)
		return NULL;
	s->fd = s->foreign = fd;
	s->lookup = l;
	s->lookup_process = l->lookup != NULL ? fsock__process() : 0;
	return s;
}

/* see fsock/names.h */
fsock *
fsock_lookup(const char *host, const char *service, int socket_type, enum fsock_family family)
{
	const struct fsock__endpoint_use use = { OPERATION, socket_type, 0 };
	struct fsock__name_lookup *l;
	struct fsock__endpoint e = { .port = 0 };
	int saved = errno;
	fsock *s = NULL;

	if (service == NULL && host != NULL && fsock__endpoint_is_address(host)) {
		if (fsock__endpoint_read(&e, &use, host, FSOCK_PORT_IN_HOST) < 0)
			return NULL;
		host = e.host;
		service = e.service;
	}
	l = make(host, service, family);
	if (l == NULL)
		return NULL;
	l->question.port = e.port;
	if (begin(l, socket_type) == 0)
		s = wrap(l);
	if (s != NULL) {
		errno = saved;
		return s;
	}
	saved = errno;
	free_lookup(l);
	errno = saved;
	return NULL;
}

/* see fsock/names.h */
ssize_t
fsock_lookup_addresses(fsock *lookup, struct fsock_addr *list, size_t room)
{
	struct fsock__name_lookup *l;

	if (lookup == NULL || lookup->role != FSOCK__FOREIGN || lookup->lookup == NULL)
		return fsock__error_set_kind(
		    OPERATION, NULL, FSOCK__NO_PORT, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	l = lookup->lookup;
	if (list == NULL && room > 0)
		return fsock__error_set(OPERATION, l->question.host, FSOCK__NO_PORT, EINVAL);
	step(lookup, l);
	if (l->state == UNDER_WAY)
		return fsock__error_set(OPERATION, l->question.host, FSOCK__NO_PORT, EAGAIN);
	if (l->state == FAILED)
		return fsock__error_restore(&l->error);
	if (room > l->found.count)
		room = l->found.count;
	if (room > 0)
		memcpy(list, l->found.items, room * sizeof *list);
	return (ssize_t)l->found.count;
}

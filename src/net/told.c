#include "../base/compat.h"
#include "told.h"

#include <stdio.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/trace.h"

const char *
fsock__told_address(const struct fsock_addr *addr, char text[FSOCK__TOLD_ADDRESS])
{
	char host[FSOCK_ADDR_TEXT_SIZE] = "";

	if (addr->length > 0)
		fsock_addr_host(addr, host, sizeof host);
	if (fsock_addr_family(addr) == AF_UNIX)
		snprintf(text, FSOCK__TOLD_ADDRESS, "%s", host[0] == '\0' ? "no address" : host);
	else
		snprintf(text, FSOCK__TOLD_ADDRESS, "%s port %d", host, fsock_addr_port(addr));
	fsock__error_keep_to_line(text);
	return text;
}

int64_t
fsock__told_begin(int socket, const char *what, const char *name)
{
	int64_t began;

	if (!fsock__trace_is_on())
		return 0;
	began = fsock__clock_now();
	fsock__trace_tell(
	    socket, FSOCK_TRACE_LOOKUP, FSOCK__TRACE_NONE, "look up %s%.255s", what, name);
	return began;
}

void
fsock__told_found(int socket, int64_t began, const char *what, const char *name, const char *text)
{
	if (!fsock__trace_is_on())
		return;
	if (text == NULL && socket == 0) /* else whatever connects the socket reports it */
		fsock__told_failure(0);
	if (text != NULL)
		fsock__trace_tell(socket, FSOCK_TRACE_LOOKUP,
		    began == 0 ? FSOCK__TRACE_NONE : fsock__clock_now() - began, "%s%.255s: %.512s",
		    what, name, text);
}

void
fsock__told_question(struct fsock__question *q, int is_service)
{
	q->traced_service = is_service ? q->service : NULL;
	q->began = fsock__told_begin(
	    q->socket, is_service ? "service " : "", is_service ? q->service : q->host);
}

/* The hosts of the addresses, as many as there is room for. */
static void
list(const struct fsock__addresses *found, char *text, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < found->count && length + FSOCK_ADDR_TEXT_SIZE + 8 < size; i++) {
		char host[FSOCK_ADDR_TEXT_SIZE] = "";

		fsock_addr_host(&found->items[i], host, sizeof host);
		length += (size_t)snprintf(
		    text + length, size - length, "%s%s", i == 0 ? "" : ", ", host);
	}
}

void
fsock__told_answer(const struct fsock__question *q, const struct fsock__addresses *found)
{
	const char *service = q->traced_service, *name = service != NULL ? service : q->host;
	char text[512] = "";
	size_t length = 0;

	if (!fsock__trace_is_on())
		return;
	if (found != NULL && service != NULL)
		snprintf(text, sizeof text, "port %d", q->port);
	if (found != NULL && service == NULL) {
		length = (size_t)snprintf(text, sizeof text, "%zu address%s: ", found->count,
		    found->count == 1 ? "" : "es");
		list(found, text + length, sizeof text - length);
	}
	fsock__told_found(q->socket, q->began, service != NULL ? "service " : "",
	    name != NULL ? name : "any address", found != NULL ? text : NULL);
}

int
fsock__told_number(void)
{
	return fsock__trace_is_on() ? fsock__trace_number() : 0;
}

void
fsock__told_attempt(int socket, const struct fsock_addr *addr)
{
	char text[FSOCK__TOLD_ADDRESS];

	if (fsock__trace_is_on())
		fsock__trace_tell(socket, FSOCK_TRACE_ATTEMPT, FSOCK__TRACE_NONE, "try %s",
		    fsock__told_address(addr, text));
}

void
fsock__told_outcome(int socket, const struct fsock_addr *addr, int64_t began, int errnum)
{
	char text[FSOCK__TOLD_ADDRESS], cause[128], words[FSOCK__TOLD_ADDRESS + 160];
	struct fsock_trace_event event = { .kind = FSOCK_TRACE_ATTEMPT,
		.socket = socket,
		.error = fsock_error_kind_of_errno(errnum),
		.text = words };

	if (!fsock__trace_is_on())
		return;
	event.duration = (double)(fsock__clock_now() - began) / 1e9;
	if (errnum == 0)
		event.kind = FSOCK_TRACE_OPEN;
	if (errnum == 0)
		snprintf(words, sizeof words, "connected to %s", fsock__told_address(addr, text));
	else
		snprintf(words, sizeof words, "%s: %s", fsock__told_address(addr, text),
		    fsock__strerror(errnum, cause, sizeof cause));
	fsock__trace_event(&event);
}

void
fsock__told_failure(int socket)
{
	struct fsock_error error;
	int saved = errno;

	if (!fsock__trace_is_on())
		return;
	fsock__error_tell(fsock__error_current(), &error);
	fsock__trace_event(&(struct fsock_trace_event){ .kind = FSOCK_TRACE_FAILED,
	    .socket = socket,
	    .duration = -1,
	    .error = error.kind,
	    .text = error.text });
	errno = saved;
}

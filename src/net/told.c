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

void
fsock__told_question(struct fsock__question *q)
{
	if (!fsock__trace_is_on())
		return;
	q->began = fsock__clock_now();
	fsock__trace_tell(
	    q->socket, FSOCK_TRACE_LOOKUP, FSOCK__TRACE_NONE, "look up %.255s", q->host);
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
	char text[512] = "";
	int64_t took;

	if (!fsock__trace_is_on())
		return;
	took = q->began == 0 ? FSOCK__TRACE_NONE : fsock__clock_now() - q->began;
	if (found == NULL && q->socket == 0) /* else who connects tells it */
		fsock__told_failure(0);
	if (found == NULL)
		return;
	list(found, text, sizeof text);
	fsock__trace_tell(q->socket, FSOCK_TRACE_LOOKUP, took, "%.64s: %zu address%s: %s",
	    q->host != NULL ? q->host : "any address", found->count, found->count == 1 ? "" : "es",
	    text);
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

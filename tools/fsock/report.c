/*
 * Messages, and the exit statuses of errors.
 */
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int report_is_verbose;

static void
print(const char *format, va_list arguments)
{
	char text[2048];

	vsnprintf(text, sizeof text, format, arguments);
	for (char *c = text; *c != '\0'; c++) /* names of peers must not steer a terminal */
		if ((unsigned char)*c < ' ' || *c == 0x7F)
			*c = '?';
	fprintf(stderr, "fsock: %s\n", text);
}

void
report_say(const char *format, ...)
{
	va_list arguments;

	if (!report_is_verbose)
		return;
	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
}

void
report_complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
}

/* What a kind of error, or a kind in a group, means to a script. */
static const struct {
	enum fsock_error_kind group;
	enum status status;
} statuses[] = {
	{ FSOCK_INVALID_ARGUMENT_ERROR, STATUS_USAGE },
	{ FSOCK_NS_CONDITION, STATUS_NAME },
	{ FSOCK_CONNECTION_REFUSED_ERROR, STATUS_REFUSED },
	{ FSOCK_NO_SUCH_FILE_ERROR, STATUS_REFUSED },
	{ FSOCK_TIMEOUT_ERROR, STATUS_TIMEOUT },
	{ FSOCK_DEADLINE_TIMEOUT_ERROR, STATUS_TIMEOUT },
	{ FSOCK_NETWORK_UNREACHABLE_ERROR, STATUS_UNREACHABLE },
	{ FSOCK_NETWORK_DOWN_ERROR, STATUS_UNREACHABLE },
	{ FSOCK_HOST_DOWN_ERROR, STATUS_UNREACHABLE },
	{ FSOCK_HOST_UNREACHABLE_ERROR, STATUS_UNREACHABLE },
	{ FSOCK_TLS_ERROR, STATUS_TLS },
	{ FSOCK_CERTIFICATE_ERROR, STATUS_TLS },
	{ FSOCK_TRUNCATED_ERROR, STATUS_TLS },
	{ FSOCK_CONNECTION_RESET_ERROR, STATUS_LOST },
	{ FSOCK_CONNECTION_ABORTED_ERROR, STATUS_LOST },
	{ FSOCK_NETWORK_RESET_ERROR, STATUS_LOST },
	{ FSOCK_BROKEN_PIPE_ERROR, STATUS_LOST },
	{ FSOCK_NOT_CONNECTED_ERROR, STATUS_LOST },
	{ FSOCK_ENCODING_ERROR, STATUS_TEXT },
};

enum status
report_failure(const struct fsock_error *error)
{
	size_t i;

	report_complain("%s", error->text);
	for (i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (fsock_error_is(error->kind, statuses[i].group))
			return statuses[i].status;
	return STATUS_LOCAL;
}

enum status
report_error(void)
{
	return report_failure(fsock_last_error());
}

enum status
report_system(const char *what)
{
	report_complain("%s: %s", what, strerror(errno));
	return STATUS_LOCAL;
}

void
report_addr(const char *what, const struct fsock_addr *addr)
{
	char text[FSOCK_ADDR_TEXT_SIZE];

	if (fsock_addr_host(addr, text, sizeof text) == NULL)
		return;
	if (fsock_addr_family(addr) == AF_UNIX)
		report_say("%s %s", what, text[0] != '\0' ? text : "without a name");
	else
		report_say("%s %s port %d", what, text, fsock_addr_port(addr));
}

void
report_names(const char *what, fsock *s, int (*name)(fsock *, struct fsock_addr *))
{
	struct fsock_addr addr;

	if (report_is_verbose && name(s, &addr) == 0)
		report_addr(what, &addr);
}

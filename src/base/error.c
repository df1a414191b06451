#include "compat.h"
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

/* The text is made by fsock_last_error(); until then `text` is stale. */
static _Thread_local struct fsock_error last = { .operation = "", .port = FSOCK__NO_PORT };
static _Thread_local int text_is_stale;
static _Thread_local char words[FSOCK__WORDS_MAX]; /* for the cause; "": there are none */

static const struct {
	enum fsock_error_kind kind;
	const char *text;
} own_texts[] = {
	{ FSOCK_TIMEOUT_ERROR, "Timed out" },
	{ FSOCK_DEADLINE_TIMEOUT_ERROR, "Deadline passed" },
	{ FSOCK_LINE_TOO_LONG_ERROR, "Line too long" },
	{ FSOCK_INVALID_SOCKET_STREAM_ERROR, "Not an open stream of a socket" },
	{ FSOCK_BUFFER_TOO_SMALL_ERROR, "Buffer too small" },
	{ FSOCK_ENCODING_ERROR, "Invalid or unmappable characters" },
};

/* The words for the cause: its own, else a kind's own, else the resolver's, else the system's. */
static const char *
cause(char *buf, size_t size)
{
	if (words[0] != '\0')
		return words;
	for (size_t i = 0; i < sizeof own_texts / sizeof own_texts[0]; i++)
		if (own_texts[i].kind == last.kind)
			return own_texts[i].text;
	if (last.eai != 0 && last.eai != EAI_SYSTEM)
		return gai_strerror(last.eai);
	return fsock__strerror(last.errnum, buf, size);
}

/* The word between an operation and its host. */
static const char *
preposition(const char *operation)
{
	static const struct {
		const char *operation, *word;
	} rows[] = {
		{ "connect", "to" },
		{ "bind", "to" },
		{ "write", "to" },
		{ "read", "from" },
		{ "send", "to" },
		{ "receive", "from" },
		{ "listen", "on" },
		{ "accept", "on" },
		{ "serve client", "at" },
		{ "wait", "for" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].operation, operation) == 0)
			return rows[i].word;
	return "of";
}

/* Whether ports mean nothing to the host: it is a Unix-domain path or name. */
static int
has_no_port(const char *host)
{
	return host[0] == '@' || strchr(host, '/') != NULL;
}

/* Hosts come from anywhere: what would end the line, or steer a terminal, is not let through. */
static void
keep_to_one_line(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			*text = '?';
}

static void
make_text(void)
{
	char buf[128], port[24] = "";
	const char *what = cause(buf, sizeof buf);

	if (last.port > 0 && !has_no_port(last.host))
		snprintf(port, sizeof port, " port %d", last.port);
	if (last.host[0] != '\0')
		snprintf(last.text, sizeof last.text, "%s %s %s%s: %s", last.operation,
		    preposition(last.operation), last.host, port, what);
	else
		snprintf(last.text, sizeof last.text, "%s%s: %s", last.operation, port, what);
	keep_to_one_line(last.text);
	text_is_stale = 0;
}

/* see fsock/error.h */
const struct fsock_error *
fsock_last_error(void)
{
	int saved = errno;

	if (text_is_stale)
		make_text();
	errno = saved;
	return &last;
}

/* see fsock/error.h */
void
fsock_clear_error(void)
{
	memset(&last, 0, sizeof last);
	last.operation = "";
	last.port = FSOCK__NO_PORT;
	text_is_stale = 0;
}

/* Copies the host, cut to what fits; snprintf would read all of a hostile one to count it. */
static void
copy_host(const char *host)
{
	size_t n = host == NULL ? 0 : strnlen(host, sizeof last.host - 1);

	memmove(last.host, host == NULL ? "" : host, n);
	last.host[n] = '\0';
}

static int
record(const char *operation, const char *host, int port, enum fsock_error_kind kind, int errnum,
    int eai)
{
	last.kind = kind;
	last.errnum = errnum;
	last.eai = eai;
	last.operation = operation;
	last.port = port;
	copy_host(host);
	text_is_stale = 1;
	words[0] = '\0';
	errno = errnum;
	return -1;
}

int
fsock__error_set(const char *operation, const char *host, int port, int errnum)
{
	return record(operation, host, port, fsock_error_kind_of_errno(errnum), errnum, 0);
}

int
fsock__error_set_kind(
    const char *operation, const char *host, int port, enum fsock_error_kind kind, int errnum)
{
	return record(operation, host, port, kind, errnum, 0);
}

int
fsock__error_set_words(const char *operation, const char *host, int port,
    enum fsock_error_kind kind, int errnum, const char *format, ...)
{
	va_list arguments;

	record(operation, host, port, kind, errnum, 0);
	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	errno = errnum;
	return -1;
}

int
fsock__error_restore(const struct fsock_error *error)
{
	last = *error;
	text_is_stale = 0;
	errno = error->errnum;
	return -1;
}

/* errno for a resolver's code. Looking up says little in errno's terms: no route to such a host. */
static int
errno_of_eai(int eai)
{
	switch (eai) {
	case EAI_SYSTEM:
		return errno;
	case EAI_MEMORY:
		return ENOMEM;
	case EAI_FAMILY:
		return EAFNOSUPPORT;
	case EAI_BADFLAGS:
	case EAI_SERVICE:
	case EAI_SOCKTYPE:
		return EINVAL;
	default:
		return EHOSTUNREACH;
	}
}

int
fsock__error_set_resolver(const char *operation, const char *host, int port, int eai)
{
	enum fsock_error_kind kind = fsock_error_kind_of_eai(eai);

	return record(operation, host, port, kind, errno_of_eai(eai), eai);
}

#include "compat.h"
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

/*
 * What the program sees; and what is recorded while a thread does work of which its caller is not
 * to be told.
 */
static _Thread_local struct fsock__record last = { .error = {
						       .operation = "", .port = FSOCK__NO_PORT } };
static _Thread_local struct fsock__record aside;
static _Thread_local struct fsock__record *current; /* NULL: last */
static _Thread_local unsigned count;

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
	{ FSOCK_END_OF_FILE, "End of file" },
};

/* Where this thread records now. */
static struct fsock__record *
slot(void)
{
	return current != NULL ? current : &last;
}

/* The words for the cause: its own, else a kind's own, else the resolver's, else the system's. */
static const char *
cause(const struct fsock__record *r, char *buf, size_t size)
{
	if (r->words[0] != '\0')
		return r->words;
	for (size_t i = 0; i < sizeof own_texts / sizeof own_texts[0]; i++)
		if (own_texts[i].kind == r->error.kind)
			return own_texts[i].text;
	if (r->error.eai != 0 && r->error.eai != EAI_SYSTEM)
		return gai_strerror(r->error.eai);
	return fsock__strerror(r->error.errnum, buf, size);
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

void
fsock__error_keep_to_line(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			*text = '?';
}

static void
make_text(struct fsock__record *r)
{
	struct fsock_error *e = &r->error;
	char buf[128], port[24] = "";
	const char *what = cause(r, buf, sizeof buf);

	if (e->port > 0 && !has_no_port(e->host))
		snprintf(port, sizeof port, " port %d", e->port);
	if (e->host[0] != '\0')
		snprintf(e->text, sizeof e->text, "%s %s %s%s: %s", e->operation,
		    preposition(e->operation), e->host, port, what);
	else
		snprintf(e->text, sizeof e->text, "%s%s: %s", e->operation, port, what);
	fsock__error_keep_to_line(e->text);
	r->text_is_stale = 0;
}

static const struct fsock_error *
look_at(struct fsock__record *r)
{
	int saved = errno;

	if (r->text_is_stale)
		make_text(r);
	errno = saved;
	return &r->error;
}

/* see fsock/error.h */
const struct fsock_error *
fsock_last_error(void)
{
	return look_at(&last);
}

/* see fsock/error.h */
void
fsock_clear_error(void)
{
	memset(&last, 0, sizeof last);
	last.error.operation = "";
	last.error.port = FSOCK__NO_PORT;
}

const struct fsock__record *
fsock__error_current(void)
{
	return slot();
}

void
fsock__error_tell(const struct fsock__record *r, struct fsock_error *error)
{
	struct fsock__record copy = *r;

	*error = *look_at(&copy);
}

unsigned
fsock__error_count(void)
{
	return count;
}

struct fsock__record *
fsock__error_aside(void)
{
	struct fsock__record *before = current;

	current = &aside;
	return before;
}

void
fsock__error_back(struct fsock__record *before)
{
	current = before;
}

void
fsock__error_save(struct fsock__errors *errors)
{
	*errors = (struct fsock__errors){ last, aside, current, count };
	current = NULL;
}

void
fsock__error_put_back(const struct fsock__errors *errors)
{
	last = errors->last;
	aside = errors->aside;
	current = errors->current;
	count = errors->count;
}

/* Copies the host, cut to what fits; snprintf would read all of a hostile one to count it. */
static void
copy_host(struct fsock_error *error, const char *host)
{
	size_t n = host == NULL ? 0 : strnlen(host, sizeof error->host - 1);

	memmove(error->host, host == NULL ? "" : host, n);
	error->host[n] = '\0';
}

static struct fsock__record *
record(const char *operation, const char *host, int port, enum fsock_error_kind kind, int errnum,
    int eai)
{
	struct fsock__record *r = slot();

	r->error.kind = kind;
	r->error.errnum = errnum;
	r->error.eai = eai;
	r->error.operation = operation;
	r->error.port = port;
	copy_host(&r->error, host);
	r->text_is_stale = 1;
	r->words[0] = '\0';
	count++;
	return r;
}

int
fsock__error_set(const char *operation, const char *host, int port, int errnum)
{
	return fsock__error_set_kind(
	    operation, host, port, fsock_error_kind_of_errno(errnum), errnum);
}

int
fsock__error_set_kind(
    const char *operation, const char *host, int port, enum fsock_error_kind kind, int errnum)
{
	record(operation, host, port, kind, errnum, 0);
	errno = errnum;
	return -1;
}

int
fsock__error_set_words(const char *operation, const char *host, int port,
    enum fsock_error_kind kind, int errnum, const char *format, ...)
{
	char words[FSOCK__WORDS_MAX];
	va_list arguments;

	va_start(arguments, format); /* some of them may be of the record */
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	memcpy(record(operation, host, port, kind, errnum, 0)->words, words, sizeof words);
	errno = errnum;
	return -1;
}

void
fsock__error_end_of_file(const char *operation, const char *host, int port)
{
	record(operation, host, port, FSOCK_END_OF_FILE, 0, 0);
}

int
fsock__error_restore(const struct fsock__record *r)
{
	*slot() = *r;
	count++;
	errno = r->error.errnum;
	return -1;
}

int
fsock__error_retell(const char *operation, const struct fsock__record *r)
{
	struct fsock__record *now = slot();

	*now = *r;
	now->error.operation = operation;
	now->text_is_stale = 1;
	count++;
	errno = r->error.errnum;
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
	int errnum = errno_of_eai(eai);

	record(operation, host, port, fsock_error_kind_of_eai(eai), errnum, eai);
	errno = errnum;
	return -1;
}

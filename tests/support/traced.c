#include "../../src/base/compat.h"
#include "traced.h"

#include <ctype.h>
#include <fcntl.h>
#include <unistd.h>

#include "sock_support.h"

static int file = -1;
static char text[1 << 20], directory[256];

void
traced_begin(void)
{
	snprintf(directory, sizeof directory, "%s", sock_path(""));
	file = open(sock_path("trace"), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(fsock_set_trace_descriptor(file), 0);
}

const char *
traced_end(void)
{
	ssize_t n;

	ck_assert_int_eq(fsock_set_trace_descriptor(-1), 0);
	n = pread(file, text, sizeof text - 1, 0);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	close(file);
	traced_mask(text);
	return text;
}

/* The digits and points at p. */
static size_t
number_at(const char *p)
{
	return strspn(p, "0123456789.");
}

/* A socket's number by its first appearance: sockets are few. */
static int
order_of(long number, long seen[16])
{
	int i = 0;

	while (i < 15 && seen[i] != 0 && seen[i] != number)
		i++;
	seen[i] = number;
	return i + 1;
}

void
traced_mask(char *masked)
{
	static const struct {
		const char *before;
		char instead;
	} rows[] = { { "\n", 'T' }, { " (", 'T' }, { " port ", 'P' }, { "[", 'N' },
		{ "process ", 'N' } };
	long seen[16] = { 0 };
	size_t length = strlen(directory);
	char *to = masked, *whole = strdup(masked);
	const char *p = whole, *start = whole;

	while (*p != '\0') {
		char instead = p == start && isdigit((unsigned char)*p) ? 'T' : '\0';

		for (int i = 0; i < COUNT(rows) && instead == '\0'; i++) {
			size_t n = strlen(rows[i].before);

			if ((size_t)(p - start) >= n && isdigit((unsigned char)*p) &&
			    memcmp(p - n, rows[i].before, n) == 0)
				instead = rows[i].instead;
		}
		if (strncmp(p, directory, length) == 0 && length > 0) {
			p += strcspn(p, " \n");
			to += sprintf(to, "PATH");
			continue;
		}
		if (instead != '\0') {
			p += number_at(p);
			*to++ = instead;
		} else if (*p == '#' && isdigit((unsigned char)p[1])) {
			char *end;
			int order = order_of(strtol(p + 1, &end, 10), seen);

			p = end;
			to += sprintf(to, "#%d", order);
		} else {
			*to++ = *p++;
		}
	}
	*to = '\0';
	free(whole);
}

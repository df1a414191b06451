#include "../base/compat.h"
#include "hosts_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "../base/sys.h"

/* Where a reading is. A line is an address, then names, then perhaps a comment. */
struct scan {
	const char *host;
	size_t matched; /* how much of it the word has so far */
	int in_word, differs, in_comment;
	int words; /* of the line, before this one */
};

/* Of ASCII alone, whatever the locale. */
static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static int
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A word ends, if there is one. Returns whether it was the host. */
static int
end_word(struct scan *s)
{
	int is_host = s->in_word && s->words > 0 && !s->differs && s->host[s->matched] == '\0';

	s->words += s->in_word;
	s->in_word = s->differs = 0;
	s->matched = 0;
	return is_host;
}

static void
extend_word(struct scan *s, char c)
{
	s->in_word = 1;
	if (c != '\0' && lower(c) == lower(s->host[s->matched]))
		s->matched++;
	else
		s->differs = 1;
}

/* Returns whether this character ends a word that is the host. */
static int
take(struct scan *s, char c)
{
	int is_host = 0;

	if (c == '\n') {
		is_host = end_word(s);
		s->words = s->in_comment = 0;
	} else if (s->in_comment) {
		return 0;
	} else if (c == '#' || is_space(c)) {
		is_host = end_word(s);
		s->in_comment = c == '#';
	} else if (!s->differs) {
		extend_word(s, c);
	}
	return is_host;
}

static int
find(int fd, struct scan *s)
{
	char piece[4096];
	size_t total = 0;
	ssize_t n;

	while (total < FSOCK__HOSTS_FILE_MAX && (n = read(fd, piece, sizeof piece)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (take(s, piece[i]))
				return 1;
		total += (size_t)n;
	}
	return end_word(s);
}

int
fsock__hosts_file_has(const char *path, const char *host)
{
	struct scan s = { .host = host };
	int saved = errno, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r = 0;

	if (fd >= 0) {
		r = host[0] != '\0' && find(fd, &s);
		fsock__sys_close(fd);
	}
	errno = saved;
	return r;
}

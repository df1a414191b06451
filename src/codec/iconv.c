/* Charsets that the libc has beyond the library's own, where it has iconv(3). */
#include "../base/compat.h"

#include <errno.h>

#include "charset.h"

#if !defined(FSOCK_NO_ICONV)

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "../base/lock.h"
#include "../base/process.h"
#include "utf8.h"

/*
 * A charset that only the libc knows. It is asked once about each octet and becomes tables, so that
 * the states of a stream stay plain copyable structs and nothing is allocated per stream.
 *
 * learned is the list of them. It only grows, by one pointer at its end that is set under the lock:
 * a child of fork() has a whole one. The libc is asked without the lock.
 */
struct learned {
	struct fsock_charset charset;
	struct learned *next;
	char name[64];
	uint32_t to_utf8[256];
	uint32_t codes[256]; /* sorted, for encoding */
	uint8_t octets[256]; /* of codes */
	unsigned count;
};

static struct learned *learned;

/* One octet in, one BMP character out; -1 when it is not like that. 0 for an unmapped octet. */
static int
ask_octet(iconv_t cd, unsigned octet, uint32_t *form, uint32_t *code)
{
	char in = (char)octet, *from = &in;
	uint8_t text[16];
	char *to = (char *)text;
	size_t in_left = 1, out_left = sizeof text, n;

	*form = 0;
	iconv(cd, NULL, NULL, NULL, NULL);
	if (iconv(cd, &from, &in_left, &to, &out_left) == (size_t)-1)
		return errno == EILSEQ ? 0 : -1;
	if (iconv(cd, NULL, NULL, &to, &out_left) == (size_t)-1)
		return -1;
	n = sizeof text - out_left;
	if (n == 0 || n > 3 || fsock__utf8_char(text, n, code) != n)
		return -1;
	*form = FSOCK__FORM(*code);
	return 1;
}

/* Puts a code point and its octet in order; of two octets the first stays. */
static void
insert(struct learned *l, uint32_t code, unsigned octet)
{
	unsigned at = l->count;

	while (at > 0 && l->codes[at - 1] > code)
		at--;
	if (at > 0 && l->codes[at - 1] == code)
		return;
	memmove(l->codes + at + 1, l->codes + at, (l->count - at) * sizeof l->codes[0]);
	memmove(l->octets + at + 1, l->octets + at, l->count - at);
	l->codes[at] = code;
	l->octets[at] = (uint8_t)octet;
	l->count++;
}

/* Fills the tables; -1 when the charset is not of one octet a character. */
static int
learn(struct learned *l, iconv_t cd)
{
	unsigned octet, mapped = 0, ascii = 0;
	uint32_t code = 0;
	int got;

	for (octet = 0; octet < 256; octet++) {
		got = ask_octet(cd, octet, &l->to_utf8[octet], &code);
		if (got < 0)
			return -1;
		if (got == 0)
			continue;
		insert(l, code, octet);
		mapped++;
		ascii += octet < 128 && code == octet;
	}
	if (ascii == 128)
		l->charset.flags |= FSOCK_CHARSET_ASCII;
	return mapped >= 96 ? 0 : -1;
}

static int
get(const struct learned *l, uint8_t octet, struct fsock__span *s)
{
	uint32_t form = l->to_utf8[octet];
	unsigned n = form >> 24, i;

	if (n == 0 || n > fsock__span_room(s))
		return n == 0 ? -1 : 0;
	for (i = 0; i < n; i++)
		s->dst[i] = (uint8_t)(form >> 8 * i);
	s->dst += n;
	s->src++;
	return 1;
}

static enum fsock__step
decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	const struct learned *l = (const struct learned *)(const void *)charset;
	struct fsock__span *s = &job->span;

	while (s->src < s->src_end) {
		int got = get(l, *s->src, s);

		job->bad = 1;
		if (got <= 0)
			return got == 0 ? FSOCK__FULL : FSOCK__BAD;
	}
	return FSOCK__DONE;
}

/* Where c is among the codes; count when it is not there. */
static unsigned
find(const struct learned *l, uint32_t c)
{
	unsigned low = 0, high = l->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (l->codes[middle] == c)
			return middle;
		if (l->codes[middle] < c)
			low = middle + 1;
		else
			high = middle;
	}
	return l->count;
}

static enum fsock__step
encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	const struct learned *l = (const struct learned *)(const void *)charset;
	struct fsock__span *s = &job->span;
	enum fsock__step step;
	unsigned at;
	uint32_t c;

	while (s->src < s->src_end) {
		if (s->dst == s->dst_end)
			return FSOCK__FULL;
		step = fsock__utf8_next(job, &c);
		if (step != FSOCK__DONE)
			return step;
		at = find(l, c);
		if (at == l->count) {
			job->code_point = c;
			return FSOCK__UNMAPPABLE;
		}
		*s->dst++ = l->octets[at];
		s->src += job->bad;
	}
	return FSOCK__DONE;
}

static const struct fsock__charset_ops ops = { decode, encode, NULL };

/* Asks the libc; NULL with errno when it does not know the name or the charset is another kind. */
static struct learned *
make(const char *name)
{
	struct learned *l;
	iconv_t cd = iconv_open("UTF-8", name);
	int result;

	if (cd == (iconv_t)-1)
		return NULL;
	l = calloc(1, sizeof *l);
	if (l == NULL)
		goto err1;
	memcpy(l->name, name, strlen(name) + 1);
	l->charset.name = l->name;
	l->charset.ops = &ops;
	l->charset.flags = FSOCK_CHARSET_ONE_OCTET | FSOCK_CHARSET_ICONV;
	l->charset.minimum = l->charset.maximum = 1;
	result = learn(l, cd);
	iconv_close(cd);
	if (result == 0)
		return l;
	free(l);
	errno = EINVAL;
	return NULL;
err1:
	iconv_close(cd);
	errno = ENOMEM;
	return NULL;
}

/*
 * A name that means itself to every libc: no "//TRANSLIT", and no "", which is the locale's
 * charset. glibc leaves out octets that no name has, and so takes "%" for "".
 */
static int
is_plain(const char *name)
{
	static const char octets[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789-_.:";
	size_t n = name != NULL ? strspn(name, octets) : 0;

	return n > 0 && name[n] == '\0' && n < sizeof((struct learned *)0)->name;
}

/* The pointer to the charset of that name, or the NULL at the end of the list. */
static struct learned **
place_of(const char *name)
{
	struct learned **place = &learned;

	while (*place != NULL && strcmp((*place)->name, name) != 0)
		place = &(*place)->next;
	return place;
}

static struct learned *
known(const char *name)
{
	struct learned *l;

	fsock__lock_take(fsock__lock_the(FSOCK__LOCK_CHARSETS));
	l = *place_of(name);
	fsock__lock_give(fsock__lock_the(FSOCK__LOCK_CHARSETS));
	return l;
}

/* Enters a charset; the same one that another thread has entered meanwhile is kept instead. */
static struct learned *
enter(struct learned *l)
{
	struct learned **place, *kept;

	fsock__lock_take(fsock__lock_the(FSOCK__LOCK_CHARSETS));
	place = place_of(l->name);
	if (*place == NULL)
		*place = l;
	kept = *place;
	fsock__lock_give(fsock__lock_the(FSOCK__LOCK_CHARSETS));
	if (kept != l)
		free(l);
	return kept;
}

/* see fsock/codec.h */
const struct fsock_charset *
fsock_charset_find_or_iconv(const char *name)
{
	const struct fsock_charset *own = fsock_charset_find(name);
	struct learned *l;
	int before = errno;

	if (own)
		return own;
	if (!is_plain(name)) {
		errno = EINVAL;
		return NULL;
	}
	fsock__process_watch();
	l = known(name);
	if (l == NULL) {
		l = make(name);
		if (l == NULL)
			return NULL;
		l = enter(l);
	}
	errno = before; /* asking sets EILSEQ for octets that are unmapped */
	return &l->charset;
}

#else

/* see fsock/codec.h */
const struct fsock_charset *
fsock_charset_find_or_iconv(const char *name)
{
	const struct fsock_charset *own = fsock_charset_find(name);

	if (own == NULL)
		errno = EINVAL;
	return own;
}

#endif

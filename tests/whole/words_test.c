/* The line of an error names the culprit: the word, the charset, the character and its place. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"

/* Each does what fails, and returns whether it has failed. `s`, `peer` are a pair, `f` its FILE. */
struct world {
	fsock *s, *peer;
	FILE *f;
	char line[80];
};

static int
parse(struct world *w, const char *text)
{
	struct fsock_format format;

	(void)w;
	return fsock_format_parse(&format, text) < 0;
}

static int
open_mode(struct world *w, const char *mode)
{
	(void)w;
	return fsockopen("127.0.0.1", 1, mode) == NULL;
}

static int
connect_to(struct world *w, const char *host)
{
	(void)w;
	return fsock_connect(host, 0, NULL) == NULL;
}

static int
listen_on(struct world *w, const char *host)
{
	(void)w;
	return fsock_listen(host, 0, NULL) == NULL;
}

/* Where the options are given, not when a stream is opened. */
static int
connect_with(struct world *w, const char *format)
{
	struct fsock_options options = { .format = format, .nonblocking = FSOCK_ON };

	(void)w;
	return fsock_connect("127.0.0.1", 1, &options) == NULL;
}

static int
pair_with(struct world *w, const char *format)
{
	fsock *ends[2];

	(void)w;
	return fsock_pair(ends, &(struct fsock_options){ .format = format }) < 0;
}

static int
set_format(struct world *w, const char *format)
{
	return fsock_set_format(w->f, format) < 0;
}

static int
write_latin(struct world *w, const char *text)
{
	fsock_set_format(w->f, "latin-1,crlf");
	fputs("first\nsecond ", w->f);
	fflush(w->f);
	fputs(text, w->f);
	return fflush(w->f) < 0;
}

/* In two writes, and then once more: what failed stays. */
static int
write_cut(struct world *w, const char *text)
{
	fsock_set_format(w->f, "ascii");
	fwrite(text, 1, 1, w->f);
	fflush(w->f);
	fputs(text + 1, w->f);
	fflush(w->f);
	clearerr(w->f);
	fputs("x", w->f);
	return fflush(w->f) < 0;
}

static int
close_behind(struct world *w, const char *text)
{
	write_latin(w, text);
	w->f = NULL;
	return fsock_close(w->s) < 0 && ((w->s = NULL), 1);
}

static int
read_with(struct world *w, const char *format, const char *octets)
{
	fsock_send(w->peer, octets, strlen(octets), NULL);
	fsock_set_format(w->f, format);
	while (fgets(w->line, sizeof w->line, w->f) != NULL)
		;
	return ferror(w->f);
}

static int
read_utf8(struct world *w, const char *octets)
{
	return read_with(w, "utf-8", octets);
}

static int
read_strict(struct world *w, const char *octets)
{
	return read_with(w, "crlf-strict,reject-lf", octets);
}

static int
upgrade_behind(struct world *w, const char *octets)
{
	fsock_send(w->peer, octets, strlen(octets), NULL);
	fgets(w->line, sizeof w->line, w->f);
	return fsock_upgrade(w->s) < 0;
}

static int
recode_file(struct world *w, const char *path)
{
	(void)w;
	return fsock_recode(fopen(path, "r"), "r", "latin-1") == NULL;
}

static int
adopt_records(struct world *w, const char *unused)
{
	int fds[2], has_failed;

	(void)w, (void)unused;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	has_failed = fsock_adopt(fds[0], NULL) == NULL;
	close(fds[0]);
	close(fds[1]);
	return has_failed;
}

static const struct row {
	int (*run)(struct world *, const char *arg);
	const char *arg;
	int errnum;
	const char *text;
} rows[] = {
	{ parse, "latin-2x", EINVAL, "format of latin-2x: unknown charset latin-2x" },
	{ parse, "crlf,eol=crfl", EINVAL, "format of crlf,eol=crfl: unknown line end crfl" },
	{ parse, "errors=x", EINVAL, "format of errors=x: unknown policy for errors x" },
	{ parse, "utf-8,bom=x", EINVAL,
	    "format of utf-8,bom=x: unknown rule for byte order marks =x" },
	{ parse, "utf-8,koi8-r", EINVAL, "format of utf-8,koi8-r: a second charset koi8-r" },
	{ parse, "lf,cr", EINVAL, "format of lf,cr: a second line end cr" },
	{ parse, "binary,lf", EINVAL, "format of binary,lf: no other word goes with binary" },
	{ parse, "bom=strip", EINVAL, "format of bom=strip: a byte order mark needs a charset" },
	{ parse, "auto,reject-cr", EINVAL,
	    "format of auto,reject-cr: with auto no line end is rejected" },
	{ parse, "lf,", EINVAL, "format of lf,: a word is missing" },
	{ open_mode, "", EINVAL, "open mode: a part is missing" },
	{ set_format, "x", EINVAL, "format of x: unknown charset x" },
	{ open_mode, "q", EINVAL, "open mode of q: unknown access q" },
	{ open_mode, "r+,crlf,lf", EINVAL, "open mode of r+,crlf,lf: a second line end lf" },
	{ open_mode, "r+,latin-2x", EINVAL, "open mode of r+,latin-2x: unknown part latin-2x" },
	{ open_mode, "r+, fast", EINVAL, "open mode of r+, fast: unknown part fast" },
	{ open_mode, "r,fast", EINVAL, "open mode of r,fast: unknown part fast" },
	{ open_mode, "r,timeout=x", EINVAL, "open mode of r,timeout=x: unknown part timeout=x" },
	{ open_mode, "r,ccs=x", EINVAL, "open mode of r,ccs=x: unknown charset x" },
	{ connect_with, "latin-2x", EINVAL,
	    "connect to 127.0.0.1 port 1: format latin-2x: unknown charset latin-2x" },
	{ pair_with, "crfl", EINVAL, "pair: format crfl: unknown charset crfl" },
	{ connect_to, "http://127.0.0.1", EHOSTUNREACH,
	    "connect to http://127.0.0.1: http://127.0.0.1 is no host; did you mean 127.0.0.1?" },
	{ connect_to, "https://a.example:8080/x", EHOSTUNREACH,
	    "connect to https://a.example:8080/x: https://a.example:8080/x is no host; "
	    "did you mean a.example and port 8080?" },
	{ connect_to, "a.example:80", EHOSTUNREACH,
	    "connect to a.example:80: a.example:80 is no host; did you mean a.example and port "
	    "80?" },
	{ connect_to, "127.0.0.1", EINVAL, "connect to 127.0.0.1: there is no port 0" },
	{ listen_on, "127.0.0.1:80", EHOSTUNREACH,
	    "listen on 127.0.0.1:80: 127.0.0.1:80 is no host; did you mean 127.0.0.1 and port "
	    "80?" },
	{ write_latin, "\xC3\xA4\xE2\x82\xAC", EILSEQ,
	    "write: U+20AC cannot be written in iso-8859-1 (character 9 of its line)" },
	{ write_latin, "\n\xE2\x82\xAC", EILSEQ,
	    "write: U+20AC cannot be written in iso-8859-1 (character 1 of its line)" },
	{ write_latin, "a\xFF", EILSEQ, "write: FF is no UTF-8 (character 9 of its line)" },
	{ write_cut, "\xE2\x82\xAC", EILSEQ,
	    "write: U+20AC cannot be written in us-ascii (character 1 of its line)" },
	{ close_behind, "\xE2\x82\xAC", EILSEQ,
	    "close: U+20AC cannot be written in iso-8859-1 (character 8 of its line)" },
	{ read_utf8, "one\ntwo \xC3(\n", EILSEQ, "read: C3 is no utf-8 (octet 9 of the input)" },
	{ read_strict, "one\r\ntw\no\r\n", EILSEQ,
	    "read: LF is no line end here (octet 8 of the input)" },
	{ upgrade_behind, "go\nclear text\n", EBUSY,
	    "upgrade: the peer sent 11 octets before the upgrade" },
	{ upgrade_behind, "go\n!", EBUSY, "upgrade: the peer sent 1 octet before the upgrade" },
	{ recode_file, "/no/such/file", ENOENT, "recode: No such file or directory" },
	{ adopt_records, "", ESOCKTNOSUPPORT,
	    "adopt: SOCK_SEQPACKET: neither a stream nor datagrams" },
};

START_TEST(names_the_culprit)
{
	const struct row *row = &rows[_i];
	struct world w = { .s = NULL };
	fsock *ends[2];
	int error;

	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	w.s = ends[0];
	w.peer = ends[1];
	w.f = fsock_stream(w.s);
	ck_assert(row->run(&w, row->arg));
	error = errno;
	ck_assert_str_eq(fsock_last_error()->text, row->text);
	ck_assert_int_eq(error, row->errnum);
	ck_assert_int_eq(fsock_last_error()->errnum, row->errnum);
	fsock_abort(w.s);
	fsock_abort(w.peer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("words");
	TCase *tests = tcase_create("words");

	tcase_add_loop_test(tests, names_the_culprit, 0, COUNT(rows));
	suite_add_tcase(suite, tests);
	return sock_run(suite);
}

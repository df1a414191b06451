/*
 * flexi-streams' own files through sockets: every form of a text (charset and line ends) read from
 * one socket and written to another in each other form, with arrivals of 1, 2, 3 and 7 octets and
 * whole; what comes out must be those files, octet for octet. FSOCK_FLEXI names their directory;
 * the default is where Debian's cl-flexi-streams puts them.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include <stdint.h>

#include <fsock.h>

#include "../support/sock_support.h"

#define DEFAULT_DIRECTORY "/usr/share/common-lisp/source/cl-flexi-streams/test"

static const char *const eols[] = { "lf", "cr", "crlf" };

/* A charset's tag in the files' names, what follows the line ends there, and its name here. */
struct tag {
	const char *tag, *after, *charset;
};
#define UTF8                        \
	{                           \
		"utf8", "", "utf-8" \
	}

static const struct text {
	const char *name;
	struct tag tags[5];
} texts[] = {
	{ "kafka", { UTF8, { "latin1", "", "latin1" }, { "cp1252", "", "cp1252" } } },
	{ "tilton", { UTF8, { "ascii", "", "ascii" } } },
	{ "mac_chars", { UTF8, { "mac", "", "mac" } } },
	{ "hebrew", { UTF8, { "latin8", "", "hebrew" } } },
	{ "russian", { UTF8, { "koi8r", "", "koi8r" } } },
	{ "xjt", { { "gbk", "", "gbk" } } },
	{ "unicode_demo", { UTF8, { "ucs2", "_le", "ucs-2le" }, { "ucs2", "_be", "ucs-2be" },
			      { "ucs4", "_le", "ucs-4le" }, { "ucs4", "_be", "ucs-4be" } } },
};

static const size_t pieces[] = { 0, 1, 2, 3, 7 };

static const char *directory;

/* A form of a text: a file. */
struct form {
	char format[32];
	size_t length;
	char data[65536];
};

static struct form forms[15], result;

/* Reads all forms of a text. Returns how many there are. */
static int
read_forms(const struct text *text)
{
	char path[1024];
	int n = 0;

	for (int i = 0; i < 5 && text->tags[i].tag != NULL; i++)
		for (int k = 0; k < COUNT(eols); k++) {
			const struct tag *tag = &text->tags[i];
			struct form *form = &forms[n++];
			FILE *f;

			snprintf(form->format, sizeof form->format, "%s,%s", tag->charset, eols[k]);
			snprintf(path, sizeof path, "%s/%s_%s_%s%s.txt", directory, text->name,
			    tag->tag, eols[k], tag->after);
			f = fopen(path, "rb");
			ck_assert_msg(f != NULL, "%s: cannot be read", path);
			form->length = fread(form->data, 1, sizeof form->data, f);
			ck_assert_uint_lt(form->length, sizeof form->data);
			fclose(f);
		}
	return n;
}

/* The library receives so many octets at the most. */
static size_t most;

ssize_t __real_recv(int fd, void *buf, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t n, int flags);

ssize_t
__wrap_recv(int fd, void *buf, size_t n, int flags)
{
	return __real_recv(fd, buf, n < most ? n : most, flags);
}

/* Sends a form. */
struct feed {
	const struct form *form;
	int fd;
};

static void
feed(void *arg)
{
	const struct feed *job = arg;
	ssize_t n = 1;

	for (size_t i = 0; i < job->form->length && n > 0; i += (size_t)n)
		n = send(job->fd, job->form->data + i, job->form->length - i, 0);
	shutdown(job->fd, SHUT_WR);
}

/* Copies text from one stream to the other by lines or by blocks. */
static void
copy(FILE *in, FILE *out, int by_lines)
{
	static char block[8192];
	char *line = NULL;
	size_t n = 0;
	ssize_t length;

	if (by_lines)
		while ((length = getline(&line, &n, in)) > 0)
			fwrite(line, 1, (size_t)length, out);
	else
		while ((n = fread(block, 1, sizeof block, in)) > 0)
			fwrite(block, 1, n, out);
	free(line);
	ck_assert_msg(!ferror(in), "%s", fsock_last_error()->text);
	ck_assert_msg(!ferror(out), "%s", fsock_last_error()->text);
}

static void
convert(const struct form *from, const struct form *to, size_t piece, int by_lines)
{
	struct sock_thread thread;
	struct feed job = { from, -1 };
	int in[2], out[2];
	fsock *reader, *writer;

	most = piece == 0 ? SIZE_MAX : piece;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, in), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, out), 0);
	reader = fsock_adopt(in[0], &(struct fsock_options){ .format = from->format });
	writer = fsock_adopt(out[0], &(struct fsock_options){ .format = to->format });
	job.fd = in[1];
	sock_thread_start(&thread, feed, &job);
	copy(by_lines ? fsock_stream(reader) : fsock_input(reader),
	    by_lines ? fsock_stream(writer) : fsock_output(writer), by_lines);
	ck_assert_int_eq(fsock_close(writer), 0);
	result.length = (size_t)sock_read_all(out[1], result.data, sizeof result.data);
	sock_thread_join(&thread);
	ck_assert_int_eq(fsock_close(reader), 0);
	close(in[1]);
	close(out[1]);
	if (result.length != to->length || memcmp(result.data, to->data, to->length) != 0)
		ck_abort_msg("%s to %s, pieces of %zu, by %s: differs", from->format, to->format,
		    piece, by_lines ? "lines" : "blocks");
}

/* Every form to each other one, arriving whole; and to one of them in pieces. */
START_TEST(every_way)
{
	int n = read_forms(&texts[_i % COUNT(texts)]), by_lines = _i / COUNT(texts) % 2;
	size_t piece = pieces[_i / COUNT(texts) / 2];

	for (int i = 0; i < n; i++)
		for (int k = 0; k < n; k++)
			if (piece == 0 || k == (i + (int)piece) % n)
				convert(&forms[i], &forms[k], piece, by_lines);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("text flexi-streams files");
	TCase *tcase = tcase_create("files");
	char path[1024];

	directory = getenv("FSOCK_FLEXI") ? getenv("FSOCK_FLEXI") : DEFAULT_DIRECTORY;
	snprintf(path, sizeof path, "%s/kafka_utf8_lf.txt", directory);
	if (access(path, R_OK) < 0) {
		fprintf(stderr,
		    "SKIPPED: no flexi-streams files in %s (package cl-flexi-streams, or set "
		    "FSOCK_FLEXI)\n",
		    directory);
		return 0;
	}
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, every_way, 0, COUNT(texts) * 2 * COUNT(pieces));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

/* Python's web server, read with fgets() and fread(). */
#include "../../src/base/compat.h"

#include <stdlib.h>

#include <check.h>

#include <fsock.h>

#include "support/peer.h"
#include "support/traffic.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

/* HTTP/1.0 ends an answer by closing, HTTP/1.1 by its length: then more requests may follow. */
static const struct server {
	const char *host, *protocol;
} servers[] = {
	{ "127.0.0.1", "HTTP/1.0" },
	{ "127.0.0.1", "HTTP/1.1" },
	{ "::1", "HTTP/1.0" },
	{ "::1", "HTTP/1.1" },
};

static const struct request {
	const char *method, *path;
	int status;
	size_t length; /* of the file */
} requests[] = {
	{ .method = "GET", .path = "/lines", .status = 200, .length = 21 },
	{ .method = "HEAD", .path = "/lines", .status = 200, .length = 21 },
	{ .method = "GET", .path = "/empty", .status = 200, .length = 0 },
	{ .method = "GET", .path = "/large", .status = 200, .length = 9 << 20 },
	{ .method = "GET", .path = "/odd", .status = 200, .length = 65537 },
	{ .method = "GET", .path = "/none", .status = 404 },
	{ .method = "POST", .path = "/lines", .status = 501 },
	{ .method = "GET", .path = "/lines", .status = 200, .length = 21 },
};

/* Makes the file of a request. Returns the checksum of what is in it. */
static uint64_t
make_file(const struct request *r)
{
	FILE *file = fopen(peer_path(r->path + 1), "w");
	char *buf = malloc(r->length + 1);
	struct traffic_sum sum = { 0 };
	uint64_t state = r->length;

	if (strcmp(r->path, "/lines") == 0)
		memcpy(buf, "one\ntwo\r\n\nfour\0\nlast\n", r->length);
	else
		traffic_fill(&state, buf, r->length);
	traffic_add(&sum, buf, r->length);
	ck_assert_uint_eq(fwrite(buf, 1, r->length, file), r->length);
	ck_assert_int_eq(fclose(file), 0);
	free(buf);
	return traffic_total(&sum);
}

/* Sends a request on a stream. */
static void
ask(FILE *f, const struct server *server, const struct request *r)
{
	ck_assert_int_gt(fprintf(f, "%s %s %s\r\nHost: %s\r\nContent-Length: 0\r\n\r\n", r->method,
			     r->path, server->protocol, server->host),
	    0);
}

/* Reads the header of an answer. Returns the length it announces. */
static size_t
read_header(FILE *f, const struct server *server, const struct request *r)
{
	char line[1000], expected[32];
	size_t length = 0;
	int lines = 0;

	ck_assert_msg(fgets(line, sizeof line, f) != NULL, "%s", fsock_last_error()->text);
	snprintf(expected, sizeof expected, "%s %d ", server->protocol, r->status);
	ck_assert_int_eq(strncmp(line, expected, strlen(expected)), 0);
	for (;;) {
		ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
		if (strcmp(line, "\r\n") == 0)
			break;
		sscanf(line, "Content-Length: %zu", &length);
		lines++;
	}
	ck_assert_int_ge(lines, 3);
	return length;
}

/* Reads and compares an answer. */
static void
check_answer(FILE *f, const struct server *server, const struct request *r)
{
	size_t length = read_header(f, server, r), n;
	struct traffic_sum sum = { 0 };
	uint64_t file_sum;
	char *body;

	if (strcmp(r->method, "HEAD") == 0) {
		ck_assert_uint_eq(length, r->length);
		return;
	}
	body = malloc(length + 1);
	n = fread(body, 1, length, f);
	ck_assert_uint_eq(n, length);
	if (r->status == 200) {
		file_sum = make_file(r);
		ck_assert_uint_eq(length, r->length);
		traffic_add(&sum, body, n);
		ck_assert_uint_eq(traffic_total(&sum), file_sum);
	}
	free(body);
}

static void
start(struct peer *p, const struct server *server, int *port)
{
	char command[256];

	snprintf(command, sizeof command,
	    "cd $DIR && exec python3 -u -c 'import http.server as h;"
	    "h.test(h.SimpleHTTPRequestHandler, h.ThreadingHTTPServer, \"%s\", 0, \"%s\")'",
	    server->protocol, server->host);
	peer_start(p, command, server->host, 0);
	ck_assert_int_eq(
	    sscanf(peer_await(p->from, "Serving HTTP"), "Serving HTTP on %*s port %d", port), 1);
}

START_TEST(documents)
{
	const struct server *server = &servers[_i];
	int keeps = strcmp(server->protocol, "HTTP/1.1") == 0, port;
	FILE *f = NULL;
	struct peer p;

	if (peer_is_missing("python3") || peer_cannot_use(server->host))
		return;
	for (int i = 0; i < COUNT(requests); i++)
		if (requests[i].status == 200)
			make_file(&requests[i]);
	start(&p, server, &port);
	for (int i = 0; i < COUNT(requests); i++) {
		int last = !keeps || requests[i].status >= 400; /* which ends the connection */

		if (f == NULL)
			f = fsockopen(server->host, port, "r+,timeout=20");
		ck_assert_msg(f != NULL, "%s", fsock_last_error()->text);
		ask(f, server, &requests[i]);
		check_answer(f, server, &requests[i]);
		if (!last)
			continue;
		ck_assert_int_eq(getc(f), EOF);
		ck_assert(feof(f) && !ferror(f));
		ck_assert_int_eq(fclose(f), 0);
		f = NULL;
	}
	if (f != NULL)
		ck_assert_int_eq(fclose(f), 0);
	peer_kill(&p);
}
END_TEST

static Suite *
python_http_suite(void)
{
	Suite *suite = suite_create("python_http");
	TCase *tcase = tcase_create("python_http");

	tcase_add_unchecked_fixture(tcase, peer_make_directory, peer_remove_directory);
	tcase_add_loop_test(tcase, documents, 0, COUNT(servers));
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(python_http_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* curl as the client of examples/http_server.c, a web server made of fgets() and fprintf(). */
#include "../../src/base/compat.h"

#include <stdlib.h>

#include <check.h>

#include <fsock.h>

#include "support/peer.h"
#include "support/traffic.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

/*
 * curl sends $DIR/in, of `length` octets, where it is told to, and writes what comes to $DIR/out.
 * It says of each transfer its status, how many connections it made for it, how much it received.
 */
static const struct row {
	const char *arguments;
	size_t length;
	const char *body; /* what it receives; NULL for what it sent */
	const char *says[4];
} rows[] = {
	{ .arguments = "-o $DIR/out $URL/path", .body = "/path", .says = { "200 1 5\n" } },
	{ .arguments = "-0 -o $DIR/out $URL/path", .body = "/path", .says = { "200 1 5\n" } },
	{ .arguments = "-o $DIR/out -d '' $URL/", .body = "", .says = { "200 1 0\n" } },
	{ .arguments = "-o $DIR/out --data-binary @$DIR/in $URL/",
	    .length = 1,
	    .says = { "200 1 1\n" } },
	{ .arguments = "-o $DIR/out --data-binary @$DIR/in $URL/",
	    .length = 8193,
	    .says = { "200 1 8193\n" } },
	{ .arguments = "-o $DIR/out -H 'Expect: 100-continue' --data-binary @$DIR/in $URL/",
	    .length = 100000,
	    .says = { "200 1 100000\n" } },
	{ .arguments = "-o $DIR/out --data-binary @$DIR/in $URL/",
	    .length = 64 << 20,
	    .says = { "200 1 67108864\n" } },
	{ .arguments = "-o $DIR/out $URL/1 -o $DIR/out $URL/two -o $DIR/out $URL/3",
	    .body = "/3",
	    .says = { "200 1 2\n", "200 0 4\n", "200 0 2\n" } },
	{ .arguments = "-o $DIR/out --data-binary @$DIR/in $URL/ -o $DIR/out $URL/ "
		       "--next -sS -w '%{http_code} %{num_connects} %{size_download}\\n' "
		       "-o $DIR/out $URL/now-get",
	    .length = 3 << 20,
	    .body = "/now-get",
	    .says = { "200 1 3145728\n", "200 0 3145728\n", "200 0 8\n" } },
};

static uint64_t
make_input(size_t length)
{
	FILE *file = fopen(peer_path("in"), "w");
	char *buf = malloc(length + 1);
	struct traffic_sum sum = { 0 };
	uint64_t state = length;

	traffic_fill(&state, buf, length);
	traffic_add(&sum, buf, length);
	ck_assert_uint_eq(fwrite(buf, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
	free(buf);
	return traffic_total(&sum);
}

static uint64_t
sum_of_output(void)
{
	FILE *file = fopen(peer_path("out"), "r");
	struct traffic_sum sum = { 0 };
	char buf[65536];
	size_t n;

	ck_assert_ptr_nonnull(file);
	while ((n = fread(buf, 1, sizeof buf, file)) > 0)
		traffic_add(&sum, buf, n);
	fclose(file);
	return traffic_total(&sum);
}

static uint64_t
sum_of_text(const char *text)
{
	struct traffic_sum sum = { 0 };

	traffic_add(&sum, text, strlen(text));
	return traffic_total(&sum);
}

START_TEST(transfers)
{
	const struct row *row = &rows[_i];
	uint64_t sum = make_input(row->length);
	struct peer server, curl;
	char command[512], line[256];
	int i;

	if (peer_is_missing("curl"))
		return;
	peer_start(&server, "exec build/cc/examples/http_server 0 1", "", 0);
	snprintf(command, sizeof command,
	    "URL=http://$HOST:$PORT;"
	    "exec curl --noproxy '*' -sS -w '%%{http_code} %%{num_connects} %%{size_download}\\n' "
	    "%s",
	    row->arguments);
	peer_start(&curl, command, "127.0.0.1", peer_last_number(peer_await(server.from, "port")));
	for (i = 0; i < 4 && row->says[i] != NULL; i++) {
		ck_assert_ptr_nonnull(fgets(line, sizeof line, curl.from));
		ck_assert_str_eq(line, row->says[i]);
	}
	ck_assert_ptr_null(fgets(line, sizeof line, curl.from));
	ck_assert_ptr_null(fgets(line, sizeof line, curl.log));
	ck_assert_int_eq(peer_end(&curl), 0);
	ck_assert_int_eq(peer_end(&server), 0);
	if (row->body != NULL)
		sum = sum_of_text(row->body);
	ck_assert_uint_eq(sum_of_output(), sum);
}
END_TEST

static Suite *
curl_suite(void)
{
	Suite *suite = suite_create("curl");
	TCase *tcase = tcase_create("curl");

	tcase_add_unchecked_fixture(tcase, peer_make_directory, peer_remove_directory);
	tcase_add_loop_test(tcase, transfers, 0, COUNT(rows));
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(curl_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

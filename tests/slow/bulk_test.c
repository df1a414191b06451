/* Two gigabytes and more through a stream, as blocks and as lines; checksums at both ends agree. */
#include "../../src/base/compat.h"

#include <pthread.h>
#include <stdlib.h>

#include <check.h>

#include <fsock.h>

#include "support/peer_link.h"
#include "support/traffic.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

#define TOTAL ((uint64_t)2 << 30) /* more than an int can count */

/* A way to write or to read it all. Both add to a checksum what passes. */
typedef void sender(FILE *, struct traffic_sum *);
typedef void receiver(FILE *, struct traffic_sum *);

static const struct fsock_options patience = { .timeout = 60 };

/* A thread's part, and how it went. */
struct task {
	sender *send;
	FILE *out;
	struct traffic_sum sum;
	off_t position;
	int closed;
};

static void
send_blocks(FILE *out, struct traffic_sum *sum)
{
	static char block[65536];
	uint64_t state = 1;

	while (sum->count < TOTAL) {
		traffic_fill(&state, block, sizeof block);
		traffic_add(sum, block, sizeof block);
		if (fwrite(block, 1, sizeof block, out) < sizeof block)
			return;
	}
}

/* In pieces that fit no buffer. */
static void
receive_blocks(FILE *in, struct traffic_sum *sum)
{
	static char block[60000];
	size_t n;

	while ((n = fread(block, 1, sizeof block, in)) > 0)
		traffic_add(sum, block, n);
}

/* Lines of 1 to 130 octets, each with its number in it. */
static void
send_lines(FILE *out, struct traffic_sum *sum)
{
	static const char text[] = "how much wood would a woodchuck chuck if it could chuck wood, "
				   "as much as it could if it could, and then the rest";
	char line[256];

	for (unsigned i = 0; sum->count < TOTAL; i++) {
		int length = (int)(i * 7919u % (sizeof text - 1));
		int n =
		    i % 100 == 0 ? fprintf(out, "\n") : fprintf(out, "%u %.*s\n", i, length, text);

		if (n < 0)
			return;
		/* The checksum of what was meant, made by another function. */
		if (i % 100 == 0)
			strcpy(line, "\n");
		else
			n = snprintf(line, sizeof line, "%u %.*s\n", i, length, text);
		traffic_add(sum, line, (size_t)n);
	}
}

static void
receive_lines(FILE *in, struct traffic_sum *sum)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, in)) > 0)
		traffic_add(sum, line, (size_t)n);
	free(line);
}

static const struct {
	sender *send;
	receiver *receive;
} ways[] = {
	{ send_blocks, receive_blocks },
	{ send_lines, receive_lines },
};

static void *
run(void *arg)
{
	struct task *task = arg;

	task->send(task->out, &task->sum);
	task->position = ftello(task->out);
	task->closed = fclose(task->out);
	return NULL;
}

START_TEST(checksums)
{
	int kind = _i % 4; /* all but IPv6 */
	struct traffic_sum sum = { 0 };
	struct task task = { .send = ways[_i / 4].send };
	struct peer_link link;
	pthread_t thread;

	if (!peer_link_open(&link, kind, &patience))
		return;
	task.out = link.out[0];
	ck_assert_int_eq(pthread_create(&thread, NULL, run, &task), 0);
	ways[_i / 4].receive(link.in[1], &sum);
	ck_assert_msg(feof(link.in[1]) && !ferror(link.in[1]), "%s", fsock_last_error()->text);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(task.closed, 0);
	ck_assert_uint_ge(sum.count, TOTAL);
	ck_assert_uint_eq(sum.count, task.sum.count);
	ck_assert_uint_eq(traffic_total(&sum), traffic_total(&task.sum));
	ck_assert_int_eq(task.position, (off_t)sum.count);
	ck_assert_int_eq(ftello(link.in[1]), (off_t)sum.count);
	peer_link_close(&link, 0);
	peer_link_close(&link, 1);
}
END_TEST

static Suite *
bulk_suite(void)
{
	Suite *suite = suite_create("bulk");
	TCase *tcase = tcase_create("bulk");

	tcase_add_loop_test(tcase, checksums, 0, 4 * COUNT(ways));
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(bulk_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

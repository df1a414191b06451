/* Pairs: two ends of one connection, of every kind. */
#include "../../src/base/compat.h"

#include <sys/resource.h>

#include <fcntl.h>
#include <unistd.h>

#include <poll.h>

#include "../support/sock_support.h"

static const struct row {
	enum fsock_family family;
	int family_of_system;
	const char *host;
} rows[] = {
	{ FSOCK_ANY_FAMILY, AF_UNIX, "" },
	{ FSOCK_IPV4_FIRST, AF_UNIX, "" },
	{ FSOCK_IPV6_FIRST, AF_UNIX, "" },
	{ FSOCK_IPV4_ONLY, AF_INET, "127.0.0.1" },
	{ FSOCK_IPV6_ONLY, AF_INET6, "::1" },
};

/* A pair of the row's kind; 0 if there is no IPv6 here. */
static int
make(const struct row *row, const struct fsock_options *more, fsock *ends[2])
{
	struct fsock_options options =
	    more == NULL ? (struct fsock_options){ .timeout = 0 } : *more;

	if (row->family == FSOCK_IPV6_ONLY && !sock_has(SOCK_TCP6))
		return 0;
	options.family = row->family;
	errno = EDOM;
	ck_assert_msg(fsock_pair(ends, &options) == 0, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
	return 1;
}

START_TEST(both_ends)
{
	const struct row *row = &rows[_i];
	struct fsock_addr local, peer;
	char host[FSOCK_ADDR_TEXT_SIZE];
	fsock *ends[2];

	if (!make(row, NULL, ends))
		return;
	for (int i = 0; i < 2; i++) {
		int fd = fsock_socket(ends[i]);

		ck_assert_int_eq(fsock_is_stream(ends[i]), 1);
		ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
		ck_assert_int_eq(fsock_local_name(ends[i], &local), 0);
		ck_assert_int_eq(fsock_addr_family(&local), row->family_of_system);
		ck_assert_str_eq(fsock_addr_host(&local, host, sizeof host), row->host);
		ck_assert_int_eq(fsock_peer_name(ends[!i], &peer), 0);
		ck_assert_int_eq(fsock_addr_equal(&local, &peer), 1);
	}
	ck_assert_int_eq(fsock_close(ends[0]), 0);
	ck_assert_int_eq(fsock_close(ends[1]), 0);
}
END_TEST

/* Lines both ways over all streams, and the end of each way by itself. */
START_TEST(both_ways)
{
	fsock *ends[2];
	char line[64];

	if (!make(&rows[_i], NULL, ends))
		return;
	ck_assert_ptr_nonnull(
	    fsock_input(ends[0])); /* else the end of its output were its own end */
	for (int i = 0; i < 2; i++) {
		FILE *out = fsock_output(ends[i]), *in = fsock_input(ends[!i]);

		ck_assert_int_eq(fprintf(out, "from %d\n", i), 7);
		ck_assert_int_eq(fflush(out), 0);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
		ck_assert_int_eq(line[5] - '0', i);
		ck_assert_int_eq(fclose(out), 0);
		ck_assert_int_eq(fgetc(in), EOF);
		ck_assert_int_eq(ferror(in), 0);
		ck_assert_int_ne(feof(in), 0);
	}
	ck_assert_int_eq(fsock_close(ends[0]), 0);
	ck_assert_int_eq(fsock_close(ends[1]), 0);
}
END_TEST

START_TEST(options_of_both)
{
	fsock *ends[2];

	if (!make(&rows[_i], &(struct fsock_options){ .read_timeout = 0.02 }, ends))
		return;
	for (int i = 0; i < 2; i++) {
		double start = sock_now();

		ck_assert_int_eq(fgetc(fsock_stream(ends[i])), EOF);
		sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
		sock_assert_took(start, 0.02);
	}
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* Both ends are connected, whatever they do later. */
START_TEST(nonblocking_ends)
{
	fsock *ends[2];
	char line[8];

	if (!make(&rows[_i], &(struct fsock_options){ .nonblocking = FSOCK_ON }, ends))
		return;
	for (int i = 0; i < 2; i++) {
		ck_assert(!fsock_is_connecting(ends[i]));
		ck_assert(fsock_is_nonblocking(ends[i]));
		ck_assert_int_eq(fsock_send(ends[!i], "lin", 3, NULL), 3);
		sock_await(fsock_socket(ends[i]), POLLIN);
		ck_assert_ptr_null(fgets(line, sizeof line, fsock_stream(ends[i])));
		sock_assert_error(FSOCK_WOULD_BLOCK, EAGAIN); /* whole lines */
	}
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

START_TEST(nothing_to_store_in)
{
	int fds = sock_open_fds();

	ck_assert_int_eq(
	    fsock_pair(NULL, &(struct fsock_options){ .family = rows[_i].family }), -1);
	sock_assert_failed(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "pair: %s", strerror(EINVAL));
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* Fewer descriptors than a pair needs: nothing is stored, nothing is left open. */
struct scarce {
	const struct row *row;
	int spare;
};

static int
pair_with_few(void *arg)
{
	const struct scarce *scarce = arg;
	const struct fsock_options options = { .family = scarce->row->family };
	fsock *const mark = (fsock *)arg;
	fsock *ends[2] = { mark, mark };
	struct rlimit limit;
	int highest = -1, fd, before;

	SOCK_EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 64;
	SOCK_EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while ((fd = dup(2)) >= 0)
		highest = fd;
	for (int i = 0; i < scarce->spare; i++)
		close(highest - i);
	before = sock_open_fds();
	SOCK_EXPECT(fsock_pair(ends, &options) == -1);
	SOCK_EXPECT(errno == EMFILE);
	SOCK_EXPECT(fsock_last_error()->kind == FSOCK_TOO_MANY_FILES_ERROR);
	SOCK_EXPECT(ends[0] == mark && ends[1] == mark);
	SOCK_EXPECT(sock_open_fds() == before);
	return 0;
}

START_TEST(few_descriptors)
{
	const struct row *row = &rows[_i];
	struct scarce scarce = { .row = row };

	if (sock_is_watched() || (row->family == FSOCK_IPV6_ONLY && !sock_has(SOCK_TCP6)))
		return;
	for (; scarce.spare < (row->family_of_system == AF_UNIX ? 2 : 3); scarce.spare++)
		ck_assert_int_eq(sock_child(pair_with_few, &scarce), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pair");
	TCase *tcase = tcase_create("pair");

	tcase_add_loop_test(tcase, both_ends, 0, COUNT(rows));
	tcase_add_loop_test(tcase, both_ways, 0, COUNT(rows));
	tcase_add_loop_test(tcase, options_of_both, 0, COUNT(rows));
	tcase_add_loop_test(tcase, nonblocking_ends, 0, COUNT(rows));
	tcase_add_loop_test(tcase, nothing_to_store_in, 0, COUNT(rows));
	tcase_add_loop_test(tcase, few_descriptors, 0, COUNT(rows));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

/* Which hosts a hosts file names. */
#include "../../src/base/compat.h"

#include <fcntl.h>
#include <unistd.h>

#include "net/hosts_file.h"
#include "../support/sock_support.h"

#define SEVERAL "::1 a bc\n192.0.2.1  d\t e # f\n#g\n\n   192.0.2.2 h#i\n"

static const struct row {
	const char *text, *host;
	int has;
} rows[] = {
	{ "127.0.0.1 localhost\n", "localhost", 1 },
	{ "127.0.0.1 localhost", "localhost", 1 },
	{ "127.0.0.1\tLocalHost\r\n", "lOCALhOST", 1 },
	{ SEVERAL, "a", 1 },
	{ SEVERAL, "bc", 1 },
	{ SEVERAL, "d", 1 },
	{ SEVERAL, "e", 1 },
	{ SEVERAL, "h", 1 },
	{ SEVERAL, "b", 0 },
	{ SEVERAL, "bcd", 0 },
	{ SEVERAL, "c", 0 },
	{ SEVERAL, "f", 0 },
	{ SEVERAL, "g", 0 },
	{ SEVERAL, "i", 0 },
	{ SEVERAL, "::1", 0 },
	{ SEVERAL, "192.0.2.2", 0 },
	{ "127.0.0.1 a.test a\n", "a.test", 1 },
	{ "127.0.0.1 a.test\n", "a", 0 },
	{ "127.0.0.1 a[\n", "a{", 0 }, /* letters only have a lower case */
	{ "127.0.0.1 \n\n", "", 0 },
	{ "", "a", 0 },
};

static void
write_file(const char *path, size_t before, const char *text)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	for (size_t i = 0; i < before; i++)
		putc(i % 64 == 63 ? '\n' : '#', f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static int
has(const char *host)
{
	int fds = sock_open_fds(), r;

	errno = EDOM;
	r = fsock__hosts_file_has(sock_path("hosts"), host);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(sock_open_fds(), fds);
	return r;
}

START_TEST(named)
{
	const struct row *row = &rows[_i];

	write_file(sock_path("hosts"), 0, row->text);
	ck_assert_int_eq(has(row->host), row->has);
}
END_TEST

/* However the file falls into pieces. */
START_TEST(cut)
{
	char text[128];

	for (int n = 0; n < 64; n++) {
		snprintf(text, sizeof text, "1%*s some.test\n", n, "");
		write_file(sock_path("hosts"), 4096 - 64, text);
		ck_assert_int_eq(has("some.test"), 1);
		ck_assert_int_eq(has("some.tes"), 0);
	}
}
END_TEST

START_TEST(far_behind)
{
	write_file(sock_path("hosts"), FSOCK__HOSTS_FILE_MAX - 64, "1 near\n");
	ck_assert_int_eq(has("near"), 1);
	write_file(sock_path("hosts"), FSOCK__HOSTS_FILE_MAX + 4096, "1 far\n");
	ck_assert_int_eq(has("far"), 0);
}
END_TEST

START_TEST(no_file)
{
	ck_assert_int_eq(has("a"), 0);
	ck_assert_int_eq(fsock__hosts_file_has(sock_path(""), "a"), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hosts file");
	TCase *tcase = tcase_create("hosts file");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, named, 0, COUNT(rows));
	tcase_add_test(tcase, cut);
	tcase_add_test(tcase, far_behind);
	tcase_add_test(tcase, no_file);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

/* What counts as readable: what the kernel, the raw buffer and stdio hold, by every way to wait. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <unistd.h>

#include "../support/scene.h"
#include "../support/wait_support.h"

static void
octet(struct scene *c)
{
	scene_say(c, "x");
}

static void
both_lines(struct scene *c)
{
	scene_line_of_two(c);
	scene_hear(c, "two\n");
}

static void
part_of_a_line(struct scene *c)
{
	scene_say(c, "one\n");
	ck_assert_int_eq(getc(c->f), 'o');
	ck_assert_int_eq(getc(c->f), 'n');
}

static void
pushed_back(struct scene *c)
{
	both_lines(c);
	ck_assert_int_eq(ungetc('2', c->f), '2');
}

static void
other_pushed_back_in_part(struct scene *c)
{
	part_of_a_line(c);
	ck_assert_int_eq(ungetc('X', c->f), 'X');
	ck_assert_int_eq(getc(c->f), 'X');
}

static void
part_then_written(struct scene *c)
{
	part_of_a_line(c);
	ck_assert_int_ge(fputs("not sent yet", c->f), 0);
}

static void
written_only(struct scene *c)
{
	ck_assert_int_ge(fputs("not sent yet", c->f), 0);
}

static void
line_and_end(struct scene *c)
{
	scene_say(c, "one\n");
	scene_end(c);
	scene_hear(c, "one\n");
}

static void
end_was_read(struct scene *c)
{
	scene_end(c);
	ck_assert_int_eq(getc(c->f), EOF);
}

static void
shut_here(struct scene *c)
{
	ck_assert_int_eq(fsock_shutdown(c->s, FSOCK_INPUT), 0);
}

static void
input_closed_with_rest(struct scene *c)
{
	ck_assert_ptr_nonnull(fsock_output(c->s));
	scene_line_of_two(c);
	ck_assert_int_eq(fflush(c->f), 0);
	ck_assert_int_eq(fclose(c->f), 0);
}

static void
half_a_unit(struct scene *c)
{
	ck_assert_int_eq(write(c->peer, "a\0b", 3), 3);
	ck_assert_int_eq(getc(c->f), 'a');
}

static void
unit_and_a_half(struct scene *c)
{
	ck_assert_int_eq(write(c->peer, "a\0b\0c", 5), 5);
	ck_assert_int_eq(getc(c->f), 'a');
}

static void
bad_octet(struct scene *c)
{
	scene_say(c, "a\xff\n");
	ck_assert_int_eq(getc(c->f), 'a');
}

static void
bound_ahead(struct scene *c)
{
	ck_assert_int_eq(fsock_set_bound(c->f, 5), 0);
	scene_line_of_two(c);
}

static void
bound_lifted(struct scene *c)
{
	scene_bound_reached(c);
	ck_assert_int_eq(fsock_set_bound(c->f, UINT64_MAX), 0);
}

static void
bound_here(struct scene *c)
{
	ck_assert_int_eq(fsock_set_bound(c->f, 0), 0);
}

static void
unread_octet(struct scene *c)
{
	scene_say(c, "x");
	ck_assert_int_eq(fsock_read_byte(c->f), 'x');
	ck_assert_int_eq(fsock_unread_byte(c->f), 0);
}

static const struct fsock_options bytes = { .element_type = FSOCK_BYTE };
static const struct fsock_options utf16 = { .format = "utf-16le" };
static const struct fsock_options utf8 = { .format = "utf-8" };
static const struct fsock_options any_end = { .format = "auto" };

#if defined(__GLIBC__)
#define KEPT FSOCK_INPUT
#else
#define KEPT 0 /* stdio has dropped it, see fsock/stream.h */
#endif

static const struct scene_row rows[] = {
	{ "nothing, no stream", NULL, NONE, scene_nothing, 0, NULL, 0 },
	{ "nothing", NULL, TWO_WAY, scene_nothing, 0, NULL, 0 },
	{ "an octet, no stream", NULL, NONE, octet, FSOCK_INPUT, NULL, 0 },
	{ "an octet", NULL, TWO_WAY, octet, FSOCK_INPUT, NULL, 0 },
	{ "a line in the raw buffer", NULL, TWO_WAY, scene_line_of_two, FSOCK_INPUT, "two\n", 0 },
	{ "a line in stdio", NULL, INPUT, scene_line_of_two, FSOCK_INPUT, "two\n", 0 },
	{ "a line in stdio, two-way", &bytes, TWO_WAY, scene_line_of_two, FSOCK_INPUT, "two\n", 0 },
	{ "all read", NULL, TWO_WAY, both_lines, 0, NULL, 0 },
	{ "all read, one-way", NULL, INPUT, both_lines, 0, NULL, 0 },
	{ "part of a line read", NULL, TWO_WAY, part_of_a_line, FSOCK_INPUT, "e\n", 0 },
	{ "pushed back", NULL, TWO_WAY, pushed_back, FSOCK_INPUT, NULL, 0 },
	{ "pushed back, one-way", NULL, INPUT, pushed_back, FSOCK_INPUT, NULL, 0 },
	{ "another pushed back", NULL, INPUT, other_pushed_back_in_part, FSOCK_INPUT, "e\n", 0 },
	{ "part read, then written", NULL, TWO_WAY, part_then_written, KEPT, NULL, 0 },
	{ "only written", NULL, TWO_WAY, written_only, 0, NULL, 0 },
	{ "end", NULL, TWO_WAY, scene_end, FSOCK_INPUT | FSOCK_HANGUP, "", 0 },
	{ "end, no stream", NULL, NONE, scene_end, FSOCK_INPUT | FSOCK_HANGUP, NULL, 0 },
	{ "a line, then end", NULL, TWO_WAY, line_and_end, FSOCK_INPUT | FSOCK_HANGUP, "", 0 },
	{ "end was read", NULL, TWO_WAY, end_was_read, FSOCK_INPUT | FSOCK_HANGUP, "", 0 },
	{ "shut down here", NULL, TWO_WAY, shut_here, FSOCK_INPUT | FSOCK_HANGUP, "", 0 },
	{ "input stream closed", NULL, INPUT, input_closed_with_rest, FSOCK_INPUT, NULL, 0 },
	{ "an octet unread", NULL, TWO_WAY, unread_octet, FSOCK_INPUT, NULL, 0 },
	{ "half a character", &utf16, INPUT, half_a_unit, 0, NULL, 0 },
	{ "half a character, two-way", &utf16, TWO_WAY, half_a_unit, 0, NULL, 0 },
	{ "a character and a half", &utf16, INPUT, unit_and_a_half, FSOCK_INPUT, NULL, 0 },
	{ "no character", &utf8, TWO_WAY, bad_octet, FSOCK_INPUT, NULL, EILSEQ },
	{ "LF of a CR", &any_end, TWO_WAY, scene_cr_with_lf, 0, NULL, 0 },
	{ "LF of a CR, and more", &any_end, TWO_WAY, scene_cr_with_lf_and_more, FSOCK_INPUT,
	    "two\n", 0 },
	{ "bound reached", NULL, TWO_WAY, scene_bound_reached, FSOCK_INPUT, "", 0 },
	{ "bound reached, one-way", NULL, INPUT, scene_bound_reached, FSOCK_INPUT, "", 0 },
	{ "bound ahead", NULL, TWO_WAY, bound_ahead, FSOCK_INPUT, "t", 0 },
	{ "bound to come", NULL, TWO_WAY, scene_bound_to_come, 0, NULL, 0 },
	{ "bound lifted", NULL, TWO_WAY, bound_lifted, FSOCK_INPUT, "two\n", 0 },
	{ "bound here", NULL, TWO_WAY, bound_here, FSOCK_INPUT, "", 0 },
};

START_TEST(readable)
{
	scene_play(&rows[_i % COUNT(rows)], _i / COUNT(rows));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("readable");
	TCase *tcase = tcase_create("readable");

	tcase_add_loop_test(tcase, readable, 0, COUNT(rows) * wait_ways() * SOCK_TRANSPORTS);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

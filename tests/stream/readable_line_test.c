/* What counts as readable where lines are delivered whole: one of them, or what ends them. */
#include "../../src/base/compat.h"

#include "../support/scene.h"
#include "../support/wait_support.h"

static void
half_a_line(struct scene *c)
{
	scene_say(c, "on");
}

static void
rest_of_the_line(struct scene *c)
{
	scene_say(c, "on");
	ck_assert_int_eq(wait_state(0, c->s, 0), 0);
	scene_say(c, "e\n");
}

static void
half_a_line_twice(struct scene *c)
{
	scene_say(c, "o");
	ck_assert_int_eq(wait_state(0, c->s, 0), 0);
	scene_say(c, "n");
}

static void
line_and_a_half(struct scene *c)
{
	scene_say(c, "one\ntw");
}

static void
half_left(struct scene *c)
{
	scene_say(c, "one\ntw");
	scene_hear(c, "one\n");
}

static void
half_and_end(struct scene *c)
{
	scene_say(c, "on");
	scene_end(c);
}

static void
half_looked_at_and_end(struct scene *c)
{
	scene_say(c, "on");
	ck_assert_int_eq(wait_state(0, c->s, 0), 0);
	scene_end(c);
}

static void
too_long(struct scene *c)
{
	scene_say(c, "12345678");
}

static void
nearly_too_long(struct scene *c)
{
	scene_say(c, "1234567");
}

static void
longest(struct scene *c)
{
	scene_say(c, "1234567\n");
}

static void
cr_then_lf(struct scene *c)
{
	scene_say(c, "one\r");
	scene_hear(c, "one\n");
	scene_say(c, "\n");
}

static void
half_a_line_end(struct scene *c)
{
	scene_say(c, "one\r");
}

static void
half_a_mark(struct scene *c)
{
	scene_say(c, "\xef\xbb");
}

static void
only_a_mark(struct scene *c)
{
	scene_say(c, "\xef\xbb\xbf");
}

static void
mark_and_line(struct scene *c)
{
	scene_say(c, "\xef\xbb\xbf"
		     "one\n");
}

static void
bound_in_line(struct scene *c)
{
	ck_assert_int_eq(fsock_set_bound(c->f, 2), 0);
	scene_say(c, "one\n");
}

static const struct fsock_options whole = { .delivery = FSOCK_DELIVER_WHOLE_LINE, .line_limit = 8 };
static const struct fsock_options whole_any_end = { .format = "auto",
	.delivery = FSOCK_DELIVER_WHOLE_LINE };
static const struct fsock_options whole_crlf = { .format = "latin-1,crlf",
	.delivery = FSOCK_DELIVER_WHOLE_LINE };
static const struct fsock_options whole_sniff = { .format = "utf-8,bom=sniff",
	.delivery = FSOCK_DELIVER_WHOLE_LINE };
static const struct fsock_options whole_binary = { .format = "binary",
	.delivery = FSOCK_DELIVER_WHOLE_LINE };

static const struct scene_row rows[] = {
	{ "whole line: bound in it", &whole, TWO_WAY, bound_in_line, FSOCK_INPUT, "on", 0 },
	{ "whole line: bound to come", &whole, TWO_WAY, scene_bound_to_come, 0, NULL, 0 },
	{ "whole line: bound reached", &whole, INPUT, scene_bound_reached, FSOCK_INPUT, "", 0 },
	{ "whole line: LF of a CR", &whole_any_end, TWO_WAY, cr_then_lf, 0, NULL, 0 },
	{ "whole line: LF with its CR", &whole_any_end, INPUT, scene_cr_with_lf, 0, NULL, 0 },
	{ "whole line: LF of a CR, and more", &whole_any_end, TWO_WAY, scene_cr_with_lf_and_more,
	    FSOCK_INPUT, "two\n", 0 },
	{ "whole line: CR of an LF", &whole_crlf, TWO_WAY, half_a_line_end, 0, NULL, 0 },
	{ "whole line: CR LF", &whole_crlf, TWO_WAY, scene_cr_with_lf_and_more, FSOCK_INPUT,
	    "two\n", 0 },
	{ "whole line: half a mark", &whole_sniff, TWO_WAY, half_a_mark, 0, NULL, 0 },
	{ "whole line: only a mark", &whole_sniff, TWO_WAY, only_a_mark, 0, NULL, 0 },
	{ "whole line: mark", &whole_sniff, TWO_WAY, mark_and_line, FSOCK_INPUT, "one\n", 0 },
	{ "whole line: but binary", &whole_binary, TWO_WAY, half_a_line, FSOCK_INPUT, NULL, 0 },
	{ "whole line: nothing", &whole, TWO_WAY, scene_nothing, 0, NULL, 0 },
	{ "whole line: no stream", &whole, NONE, half_a_line, FSOCK_INPUT, NULL, 0 },
	{ "whole line: half", &whole, TWO_WAY, half_a_line, 0, NULL, 0 },
	{ "whole line: half, one-way", &whole, INPUT, half_a_line, 0, NULL, 0 },
	{ "whole line: half by half", &whole, TWO_WAY, half_a_line_twice, 0, NULL, 0 },
	{ "whole line: it all", &whole, INPUT, rest_of_the_line, FSOCK_INPUT, "one\n", 0 },
	{ "whole line: and a half", &whole, TWO_WAY, line_and_a_half, FSOCK_INPUT, "one\n", 0 },
	{ "whole line: half left", &whole, TWO_WAY, half_left, 0, NULL, 0 },
	{ "whole line: one left", &whole, TWO_WAY, scene_line_of_two, FSOCK_INPUT, "two\n", 0 },
	{ "whole line: one left, one-way", &whole, INPUT, scene_line_of_two, FSOCK_INPUT, "two\n",
	    0 },
	{ "whole line: end", &whole, INPUT, scene_end, FSOCK_INPUT | FSOCK_HANGUP, "", 0 },
	{ "whole line: half, then end", &whole, INPUT, half_and_end, FSOCK_INPUT | FSOCK_HANGUP,
	    "on", 0 },
	{ "whole line: half, looked at, end", &whole, TWO_WAY, half_looked_at_and_end,
	    FSOCK_INPUT | FSOCK_HANGUP, "on", 0 },
	{ "whole line: too long", &whole, TWO_WAY, too_long, FSOCK_INPUT, NULL, EMSGSIZE },
	{ "whole line: nearly too long", &whole, TWO_WAY, nearly_too_long, 0, NULL, 0 },
	{ "whole line: longest", &whole, TWO_WAY, longest, FSOCK_INPUT, "1234567\n", 0 },
};

/* ---- The same rows of other records: lines of text turn into them. */

/* How long the records of a row are, whose end may never come. */
static size_t
record_length(const struct scene_row *row)
{
	size_t longest_one = row->options->line_limit;

	if (row->prepare == too_long)
		return longest_one + 1;
	return row->prepare == nearly_too_long || row->prepare == longest ? longest_one : 4;
}

/* What a line ends with is more than an octet, or it is lines alone that binary takes away. */
static int
is_of_lines_alone(const struct scene_row *row)
{
	return row->options == &whole_any_end || row->options == &whole_crlf ||
	       row->options == &whole_binary;
}

/* Of text only a delimiter is sought; and a count is known to be too much before any comes. */
static int
is_refused(const struct scene_row *row, const struct records_kind *kind)
{
	return (row->options->format != NULL && kind->record.kind > FSOCK_RECORD_DELIMITED) ||
	       (row->prepare == too_long && records_is_counted(kind));
}

/* Each row is played in all ways; then again, with another kind in each. */
START_TEST(readable)
{
	int turns = wait_ways() * SOCK_TRANSPORTS, turn = _i / COUNT(rows), k = _i % COUNT(rows);
	const struct scene_row *row = &rows[k];
	const struct records_kind *kind =
	    &records_from_lines[1 + (turn + k) % (RECORDS_FROM_LINES - 1)];

	if (turn < turns)
		scene_play(row, turn);
	else if (!is_of_lines_alone(row) && !is_refused(row, kind))
		scene_play_as(row, turn - turns, kind, record_length(row));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("readable line");
	TCase *tcase = tcase_create("readable line");

	tcase_add_loop_test(tcase, readable, 0, 2 * COUNT(rows) * wait_ways() * SOCK_TRANSPORTS);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

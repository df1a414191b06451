/* What counts as readable where records other than lines are delivered whole. */
#include "../../src/base/compat.h"

#include "../support/records.h"
#include "../support/scene.h"
#include "../support/wait_support.h"

static void
half(struct scene *c)
{
	scene_say(c, "a\nbc");
}

static void
half_by_half(struct scene *c)
{
	scene_say(c, "a");
	ck_assert_int_eq(wait_state(0, c->s, 0), 0);
	scene_say(c, "\nbc");
}

static void
whole(struct scene *c)
{
	scene_say(c, "a\nbc;");
}

static void
half_then_whole(struct scene *c)
{
	half_by_half(c);
	ck_assert_int_eq(wait_state(0, c->s, 0), 0);
	scene_say(c, ";");
}

static void
one_and_a_half(struct scene *c)
{
	scene_say(c, "a\nbc;de");
	scene_hear(c, "a\nbc;");
}

static void
two(struct scene *c)
{
	scene_say(c, "a\nbc;defg;");
	scene_hear(c, "a\nbc;");
}

static void
part_read(struct scene *c)
{
	scene_say(c, "a\nbc;");
	scene_hear(c, "a\n");
}

static void
half_and_end(struct scene *c)
{
	half(c);
	scene_end(c);
}

static void
bound_within(struct scene *c)
{
	ck_assert_int_eq(fsock_set_bound(c->f, 2), 0);
	whole(c);
}

/* A record has been read, and the program has set what the next one is. */
static void
set_to(struct scene *c, const struct fsock_record *record)
{
	scene_say(c, "a\nbc;x\nyz");
	scene_hear(c, "a\nbc;");
	ck_assert_int_eq(fsock_set_record(c->f, record), 0);
}

static void
set_longer(struct scene *c)
{
	set_to(c, &(struct fsock_record){ .kind = FSOCK_RECORD_COUNTED, .count = 5 });
}

static void
set_there(struct scene *c)
{
	set_to(c, &(struct fsock_record){ .kind = FSOCK_RECORD_COUNTED, .count = 4 });
}

static void
set_line(struct scene *c)
{
	set_to(c, &(struct fsock_record){ .kind = FSOCK_RECORD_LINE });
}

static void
set_measured(struct scene *c)
{
	set_to(
	    c, &(struct fsock_record){ .kind = FSOCK_RECORD_MEASURED, .measure = records_measure });
}

/* Every row is one of records that are five octets, in each of these terms. */
static ssize_t
measure_five(const void *octets, size_t n, void *arg)
{
	(void)octets, (void)arg;
	return n < 2 ? 0 : 5;
}

static const struct fsock_record semicolon = { .kind = FSOCK_RECORD_DELIMITED, .delimiter = ';' },
				 counted = { .kind = FSOCK_RECORD_COUNTED, .count = 5 },
				 measured = { .kind = FSOCK_RECORD_MEASURED,
					 .measure = measure_five };
static const struct fsock_options kinds[] = {
	{ .record = &semicolon },
	{ .record = &counted },
	{ .record = &measured },
	{ .record = &semicolon, .format = "binary" },
	{ .record = &counted, .format = "binary" },
	{ .record = &semicolon, .format = "utf-8" },
};

static const struct scene_row rows[] = {
	{ "nothing", NULL, TWO_WAY, scene_nothing, 0, NULL, 0 },
	{ "half", NULL, TWO_WAY, half, 0, NULL, 0 },
	{ "half, one-way", NULL, INPUT, half, 0, NULL, 0 },
	{ "half by half", NULL, TWO_WAY, half_by_half, 0, NULL, 0 },
	{ "whole", NULL, TWO_WAY, whole, FSOCK_INPUT, "a\nbc;", 0 },
	{ "half, then whole", NULL, INPUT, half_then_whole, FSOCK_INPUT, "a\nbc;", 0 },
	{ "one and a half", NULL, TWO_WAY, one_and_a_half, 0, NULL, 0 },
	{ "one and a half, one-way", NULL, INPUT, one_and_a_half, 0, NULL, 0 },
	{ "two", NULL, TWO_WAY, two, FSOCK_INPUT, "defg;", 0 },
	{ "two, one-way", NULL, INPUT, two, FSOCK_INPUT, "defg;", 0 },
	{ "part read", NULL, TWO_WAY, part_read, FSOCK_INPUT, "bc;", 0 },
	{ "half, then end", NULL, TWO_WAY, half_and_end, FSOCK_INPUT | FSOCK_HANGUP, "a\nbc", 0 },
	{ "end", NULL, INPUT, scene_end, FSOCK_INPUT | FSOCK_HANGUP, "", 0 },
	{ "bound within", NULL, TWO_WAY, bound_within, FSOCK_INPUT, "a\n", 0 },
	{ "set to more than there is", NULL, TWO_WAY, set_longer, 0, NULL, 0 },
	{ "set to what there is", NULL, TWO_WAY, set_there, FSOCK_INPUT, "x\nyz", 0 },
	{ "set to lines", NULL, INPUT, set_line, FSOCK_INPUT, "x\n", 0 },
};

static const struct fsock_options unformatted = { .record = &counted };
static const struct scene_row octet_rows[] = {
	{ "set to measured", &unformatted, INPUT, set_measured, 0, NULL, 0 },
};

/* Text has no counts. */
static int
fits(const struct scene_row *row, const struct fsock_options *kind)
{
	return kind->format == NULL || strcmp(kind->format, "utf-8") != 0 ||
	       strncmp(row->what, "set to", 6) != 0;
}

START_TEST(readable)
{
	struct scene_row row = rows[_i % COUNT(rows)];

	for (int i = 0; i < COUNT(kinds); i++) {
		row.options = &kinds[i];
		if (fits(&row, &kinds[i]))
			scene_play(&row, _i / COUNT(rows));
	}
}
END_TEST

START_TEST(readable_octets)
{
	scene_play(&octet_rows[0], _i);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("readable record");
	TCase *tcase = tcase_create("readable record");

	tcase_add_loop_test(tcase, readable, 0, COUNT(rows) * wait_ways() * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, readable_octets, 0, wait_ways() * SOCK_TRANSPORTS);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <unistd.h>

#include "scene.h"
#include "wait_support.h"

enum { SCENE_MOST = 64 }; /* octets that a row says or hears at once */

/* A text as the records of the row, if they are a kind's. */
static const char *
as_records(const struct scene *c, struct records_turn *turn, char *octets, const char *text)
{
	if (c->said.kind == NULL)
		return text;
	return records_turn(turn, strcpy(octets, text), strlen(text));
}

void
scene_say(struct scene *c, const char *text)
{
	char octets[SCENE_MOST];
	size_t n = strlen(text);

	ck_assert_int_eq(write(c->peer, as_records(c, &c->said, octets, text), n), (ssize_t)n);
}

/* Reads n octets of the record that comes next, or all of it. Returns how many there are. */
static size_t
read_some(const struct scene *c, char *to, size_t n)
{
	if (c->said.kind != NULL)
		return records_read(c->said.kind, c->f, to, n);
	if (c->is_by_count)
		return fread(to, 1, n, c->f);
	return fgets(to, SCENE_MOST, c->f) == NULL ? 0 : strlen(to);
}

void
scene_hear(struct scene *c, const char *text)
{
	struct records_turn turn = { c->said.kind, c->said.usual, 0 };
	char got[SCENE_MOST] = "", octets[SCENE_MOST];
	const char *expected = as_records(c, &turn, octets, text);

	ck_assert_msg(read_some(c, got, strlen(text)) == strlen(text), "%s: %s", got,
	    fsock_last_error()->text);
	ck_assert_mem_eq(got, expected, strlen(text));
}

void
scene_nothing(struct scene *c)
{
	(void)c;
}

void
scene_line_of_two(struct scene *c)
{
	scene_say(c, "one\ntwo\n");
	scene_hear(c, "one\n");
}

void
scene_end(struct scene *c)
{
	shutdown(c->peer, SHUT_WR);
}

void
scene_cr_with_lf(struct scene *c)
{
	scene_say(c, "one\r\n");
	scene_hear(c, "one\n");
}

void
scene_cr_with_lf_and_more(struct scene *c)
{
	scene_say(c, "one\r\ntwo\r\n");
	scene_hear(c, "one\n");
}

void
scene_bound_reached(struct scene *c)
{
	ck_assert_int_eq(fsock_set_bound(c->f, 4), 0);
	scene_line_of_two(c);
}

void
scene_bound_to_come(struct scene *c)
{
	ck_assert_int_eq(fsock_set_bound(c->f, 5), 0);
	scene_say(c, "one\n");
	scene_hear(c, "one\n");
}

/* Asserts that the next read does what the row says, without waiting. */
static void
read_next(struct scene *c, const struct scene_row *row)
{
	char octet[SCENE_MOST];

	if (row->error != 0) {
		ck_assert_uint_eq(read_some(c, octet, 1), 0);
		ck_assert_int_eq(errno, row->error);
	} else if (row->next != NULL && row->next[0] == '\0') {
		ck_assert_uint_eq(read_some(c, octet, 1), 0);
		ck_assert(feof(c->f) && !ferror(c->f));
	} else if (row->next != NULL) {
		scene_hear(c, row->next);
	}
}

static void
play(const struct scene_row *row, int i, const struct fsock_options *options, struct scene *c)
{
	int way = i % wait_ways(), transport = i / wait_ways();
	const char *kind = c->said.kind == NULL ? "" : c->said.kind->name;
	int state;

	if (!sock_has(transport))
		return;
	c->s = sock_raw(transport, options, &c->peer);
	if (row->stream != NONE)
		c->f = row->stream == TWO_WAY ? fsock_stream(c->s) : fsock_input(c->s);
	row->prepare(c);
	errno = 0;
	state = wait_state(way, c->s, row->state == 0 ? 0 : 5);
	ck_assert_msg(state == row->state, "%s, %s, %s, transport %d: state %d, not %d", row->what,
	    kind, wait_name(way), transport, state, row->state);
	ck_assert_int_eq(errno, 0);
	read_next(c, row);
	fsock_close(c->s);
	close(c->peer);
}

void
scene_play(const struct scene_row *row, int i)
{
	struct scene c = { .is_by_count = row->options != NULL && row->options->record != NULL };

	play(row, i, row->options, &c);
}

void
scene_play_as(const struct scene_row *row, int i, const struct records_kind *kind, size_t length)
{
	struct fsock_record record = records_of_length(kind, length);
	struct fsock_options options = *row->options;
	struct scene c = { .said = { kind, length, 0 } };

	options.record = &record;
	play(row, i, &options, &c);
}

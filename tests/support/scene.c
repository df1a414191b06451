#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <unistd.h>

#include "scene.h"
#include "wait_support.h"

void
scene_say(struct scene *c, const char *text)
{
	ck_assert_int_eq(write(c->peer, text, strlen(text)), (ssize_t)strlen(text));
}

void
scene_hear(struct scene *c, const char *text)
{
	char line[64] = "";

	if (c->is_by_count)
		ck_assert_msg(fread(line, 1, strlen(text), c->f) == strlen(text), "%s",
		    fsock_last_error()->text);
	else
		ck_assert_msg(
		    fgets(line, sizeof line, c->f) != NULL, "%s", fsock_last_error()->text);
	ck_assert_str_eq(line, text);
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
	char line[64];

	if (row->error != 0) {
		ck_assert_ptr_null(fgets(line, sizeof line, c->f));
		ck_assert_int_eq(errno, row->error);
	} else if (row->next != NULL && row->next[0] == '\0') {
		ck_assert_ptr_null(fgets(line, sizeof line, c->f));
		ck_assert(feof(c->f) && !ferror(c->f));
	} else if (row->next != NULL) {
		scene_hear(c, row->next);
	}
}

void
scene_play(const struct scene_row *row, int i)
{
	int way = i % wait_ways(), transport = i / wait_ways();
	struct scene c = { .is_by_count = row->options != NULL && row->options->record != NULL };
	int state;

	if (!sock_has(transport))
		return;
	c.s = sock_raw(transport, row->options, &c.peer);
	if (row->stream != NONE)
		c.f = row->stream == TWO_WAY ? fsock_stream(c.s) : fsock_input(c.s);
	row->prepare(&c);
	errno = 0;
	state = wait_state(way, c.s, row->state == 0 ? 0 : 5);
	ck_assert_msg(state == row->state, "%s, %s, transport %d: state %d, not %d", row->what,
	    wait_name(way), transport, state, row->state);
	ck_assert_int_eq(errno, 0);
	read_next(&c, row);
	fsock_close(c.s);
	close(c.peer);
}

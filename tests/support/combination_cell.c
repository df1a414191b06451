/* Which cells there are, and what rows ask and tell of theirs. */
#include "../../src/base/compat.h"
#include "combination.h"

#include "combination_beside.h"

int
combination_is_two_way(const struct combination *c)
{
	return c->files == FRESH || c->files == MID_LINE;
}

int
combination_is_mid_line(const struct combination *c)
{
	return c->files == MID_LINE || c->files == ONE_WAY_MID_LINE;
}

int
combination_has_reading_file(const struct combination *c)
{
	return c->files != NO_FILE && c->files != OUTPUT_ONLY;
}

int
combination_has_writing_file(const struct combination *c)
{
	return c->files != NO_FILE;
}

int
combination_is_reading(const struct combination *c)
{
	return c->beside == IN_FGETS || c->beside == IN_RECEIVE;
}

int
combination_is_writing(const struct combination *c)
{
	return c->beside == IN_WRITE && !c->nonblocking;
}

int
combination_input_is_held(const struct combination *c)
{
	return c->beside == IN_FGETS || (combination_is_writing(c) && combination_is_two_way(c));
}

int
combination_output_is_held(const struct combination *c)
{
	return (combination_is_writing(c) && c->files != NO_FILE) ||
	       (c->beside == IN_FGETS && combination_is_two_way(c));
}

const char *
combination_is_none(const struct combination *c)
{
	if (c->nonblocking && combination_is_reading(c))
		return "reading does not wait";
	if (c->nonblocking && c->beside == IN_WRITE && c->files == NO_FILE)
		return "there is no queue without a FILE";
	if (c->beside == IN_FGETS && !combination_has_reading_file(c))
		return "there is no FILE to read";
	if (c->beside == IN_RECEIVE && combination_is_mid_line(c))
		return "what the FILE holds is received without waiting";
	if (c->beside == REOPENING && c->files == NO_FILE)
		return "closing the only FILE closes the connection";
	return NULL;
}

int
combination_is_busy(const struct world *w, long long result)
{
	const struct combination *c = &w->at;

	if (result >= 0 || errno != EBUSY)
		return 0;
	return combination_input_is_held(c) || c->beside == IN_RECEIVE ||
	       c->beside == REOPENING || /* a FILE is just being closed */
	       (c->beside == IN_FLUSH_ALL && combination_has_reading_file(c));
}

const char *
combination_no_end(const struct combination *c)
{
	if (combination_is_reading(c) || combination_is_writing(c) || c->beside == REOPENING)
		return "a thread is in a call: shut down first, then join";
	if (c->beside == IN_WAIT && c->lists == 0)
		return "a thread is in fsock_wait_for_input() with the handle";
	return NULL;
}

const char *
combination_no_reading(const struct combination *c)
{
	if (!combination_has_reading_file(c))
		return "there is no FILE to read";
	if (combination_input_is_held(c))
		return "another thread has the FILE's lock, as with fdopen()";
	if (c->beside == IN_RECEIVE)
		return "two threads that receive take octets from each other, as in recv()";
	return NULL;
}

const char *
combination_no_writing(const struct combination *c)
{
	if (!combination_has_writing_file(c))
		return "there is no FILE to write";
	if (c->beside == IN_FGETS && combination_is_two_way(c))
		return "another thread has the FILE's lock, as with fdopen()";
	return NULL;
}

const char *
combination_next(const struct world *w)
{
	return w->in + w->taken;
}

void
combination_feed(struct world *w)
{
	if (*combination_next(w) == '\0')
		combination_say(w, "one more line\n");
}

int
combination_took(struct world *w, const char *text, size_t n)
{
	if (n > strlen(combination_next(w)) || memcmp(text, combination_next(w), n) != 0)
		return 0;
	w->taken += n;
	return 1;
}

void
combination_turn(struct world *w)
{
	if (w->reads != NULL && w->reads == w->writes)
		fseek(w->writes, 0, SEEK_CUR);
}

void
combination_gave(struct world *w, const char *text)
{
	ck_assert_uint_lt(strlen(w->out) + strlen(text), sizeof w->out);
	strcat(w->out, text);
}

#include "../../src/base/compat.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

const struct lines_place lines_places[LINES_PLACES] = {
	{ "127.0.0.1", 0 },
	{ "127.0.0.1", 4 },
	{ "::1", 3 },
	{ "localhost", 2 },
	{ "unix", 1 },
	{ "unix", 4 },
	{ "abstract", 2 },
};

struct lines_count lines_count;
const char *lines_host;

/* What is kept for a client. */
struct member {
	pthread_t thread;
	int lines;
};

void
lines_reset(void)
{
	lines_count.opened = lines_count.closed = lines_count.lines = 0;
	lines_count.strangers = lines_count.wanted = 0;
}

fsock_server *
lines_start_at(
    int place, fsock_line_handler *handler, void *arg, const struct fsock_server_options *options)
{
	struct fsock_server_options own = *options;

	lines_host = sock_place(lines_places[place].host);
	own.threads = lines_places[place].threads;
	if (strcmp(lines_host, "::1") == 0 && !sock_has(SOCK_TCP6))
		return NULL;
	server_log_reset();
	return server_start_lines(lines_host, handler, arg, &own);
}

void
lines_stop(fsock_server *server)
{
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	ck_assert_int_eq(lines_count.opened, lines_count.closed);
	ck_assert_int_eq(lines_count.strangers, 0);
}

static int
open_member(FILE *client, void *arg)
{
	struct member *m = calloc(1, sizeof *m);

	(void)client;
	(void)arg;
	m->thread = pthread_self();
	*fsock_client_state() = m;
	lines_count.opened++;
	return 0;
}

static void
close_member(FILE *client, void *arg)
{
	struct member *m = *fsock_client_state();

	(void)client;
	(void)arg;
	lines_count.strangers += !pthread_equal(m->thread, pthread_self());
	lines_count.wanted += fsock_last_error()->kind == FSOCK_NO_ERROR;
	free(m);
	lines_count.closed++;
}

int
lines_number(FILE *client, char *line, size_t length, void *arg)
{
	struct member *m = *fsock_client_state();

	(void)arg;
	lines_count.lines++;
	lines_count.strangers += !pthread_equal(m->thread, pthread_self()) ||
				 line[length] != '\0' || fsock_remote_host() == NULL ||
				 fsock_server_current() == NULL;
	fprintf(client, "%d %zu ", m->lines++, length);
	fwrite(line, 1, length, client);
	putc('\n', client);
	if (strcmp(line, "end") == 0)
		return FSOCK_END_CLIENT;
	errno = ENOTDIR;
	return strcmp(line, "fail") == 0 ? -1 : 0;
}

const struct fsock_server_options lines_members = {
	.opened = open_member, .closed = close_member, .error = server_log
};

void
lines_put(fsock *s, const char *text)
{
	ck_assert_int_ne(fputs(text, fsock_stream(s)), EOF);
	ck_assert_int_eq(fflush(fsock_stream(s)), 0);
}

void
lines_expect(fsock *s, const char *text)
{
	char line[256];

	ck_assert_msg(fgets(line, sizeof line, fsock_stream(s)) != NULL, "no %s: %s", text,
	    fsock_last_error()->text);
	ck_assert_str_eq(line, text);
}

void
lines_expect_end(fsock *s)
{
	ck_assert_int_eq(getc(fsock_stream(s)), EOF);
	ck_assert_msg(!ferror(fsock_stream(s)), "%s", fsock_last_error()->text);
}

/*
 * Programs whose requests are records, as clients of a server of records: redis-cli, whose commands
 * are measured, and find -print0 with xargs -0, whose names end in NUL.
 */
#include "../../src/base/compat.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include <fsock.h>

#include "support/peer.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

/* ---- Redis: "*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n", a number of strings, each with its length. */

/* Reads a type, a number and CR LF at *at. Returns the number; -1: not all there; -2: nonsense. */
static long
read_number(const char *p, size_t n, size_t *at, char type)
{
	const char *end = memchr(p + *at, '\n', n - *at);
	size_t length = end == NULL ? n - *at : (size_t)(end - (p + *at)) + 1;
	char text[24] = "";

	if ((*at < n && p[*at] != type) || length >= sizeof text)
		return -2;
	if (end == NULL)
		return -1;
	memcpy(text, p + *at, length);
	*at += length;
	return length < 4 ? -2 : atol(text + 1);
}

static ssize_t
measure_command(const void *octets, size_t n, void *arg)
{
	size_t at = 0;
	long count = read_number(octets, n, &at, '*'), length = 0;

	(void)arg;
	for (long i = 0; i < count && length >= 0; i++) {
		if (at > n)
			return 0;
		length = read_number(octets, n, &at, '$');
		if (length >= 0)
			at += (size_t)length + 2;
	}
	errno = EBADMSG;
	return count == -2 || length == -2 ? -1 : count == -1 || length == -1 ? 0 : (ssize_t)at;
}

/*
 * Answers each command with its strings, the last one first. Which commands there are, as redis-cli
 * asks before it reads some, it does not tell.
 */
static int
answer_command(FILE *client, char *command, size_t length, void *arg)
{
	size_t at = 0, starts[16], lengths[16];
	long count = read_number(command, length, &at, '*');

	(void)arg;
	if (count < 1 || count > COUNT(starts))
		return -1;
	for (long i = 0; i < count; i++) {
		lengths[i] = (size_t)read_number(command, length, &at, '$');
		starts[i] = at;
		at += lengths[i] + 2;
	}
	if (lengths[0] == 7 && memcmp(command + starts[0], "COMMAND", 7) == 0)
		return fputs("-ERR unknown command\r\n", client) < 0 ? -1 : 0;
	fprintf(client, "*%ld\r\n", count);
	for (long i = count - 1; i >= 0; i--) {
		fprintf(client, "$%zu\r\n", lengths[i]);
		fwrite(command + starts[i], 1, lengths[i], client);
		fputs("\r\n", client);
	}
	return at == length ? 0 : -1;
}

/* ---- Names that end in NUL: they come back with their number, and end in NUL again. */

static int
answer_name(FILE *client, char *name, size_t length, void *arg)
{
	void **state = fsock_client_state();
	uintptr_t count = (uintptr_t)*state + 1;

	(void)arg;
	*state = (void *)count;
	fprintf(client, "%d %zu %s%c", (int)count, length, name, '\0');
	return 0;
}

static const struct row {
	const char *program;
	struct fsock_record record;
	fsock_record_handler *handler;
	const char *command, *answer;
} rows[] = {
	{ "redis-cli", { .kind = FSOCK_RECORD_MEASURED, .measure = measure_command },
	    answer_command, "redis-cli -h $HOST -p $PORT ECHO 'two words' '' \"$(printf 'a\\nb')\"",
	    "a\nb\n\ntwo words\nECHO\n" },
	{ "redis-cli", { .kind = FSOCK_RECORD_MEASURED, .measure = measure_command },
	    answer_command,
	    "seq 1 5000 | sed 's/.*/GET &/' | redis-cli -h $HOST -p $PORT | tail -n 2",
	    "5000\nGET\n" },
	{ "redis-cli", { .kind = FSOCK_RECORD_MEASURED, .measure = measure_command },
	    answer_command,
	    "head -c 300000 /dev/zero | tr '\\0' x | redis-cli -h $HOST -p $PORT -x SET key | "
	    "head -n 1 | wc -c",
	    "300001\n" },
	{ "socat", { .kind = FSOCK_RECORD_DELIMITED }, answer_name,
	    "cd $DIR && mkdir names && touch 'names/one two' \"names/$(printf 'a\\nb')\" names/z "
	    "&& "
	    "find names -type f -print0 | sort -z | socat -t 60 STDIO TCP4:$HOST:$PORT | "
	    "xargs -0 printf '<%s>\\n'",
	    "<1 9 names/a\nb>\n<2 13 names/one two>\n<3 7 names/z>\n" },
};

static void
complain(fsock_server *server, const struct fsock_error *error, void *arg)
{
	(void)server;
	(void)arg;
	fprintf(stderr, "%s\n", error->text);
}

START_TEST(client)
{
	const struct row *row = &rows[_i];
	struct fsock_server_options options = { .error = complain,
		.socket = { .record = &row->record, .line_limit = 1 << 20 } };
	fsock_server *server;
	struct peer peer;
	char got[4096];
	size_t n;

	if (peer_is_missing(row->program))
		return;
	server = fsock_server_start_records("127.0.0.1", 0, row->handler, NULL, &options);
	ck_assert_msg(server != NULL, "%s", fsock_last_error()->text);
	peer_start(&peer, row->command, "127.0.0.1", fsock_local_port(fsock_server_socket(server)));
	fclose(peer.to);
	peer.to = NULL;
	n = fread(got, 1, sizeof got - 1, peer.from);
	got[n] = '\0';
	ck_assert_str_eq(got, row->answer);
	ck_assert_int_eq(peer_end(&peer), 0);
	ck_assert_int_ge(fsock_server_stop(server, 20), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("record clients");
	TCase *t = tcase_create("record clients");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 240);
	tcase_add_unchecked_fixture(t, peer_make_directory, peer_remove_directory);
	tcase_add_loop_test(t, client, 0, COUNT(rows));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

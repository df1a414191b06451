/*
 * The record of an error belongs to the failure just returned. Every public function is called
 * where it fails, where it succeeds and at the end of input; before each call errno and the record
 * are another failure's.
 *
 *	it fails       errno is set, and the record is new and has the same errno
 *	it succeeds    errno and the record are as they were
 *	end of input   errno is as it was, and the record says so
 */
#include "../../src/base/compat.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/layered.h"
#include "../support/prepared.h"
#include "../support/sock_support.h"

enum { SIZE = 256, BIG = 1 << 20, ODD = 4242 };

/* What a call may use. */
struct world {
	fsock *s, *peer, *made_socket, *pair[2], *listener;
	FILE *f, *made_file;
	fsock_waitlist *list, *other_list;
	fsock_server *server;
	struct sock_thread thread;
	atomic_int is_busy, is_done;
	int port, dead_port, dead_fd, fd, file_fd, raw;
	struct fsock_addr addr, ipv4;
	struct fsock_message message;
	struct fsock_request request;
	struct fsock_format format;
	struct fsock_error error;
	struct fsock_conversion conversion;
	struct fsock_eol eol;
	struct fsock_statistics statistics;
	const struct fsock_charset *charset;
	uint8_t octets[SIZE];
	char text[SIZE];
	char *made;
	uint32_t u32;
	uint64_t u64;
	double number;
	size_t n;
};

static char big[BIG], long_path[SIZE];
static const struct fsock_options nonblocking = { .nonblocking = FSOCK_ON },
				  brief = { .timeout = 0.001 },
				  ipv4 = { .family = FSOCK_IPV4_ONLY };
static const struct fsock_record nul_record = { .kind = FSOCK_RECORD_DELIMITED };
static const struct fsock_format bad_format = { .eol = (enum fsock_eol_style)99 };
static const struct fsock_server_options no_socket = { .sockets = NULL, .socket_count = 1 };

static void
shut(fsock_server *server, void *arg)
{
	(void)arg;
	fsock_server_shutdown(server, 0);
}

static const struct fsock_server_options shut_at_once = { .ready = shut };

static int
answer(FILE *client, char *line, size_t length, void *arg)
{
	(void)client, (void)line, (void)length, (void)arg;
	return 0;
}

/* Calls on a relay from `s` to a file, up to this one. Returns what it does, but 0 for a relay. */
enum relay_call { MAKE, RUN, JOIN, STEP };

static int
relay(struct world *w, enum relay_call call)
{
	fsock *file = fsock_watch(w->file_fd);
	fsock_waitlist *list = fsock_waitlist_new();
	fsock_relay *r =
	    fsock_relay_new(w->s, file, &(struct fsock_relay_options){ .one_way = FSOCK_ON });
	int result = r == NULL ? -1 : 0;

	if (r != NULL && call == RUN)
		result = fsock_relay_run(r);
	if (r != NULL && call >= JOIN)
		result = fsock_relay_join(r, list, NULL);
	if (r != NULL && call == STEP)
		result = fsock_relay_step(r);
	fsock_relay_free(r);
	fsock_waitlist_free(list);
	fsock_close(file);
	return result;
}

/* ---- Scenes: what `s` and `f` are. */

static void
scene_none(struct world *w)
{
	(void)w;
}

static void
make_pair(struct world *w, const struct fsock_options *options)
{
	fsock *ends[2];

	ck_assert_int_eq(fsock_pair(ends, options), 0);
	w->s = ends[0];
	w->peer = ends[1];
	w->f = fsock_stream(w->s);
	ck_assert_ptr_nonnull(w->f);
}

static void
scene_pair(struct world *w)
{
	make_pair(w, NULL);
}

static void
scene_text(struct world *w)
{
	make_pair(w, &(struct fsock_options){ .format = "latin-1,crlf" });
}

static void
say(struct world *w, const char *text)
{
	ck_assert_int_eq(fsock_send(w->peer, text, strlen(text), NULL), (int)strlen(text));
}

/* A line has been read, and more has come with it. */
static void
scene_ahead(struct world *w)
{
	scene_pair(w);
	say(w, "one\ntwo\nthree\n");
	ck_assert_ptr_nonnull(fgets(w->text, 3, w->f));
}

/* The same under a format, and something was written: stdio's buffer is in the middle of both. */
static void
scene_mid_line(struct world *w)
{
	scene_text(w);
	say(w, "one\ntwo\nthree\n");
	ck_assert_ptr_nonnull(fgets(w->text, 3, w->f));
	ck_assert_int_ge(fputs("x", w->f), 0);
}

static void
scene_written(struct world *w)
{
	scene_pair(w);
	ck_assert_int_ge(fputs("x", w->f), 0);
}

static void
scene_octet(struct world *w)
{
	scene_pair(w);
	say(w, "one\ntwo\n");
	ck_assert_int_eq(fsock_read_byte(w->f), 'o');
}

static void
scene_bound(struct world *w)
{
	scene_octet(w);
	ck_assert_int_eq(fsock_set_bound(w->f, 0), 0);
}

static void
scene_ended(struct world *w)
{
	scene_pair(w);
	fsock_close(w->peer);
	w->peer = NULL;
}

static void
reset_peer(struct world *w)
{
	fsock_abort(w->peer);
	w->peer = NULL;
	sock_await(fsock_socket(w->s), POLLIN);
}

static void
scene_reset(struct world *w)
{
	make_pair(w, &ipv4);
	reset_peer(w);
}

/* What was written cannot be sent. */
static void
scene_broken(struct world *w)
{
	make_pair(w, &ipv4);
	ck_assert_int_ge(fputs("x", w->f), 0);
	reset_peer(w);
}

/* Output was shut down: then something was written; nothing was; or a FILE for it is open. */
static void
scene_shut_broken(struct world *w)
{
	make_pair(w, &ipv4);
	ck_assert_int_eq(fsock_shutdown(w->s, FSOCK_OUTPUT), 0);
	ck_assert_int_ge(fputs("x", w->f), 0);
	reset_peer(w);
}

static void
scene_shut(struct world *w)
{
	scene_pair(w);
	ck_assert_int_eq(fsock_shutdown(w->s, FSOCK_OUTPUT), 0);
}

static void
scene_shut_open(struct world *w)
{
	scene_pair(w);
	ck_assert_ptr_nonnull(fsock_output(w->s));
	ck_assert_int_eq(fsock_shutdown(w->s, FSOCK_OUTPUT), 0);
}

static void
scene_unmappable(struct world *w)
{
	scene_text(w);
	ck_assert_int_ge(fputs("\xE2\x82\xAC", w->f), 0);
}

static void
scene_malformed(struct world *w)
{
	make_pair(w, &(struct fsock_options){ .format = "utf-8" });
	say(w, "\xFF\n");
}

static void
scene_timed(struct world *w)
{
	make_pair(w, &brief);
}

static void
scene_nonblocking(struct world *w)
{
	make_pair(w, &nonblocking);
}

static void
scene_interrupted(struct world *w)
{
	make_pair(w, &(struct fsock_options){ .interruptible = FSOCK_ON });
}

static void
scene_queued(struct world *w)
{
	make_pair(w, &(struct fsock_options){ .nonblocking = FSOCK_ON, .output_limit = BIG });
	ck_assert_int_eq(fwrite(big, 1, BIG / 2, w->f), BIG / 2);
	ck_assert_int_eq(fflush(w->f), 0);
	ck_assert_int_gt(fsock_pending_output(w->s), 0);
}

static void
scene_queued_broken(struct world *w)
{
	scene_queued(w);
	fsock_abort(w->peer);
	w->peer = NULL;
}

/* Its last stream is closed, the handle is not. */
static void
scene_closed(struct world *w)
{
	scene_pair(w);
	fclose(w->f);
	w->f = NULL;
}

/* Connecting is under way, and will fail. If that is known at once, another one is made. */
static void
scene_refused_soon(struct world *w)
{
	for (int i = 0; w->s == NULL && i < 50; i++)
		w->s = fsock_connect("refused.invalid", 1, &nonblocking);
	ck_assert_ptr_nonnull(w->s);
	w->f = fsock_stream(w->s);
}

static void
scene_refused(struct world *w)
{
	scene_refused_soon(w);
	while (fsock_is_connecting(w->s))
		fsock_wait_for_input(&w->s, 1, 9, NULL);
}

static void
scene_listener(struct world *w)
{
	w->s = fsock_listen("127.0.0.1", 0, NULL);
	w->port = fsock_local_port(w->s);
}

static void
scene_client(struct world *w)
{
	scene_listener(w);
	w->peer = fsock_connect("127.0.0.1", w->port, NULL);
}

static const struct mangle_plan plain = { .key = 1, .handshake = 1 };
static const struct mangle_plan failing = { .key = 1, .fails_after = 1 };

static void
make_layered(struct world *w, const struct mangle_plan *plan)
{
	scene_pair(w);
	ck_assert_int_eq(mangle_push(w->s, plan, 0), 0);
}

static void
scene_layered(struct world *w)
{
	make_layered(w, &plain);
}

/* The layer fails behind what the peer has said. */
static void
scene_layered_bad(struct world *w)
{
	make_layered(w, &failing);
	say(w, "x");
	ck_assert_int_eq(fgetc(w->f), 'x' ^ 1);
}

static void
scene_datagram(struct world *w)
{
	w->s = fsock_datagram(NULL, 0, &(struct fsock_options){ .timeout = 0.001 });
	w->message = (struct fsock_message){ .data = w->octets, .size = 1 };
}

static void
scene_bare(struct world *w)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	w->fd = fds[0];
	w->raw = fds[1];
}

static void
scene_watched(struct world *w)
{
	scene_bare(w);
	w->s = fsock_watch(w->fd);
}

static void
scene_timer(struct world *w)
{
	w->s = fsock_timer();
}

static void
scene_lookup(struct world *w)
{
	w->s = fsock_lookup("::1", "80", SOCK_STREAM, FSOCK_ANY_FAMILY);
}

static void
be_busy(void *arg)
{
	struct world *w = arg;

	flockfile(w->f);
	w->is_busy = 1;
	while (!w->is_done)
		poll(NULL, 0, 1);
	funlockfile(w->f);
}

/* Another thread has the FILE, which was read last. */
static void
scene_busy(struct world *w)
{
	scene_ahead(w);
	sock_thread_start(&w->thread, be_busy, w);
	while (!w->is_busy)
		poll(NULL, 0, 1);
}

static void
scene_listed(struct world *w)
{
	scene_pair(w);
	ck_assert_int_eq(fsock_waitlist_add(w->list, w->s, FSOCK_INPUT, NULL), 0);
}

static void
scene_listed_refused(struct world *w)
{
	scene_refused_soon(w);
	ck_assert_int_eq(fsock_waitlist_add(w->list, w->s, FSOCK_INPUT, NULL), 0);
}

static void
scene_listed_broken(struct world *w)
{
	scene_queued(w);
	ck_assert_int_eq(fsock_waitlist_add(w->list, w->s, 0, NULL), 0);
	fsock_abort(w->peer);
	w->peer = NULL;
}

/* The list is to send what is queued, and cannot. */
static void
scene_closing(struct world *w)
{
	scene_queued(w);
	ck_assert_int_eq(fsock_waitlist_add(w->list, w->s, 0, NULL), 0);
	ck_assert_int_eq(fsock_close(w->s), 0);
	w->s = NULL;
	w->f = NULL;
	fsock_abort(w->peer);
	w->peer = NULL;
}

static void
scene_server(struct world *w)
{
	w->server = fsock_server_start("127.0.0.1", 0, fsock_echo_tcp_handler, NULL, NULL);
}

static void
scene_activated(struct world *w)
{
	(void)w;
	setenv("LISTEN_PID", "x", 1);
	setenv("LISTEN_FDS", "1", 1);
}

/* FILEs that are not the library's. */
static void
scene_foreign(struct world *w)
{
	w->f = fopen("/", "r"); /* reading says EISDIR */
}

static void
scene_foreign_bad(struct world *w)
{
	memset(w->text, 0xFF, 1);
	w->f = fmemopen(w->text, 1, "r");
}

static void
scene_foreign_ended(struct world *w)
{
	w->f = fopen("/dev/null", "r");
}

static void
scene_foreign_unwritten(struct world *w)
{
	w->f = fopen("/dev/full", "w");
	setvbuf(w->f, NULL, _IONBF, 0);
}

/* ---- What calls take and give. */

static int
take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static fsock *
take_socket(struct world *w)
{
	fsock *s = w->s;

	w->s = NULL;
	w->f = NULL;
	return s;
}

static FILE *
take_file(struct world *w)
{
	FILE *f = w->f;

	w->f = NULL;
	return f;
}

static fsock_waitlist *
take_list(struct world *w)
{
	fsock_waitlist *list = w->list;

	w->list = NULL;
	return list;
}

static fsock_server *
take_server(struct world *w)
{
	fsock_server *server = w->server;

	w->server = NULL;
	return server;
}

/* Each keeps what was made, and returns whether it was not. */
static int
keep(struct world *w, fsock *s)
{
	w->made_socket = s;
	return s == NULL;
}

static int
keep_file(struct world *w, FILE *f)
{
	w->made_file = f;
	return f == NULL;
}

static int
keep_server(struct world *w, fsock_server *server)
{
	w->server = server;
	return server == NULL;
}

static int
decode(struct world *w, const char *octets, size_t n)
{
	w->made = fsock_octets_to_string(&w->conversion, octets, n, NULL, NULL);
	return w->made == NULL;
}

static int
encode(struct world *w, const char *text, size_t n)
{
	w->made = (char *)fsock_string_to_octets(&w->conversion, text, n, NULL, NULL);
	return w->made == NULL;
}

/* ---- The rows. */

enum scene {
	NONE,
	PAIR,
	TEXT,
	AHEAD,
	MID_LINE,
	WRITTEN,
	OCTET,
	BOUND,
	ENDED,
	RESET,
	BROKEN,
	SHUT_BROKEN,
	SHUT,
	SHUT_OPEN,
	UNMAPPABLE,
	MALFORMED,
	TIMED,
	NONBLOCKING,
	INTERRUPTED,
	QUEUED,
	QUEUED_BROKEN,
	CLOSED,
	REFUSED_SOON,
	REFUSED,
	LISTENER,
	CLIENT,
	LAYERED,
	LAYERED_BAD,
	DATAGRAM,
	BARE,
	WATCHED,
	TIMER,
	LOOKUP,
	BUSY,
	LISTED,
	LISTED_REFUSED,
	LISTED_BROKEN,
	CLOSING,
	SERVER,
	ACTIVATED,
	FOREIGN,
	FOREIGN_BAD,
	FOREIGN_ENDED,
	FOREIGN_UNWRITTEN
};

static void (*const scenes[])(struct world *) = {
	[NONE] = scene_none,
	[PAIR] = scene_pair,
	[TEXT] = scene_text,
	[AHEAD] = scene_ahead,
	[MID_LINE] = scene_mid_line,
	[WRITTEN] = scene_written,
	[OCTET] = scene_octet,
	[BOUND] = scene_bound,
	[ENDED] = scene_ended,
	[RESET] = scene_reset,
	[BROKEN] = scene_broken,
	[SHUT_BROKEN] = scene_shut_broken,
	[SHUT] = scene_shut,
	[SHUT_OPEN] = scene_shut_open,
	[UNMAPPABLE] = scene_unmappable,
	[MALFORMED] = scene_malformed,
	[TIMED] = scene_timed,
	[NONBLOCKING] = scene_nonblocking,
	[INTERRUPTED] = scene_interrupted,
	[QUEUED] = scene_queued,
	[QUEUED_BROKEN] = scene_queued_broken,
	[CLOSED] = scene_closed,
	[REFUSED_SOON] = scene_refused_soon,
	[REFUSED] = scene_refused,
	[LISTENER] = scene_listener,
	[CLIENT] = scene_client,
	[LAYERED] = scene_layered,
	[LAYERED_BAD] = scene_layered_bad,
	[DATAGRAM] = scene_datagram,
	[BARE] = scene_bare,
	[WATCHED] = scene_watched,
	[TIMER] = scene_timer,
	[LOOKUP] = scene_lookup,
	[BUSY] = scene_busy,
	[LISTED] = scene_listed,
	[LISTED_REFUSED] = scene_listed_refused,
	[LISTED_BROKEN] = scene_listed_broken,
	[CLOSING] = scene_closing,
	[SERVER] = scene_server,
	[ACTIVATED] = scene_activated,
	[FOREIGN] = scene_foreign,
	[FOREIGN_BAD] = scene_foreign_bad,
	[FOREIGN_ENDED] = scene_foreign_ended,
	[FOREIGN_UNWRITTEN] = scene_foreign_unwritten,
};

enum outcome { FAILS, UNTOLD, WORKS, ENDS, LOOPS }; /* the last: where lists have a descriptor */

/* One function a row, made by including the rows once for these and once for the table. */
#define PASTE(a, b)   a##b
#define NAME_OF(line) PASTE(call_, line)
#define CALL(function, outcome, scene, expression)     \
	static int NAME_OF(__LINE__)(struct world * w) \
	{                                              \
		(void)w;                               \
		return (expression);                   \
	}
#include "../support/record_calls.h"
#undef CALL

static const struct row {
	const char *function, *call;
	enum outcome outcome;
	enum scene scene;
	int (*run)(struct world *);
} rows[] = {
#define CALL(function, outcome, scene, expression) \
	{ #function, #expression, outcome, scene, NAME_OF(__LINE__) },
#include "../support/record_calls.h"
#undef CALL
};

static void
begin(struct world *w, const struct row *row)
{
	memset(w, 0, sizeof *w);
	w->fd = w->raw = -1;
	w->file_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	w->dead_port = sock_dead_port(SOCK_TCP4, &w->dead_fd);
	w->list = fsock_waitlist_new();
	w->conversion.charset = fsock_charset_find("utf-8");
	ck_assert_int_eq(fsock_addr_from_text(&w->ipv4, "127.0.0.1", 9), 0);
	scenes[row->scene](w);
}

static void
end(struct world *w)
{
	w->is_done = 1;
	if (w->is_busy)
		sock_thread_join(&w->thread);
	if (w->s == NULL && w->f != NULL)
		fclose(w->f);
	if (w->made_file != NULL)
		fclose(w->made_file);
	fsock_abort(w->s);
	fsock_abort(w->peer);
	fsock_abort(w->made_socket);
	fsock_abort(w->pair[0]);
	fsock_abort(w->pair[1]);
	fsock_waitlist_free(w->list);
	fsock_waitlist_free(w->other_list);
	fsock_server_stop(w->server, 0);
	close(w->fd);
	close(w->raw);
	close(w->file_fd);
	close(w->dead_fd);
	free(w->made);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
}

/* Lists of poll(2) have no descriptor for another loop. */
static enum outcome
outcome_of(const struct row *row)
{
	if (row->outcome != LOOPS)
		return row->outcome;
	return prepared_has_descriptor(0) ? WORKS : FAILS;
}

/* What is wrong with how a call has ended, or NULL. */
static const char *
judge(enum outcome outcome, int has_failed, int error, const struct fsock_error *before)
{
	const struct fsock_error *now = fsock_last_error();
	int is_same = memcmp(before, now, sizeof *now) == 0;

	if (has_failed != (outcome != WORKS))
		return has_failed ? "has failed" : "has not failed";
	if (outcome == UNTOLD)
		return error == ODD ? "left errno" : is_same ? NULL : "changed the record";
	if (outcome == FAILS)
		return is_same                ? "left the record of another failure"
		       : error == ODD         ? "left errno"
		       : now->errnum != error ? "has another errno than the record"
					      : NULL;
	if (error != ODD)
		return "changed errno";
	if (outcome == WORKS)
		return is_same ? NULL : "changed the record";
	return now->kind == FSOCK_END_OF_FILE && now->errnum == 0 ? NULL : "did not record the end";
}

static int
play(const struct row *row)
{
	struct fsock_error before;
	const char *wrong;
	int has_failed, error;
	struct world w;

	begin(&w, row);
	ck_assert_ptr_null(fsock_connect("another.invalid", 99999, NULL));
	before = *fsock_last_error();
	errno = ODD;
	has_failed = row->run(&w);
	error = errno;
	wrong = judge(outcome_of(row), has_failed, error, &before);
	if (wrong != NULL)
		fprintf(stderr, "%s (scene %d) %s: errno %d, record %d \"%s\"\n", row->call,
		    (int)row->scene, wrong, error, fsock_last_error()->errnum,
		    fsock_last_error()->text);
	end(&w);
	return wrong == NULL;
}

START_TEST(the_record_is_of_the_failure)
{
	int wrong = 0;

	memset(long_path, 'x', sizeof long_path - 1);
	long_path[0] = '/';
	for (int i = 0; i < COUNT(rows); i++)
		wrong += !play(&rows[i]);
	ck_assert_int_eq(wrong, 0);
}
END_TEST

/*
 * The functions of src/symbols.list, but for those that neither fail nor touch what is checked, and
 * what only the functions of a layer call.
 */
START_TEST(every_function_has_a_row)
{
	static const char *const pure[] = { "fsock_clear_error", "fsock_decode", "fsock_encode",
		"fsock_eol_decode", "fsock_eol_encode", "fsock_eol_error", "fsock_layer_fail",
		"fsock_layer_flush", "fsock_layer_receive", "fsock_layer_send" };
	FILE *list = fopen("src/symbols.list", "r");
	char name[SIZE];

	while (list != NULL && fgets(name, sizeof name, list) != NULL) {
		int has_row = name[0] == '#';

		name[strcspn(name, "\n")] = '\0';
		for (int i = 0; i < COUNT(pure) && !has_row; i++)
			has_row = strncmp(name, pure[i], strlen(pure[i])) == 0;
		for (int i = 0; i < COUNT(rows) && !has_row; i++)
			has_row = strcmp(name, rows[i].function) == 0;
		ck_assert_msg(has_row, "%s", name);
	}
	if (list != NULL)
		fclose(list);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("record");
	TCase *tests = tcase_create("calls");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, the_record_is_of_the_failure);
	tcase_add_test(tests, every_function_has_a_row);
	suite_add_tcase(suite, tests);
	return sock_run(suite);
}

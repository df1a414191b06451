/*
 * From hosts to addresses, with a resolver of this file's own that gives what a table says; and
 * that connecting and listening try every address of a host.
 */
#include "../../src/base/compat.h"

#include <sys/resource.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/resolve.h"
#include "../support/sock_support.h"

/* What the name "scripted" stands for: these addresses, or the failure. */
static struct script {
	const char *addresses[5];
	int eai, errnum;
} script;

static int asked, unfreed; /* how often, and results not freed yet */

struct answer {
	struct addrinfo info;
	struct fsock_addr addr;
};

int
getaddrinfo(const char *restrict host, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict result)
{
	struct addrinfo **tail = result;

	*result = NULL;
	if (hints->ai_flags & AI_NUMERICHOST) /* no name here is a number in disguise */
		return EAI_NONAME;
	asked++;
	if (strcmp(host, "scripted") != 0 || service != NULL || hints->ai_socktype != SOCK_STREAM)
		return EAI_NONAME;
	errno = script.errnum;
	if (script.eai != 0)
		return script.eai;
	for (int i = 0; i < COUNT(script.addresses) && script.addresses[i] != NULL; i++) {
		struct answer *answer = calloc(1, sizeof *answer);

		fsock_addr_from_text(&answer->addr, script.addresses[i], 0);
		answer->info.ai_family = answer->addr.as.any.sa_family;
		answer->info.ai_socktype = SOCK_STREAM;
		answer->info.ai_addr = &answer->addr.as.any;
		answer->info.ai_addrlen = answer->addr.length;
		if (hints->ai_family != AF_UNSPEC && hints->ai_family != answer->info.ai_family) {
			free(answer);
			continue;
		}
		unfreed++;
		*tail = &answer->info;
		tail = &answer->info.ai_next;
	}
	return *result == NULL ? EAI_NODATA : 0;
}

void
freeaddrinfo(struct addrinfo *result)
{
	while (result != NULL) {
		struct addrinfo *next = result->ai_next;

		free(result); /* the first member of its answer */
		unfreed--;
		result = next;
	}
}

static void
play(const char *const addresses[5], int eai, int errnum)
{
	memset(&script, 0, sizeof script);
	if (addresses != NULL)
		memcpy(script.addresses, addresses, sizeof script.addresses);
	script.eai = eai;
	script.errnum = errnum;
	asked = unfreed = 0;
}

#define MIXED                                                          \
	{                                                              \
		"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2" \
	}

/* Which addresses come out, in which order. */
static const struct order {
	const char *host; /* "(null)" for NULL */
	const char *answers[5];
	enum fsock_family family;
	const char *wanted; /* as text, one after the other */
	int asked;
} orders[] = {
	{ "scripted", MIXED, FSOCK_ANY_FAMILY,
	    "[2001:db8::1]:7 192.0.2.1:7 [2001:db8::2]:7 192.0.2.2:7 ", 1 },
	{ "scripted", MIXED, FSOCK_IPV4_FIRST,
	    "192.0.2.1:7 192.0.2.2:7 [2001:db8::1]:7 [2001:db8::2]:7 ", 1 },
	{ "scripted", MIXED, FSOCK_IPV6_FIRST,
	    "[2001:db8::1]:7 [2001:db8::2]:7 192.0.2.1:7 192.0.2.2:7 ", 1 },
	{ "scripted", MIXED, FSOCK_IPV4_ONLY, "192.0.2.1:7 192.0.2.2:7 ", 1 },
	{ "scripted", MIXED, FSOCK_IPV6_ONLY, "[2001:db8::1]:7 [2001:db8::2]:7 ", 1 },
	{ "scripted", { "192.0.2.9" }, FSOCK_IPV6_FIRST, "192.0.2.9:7 ", 1 },
	{ "(null)", { 0 }, FSOCK_ANY_FAMILY, "[::]:7 0.0.0.0:7 ", 0 },
	{ "(null)", { 0 }, FSOCK_IPV4_ONLY, "0.0.0.0:7 ", 0 },
	{ "(null)", { 0 }, FSOCK_IPV6_ONLY, "[::]:7 ", 0 },
	{ "192.0.2.5", { 0 }, FSOCK_ANY_FAMILY, "192.0.2.5:7 ", 0 },
	{ "[2001:db8::5]", { 0 }, FSOCK_ANY_FAMILY, "[2001:db8::5]:7 ", 0 },
	{ "::", { 0 }, FSOCK_ANY_FAMILY, "[::]:7 ", 0 },
	{ "/run/s", { 0 }, FSOCK_IPV4_ONLY, "/run/s ", 0 },
	{ "@s", { 0 }, FSOCK_ANY_FAMILY, "@s ", 0 },
};

START_TEST(order_of_addresses)
{
	const struct order *row = &orders[_i];
	const char *host = strcmp(row->host, "(null)") == 0 ? NULL : row->host;
	struct fsock__question q = {
		.operation = "connect", .host = host, .port = 7, .family = row->family
	};
	struct fsock_addr *list = NULL;
	char text[512] = "", one[FSOCK_ADDR_TEXT_SIZE];
	size_t count = 0;

	play(row->answers, 0, 0);
	errno = EDOM;
	ck_assert_int_eq(fsock__resolve(&q, FSOCK__NEVER, &list, &count), 0);
	ck_assert_int_eq(errno, EDOM);
	for (size_t i = 0; i < count; i++) {
		ck_assert_ptr_nonnull(fsock_addr_to_text(&list[i], one, sizeof one));
		strcat(strcat(text, one), " ");
	}
	ck_assert_str_eq(text, row->wanted);
	ck_assert_int_eq(asked, row->asked);
	ck_assert_int_eq(unfreed, 0);
	free(list);
}
END_TEST

/* A family that an address itself is not of, and failures of the resolver. */
static const struct failure {
	const char *host, *answers[5];
	enum fsock_family family;
	int eai, errno_of_resolver;
	int errnum;
	enum fsock_error_kind kind;
} failures[] = {
	{ "unknown", { 0 }, FSOCK_ANY_FAMILY, 0, 0, EHOSTUNREACH, FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ "scripted", { 0 }, FSOCK_ANY_FAMILY, EAI_NONAME, ENOENT, EHOSTUNREACH,
	    FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ "scripted", { 0 }, FSOCK_ANY_FAMILY, EAI_AGAIN, 0, EHOSTUNREACH,
	    FSOCK_NS_TRY_AGAIN_ERROR },
	{ "scripted", { 0 }, FSOCK_ANY_FAMILY, EAI_FAIL, 0, EHOSTUNREACH,
	    FSOCK_NS_NO_RECOVERY_ERROR },
	{ "scripted", { 0 }, FSOCK_ANY_FAMILY, EAI_MEMORY, 0, ENOMEM, FSOCK_OUT_OF_MEMORY_ERROR },
	{ "scripted", { 0 }, FSOCK_ANY_FAMILY, EAI_SYSTEM, EMFILE, EMFILE,
	    FSOCK_TOO_MANY_FILES_ERROR },
	{ "scripted", { "192.0.2.1" }, FSOCK_IPV6_ONLY, 0, 0, EHOSTUNREACH,
	    FSOCK_NS_NO_DATA_ERROR },
	{ "", { 0 }, FSOCK_ANY_FAMILY, 0, 0, EHOSTUNREACH, FSOCK_NS_HOST_NOT_FOUND_ERROR },
};

START_TEST(failure_of_resolving)
{
	const struct failure *row = &failures[_i];
	int fds = sock_open_fds();

	play(row->answers, row->eai, row->errno_of_resolver);
	ck_assert_ptr_null(
	    fsock_connect(row->host, 7, &(struct fsock_options){ .family = row->family }));
	sock_assert_error(row->kind, row->errnum);
	ck_assert_str_eq(fsock_last_error()->host, row->host);
	ck_assert_str_eq(fsock_last_error()->operation, "connect");
	ck_assert_ptr_null(
	    fsock_listen(row->host, 7, &(struct fsock_options){ .family = row->family }));
	sock_assert_error(row->kind, row->errnum);
	ck_assert_str_eq(fsock_last_error()->operation, "listen");
	ck_assert_int_eq(asked, row->host[0] == '\0' ? 0 : 2);
	ck_assert_int_eq(unfreed, 0);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* Connecting to a name of several addresses, on one of which somebody listens. */
static const struct many {
	const char *answers[5];
	const char *alive;
	enum fsock_family family;
} manies[] = {
	{ { "127.0.0.1", "127.0.0.2" }, "127.0.0.1", FSOCK_ANY_FAMILY },
	{ { "127.0.0.1", "127.0.0.2" }, "127.0.0.2", FSOCK_ANY_FAMILY },
	{ { "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4" }, "127.0.0.4", FSOCK_ANY_FAMILY },
	{ { "::1", "127.0.0.1" }, "127.0.0.1", FSOCK_ANY_FAMILY },
	{ { "::1", "127.0.0.1" }, "::1", FSOCK_IPV4_FIRST },
	{ { "127.0.0.1", "::1" }, "::1", FSOCK_ANY_FAMILY },
	{ { "127.0.0.1", "::1" }, "::1", FSOCK_IPV6_ONLY },
	{ { "255.255.255.255", "127.0.0.1" }, "127.0.0.1", FSOCK_ANY_FAMILY },
};

START_TEST(every_address_tried)
{
	const struct many *row = &manies[_i];
	char host[FSOCK_ADDR_TEXT_SIZE];
	fsock *listener, *s;
	int fds = sock_open_fds();

	if (strchr(row->alive, ':') != NULL && !sock_has(SOCK_TCP6))
		return;
	play(row->answers, 0, 0);
	listener = fsock_listen(row->alive, 0, NULL);
	errno = EDOM;
	s = fsock_connect("scripted", fsock_local_port(listener),
	    &(struct fsock_options){ .family = row->family, .timeout = 60 });
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_str_eq(fsock_peer_address(s, host, sizeof host), row->alive);
	fsock_close(s);
	fsock_close(listener);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* Without a free descriptor the system's resolver can look nowhere, and calls that "not known". */
static int
resolve_without_descriptors(void *arg)
{
	struct rlimit limit;

	SOCK_EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 64;
	SOCK_EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while (dup(2) >= 0)
		;
	SOCK_EXPECT(fsock_connect("scripted", 1, arg) == NULL);
	SOCK_EXPECT(errno == EMFILE);
	SOCK_EXPECT(fsock_last_error()->kind == FSOCK_TOO_MANY_FILES_ERROR);
	return 0;
}

START_TEST(no_descriptor_free)
{
	struct fsock_options options = { .timeout = _i };

	script = (struct script){ .eai = EAI_NONAME };
	if (!sock_is_watched())
		ck_assert_int_eq(sock_child(resolve_without_descriptors, &options), 0);
}
END_TEST

/* With nobody anywhere, what the first address that could be reached said is what is told. */
static const struct nobody {
	const char *answers[5];
} nobodies[] = {
	{ { "127.0.0.1", "127.0.0.2" } },
	{ { "255.255.255.255", "127.0.0.1" } },
	{ { "127.0.0.1", "255.255.255.255" } },
};

START_TEST(nobody_anywhere)
{
	int fd, port = sock_dead_port(SOCK_TCP4, &fd);

	play(nobodies[_i].answers, 0, 0);
	ck_assert_ptr_null(fsock_connect("scripted", port, NULL));
	sock_assert_failed(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED,
	    "connect to scripted port %d: %s", port, strerror(ECONNREFUSED));
	close(fd);
}
END_TEST

/*
 * The first address never answers: the next has its turn a quarter of a second later (RFC 8305).
 * race_test.c has the rest.
 */
static const struct hang {
	const char *answers[5];
	struct fsock_options options;
} hangs[] = {
	{ { "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4" }, { .connect_timeout = 20 } },
	{ { "127.0.0.1", "127.0.0.2" }, { .timeout = 0 } },
	{ { "127.0.0.1", "127.0.0.2" }, { .deadline = 20 } },
	{ { "::1", "127.0.0.2" }, { .timeout = 0 } },
	{ { "::1", "::1", "127.0.0.2" }, { .deadline = 20 } },
	{ { "127.0.0.2", "::1" }, { .family = FSOCK_IPV6_FIRST } },
};

START_TEST(hanging_address_passed_over)
{
	const struct hang *row = &hangs[_i];
	const char *hanging = row->answers[strcmp(row->answers[0], "127.0.0.2") == 0];
	int fds[SOCK_FULL], port;
	char host[FSOCK_ADDR_TEXT_SIZE];
	fsock *listener, *s;
	double start;

	if (hanging[0] == ':' && !sock_has(SOCK_TCP6))
		return;
	port = sock_full(hanging, 0, fds);
	listener = fsock_listen("127.0.0.2", port, NULL);
	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	play(row->answers, 0, 0);
	start = sock_now();
	s = fsock_connect("scripted", port, &row->options);
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	ck_assert_str_eq(fsock_peer_address(s, host, sizeof host), "127.0.0.2");
	sock_assert_took(start, 0.25);
	fsock_close(s);
	fsock_close(listener);
	sock_full_free(fds);
}
END_TEST

/* None ever answers: all of them together take no longer than one limit. */
START_TEST(limit_of_all_together)
{
	const char *const addresses[5] = { "127.0.0.1", "127.0.0.2", "127.0.0.3" };
	const struct fsock_options limits[] = { { .connect_timeout = 0.3 }, { .deadline = 0.3 } };
	int fds[3][SOCK_FULL], port = 0;
	double start;

	for (int i = 0; i < 3; i++)
		port = sock_full(addresses[i], port, fds[i]);
	play(addresses, 0, 0);
	start = sock_now();
	ck_assert_ptr_null(fsock_connect("scripted", port, &limits[_i]));
	sock_assert_error(_i == 0 ? FSOCK_TIMEOUT_ERROR : FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	sock_assert_took(start, 0.3);
	for (int i = 0; i < 3; i++)
		sock_full_free(fds[i]);
}
END_TEST

/* The first address that can be listened on is. */
START_TEST(listening_on_a_name)
{
	char host[FSOCK_ADDR_TEXT_SIZE];
	fsock *listener;

	play((const char *const[5]){ "203.0.113.1", "127.0.0.1" }, 0, 0);
	listener = fsock_listen("scripted", 0, NULL);
	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	ck_assert_str_eq(fsock_local_address(listener, host, sizeof host), "127.0.0.1");
	fsock_close(listener);
	play((const char *const[5]){ "203.0.113.1", "203.0.113.2" }, 0, 0);
	ck_assert_ptr_null(fsock_listen("scripted", 7, NULL));
	sock_assert_failed(FSOCK_ADDRESS_NOT_AVAILABLE_ERROR, EADDRNOTAVAIL,
	    "listen on scripted port 7: %s", strerror(EADDRNOTAVAIL));
}
END_TEST

START_TEST(local_host_of_the_right_family)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *s;
	char host[FSOCK_ADDR_TEXT_SIZE];

	play((const char *const[5]){ "::1", "192.0.2.1", "127.0.0.7" }, 0, 0);
	s = fsock_connect("127.0.0.1", fsock_local_port(listener),
	    &(struct fsock_options){ .local_host = "scripted" });
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	ck_assert_str_eq(fsock_local_address(s, host, sizeof host), "127.0.0.7");
	ck_assert_int_eq(asked, 1);
	fsock_close(s);
	fsock_close(listener);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("resolve");
	TCase *tcase = tcase_create("resolve");

	tcase_add_loop_test(tcase, order_of_addresses, 0, COUNT(orders));
	tcase_add_loop_test(tcase, failure_of_resolving, 0, COUNT(failures));
	tcase_add_loop_test(tcase, every_address_tried, 0, COUNT(manies));
	tcase_add_loop_test(tcase, nobody_anywhere, 0, COUNT(nobodies));
	tcase_add_loop_test(tcase, no_descriptor_free, 0, 2);
	tcase_add_loop_test(tcase, hanging_address_passed_over, 0, COUNT(hangs));
	tcase_add_loop_test(tcase, limit_of_all_together, 0, 2);
	tcase_add_test(tcase, listening_on_a_name);
	tcase_add_test(tcase, local_host_of_the_right_family);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

/* Groups on this machine: joining, leaving, hops, loopback, the interface. */
#include "../../src/base/compat.h"

#include <net/if.h>

#include <unistd.h>

#include "../support/dgram_support.h"

/* What a group is one of, the family of the sockets, and the way that the interface is named. */
static const struct group {
	int version;
	enum fsock_family family;
	enum { NAME, NUMBER, SCOPE } how;
} groups[] = {
	{ 4, FSOCK_IPV4_ONLY, NAME },
	{ 4, FSOCK_IPV4_ONLY, NUMBER },
	{ 4, FSOCK_ANY_FAMILY, NAME },
	{ 6, FSOCK_IPV6_ONLY, NAME },
	{ 6, FSOCK_IPV6_ONLY, NUMBER },
	{ 6, FSOCK_IPV6_ONLY, SCOPE },
	{ 6, FSOCK_ANY_FAMILY, NAME },
};

/*
 * A group that no other process is in: on Linux what comes for a group that somebody on this
 * machine has joined is heard by all that are bound to all addresses (IP_MULTICAST_ALL).
 */
static const char *
address_of(const struct group *g)
{
	static char text[64];
	unsigned id = (unsigned)getpid();

	if (g->version == 4)
		snprintf(text, sizeof text, "239.255.%u.%u", id >> 8 & 0xff, id & 0xff);
	else
		snprintf(text, sizeof text, "ff12::77:%x", id & 0xffff);
	return text;
}

enum which { NOT_LOOPBACK, ANY };

static const char *
interface_for(const struct group *g, enum which which)
{
	return dgram_interface(address_of(g), g->family, which == ANY);
}

/*
 * How the row names group and interface to fsock_multicast_join(). Returns 0 if it cannot be run.
 */
static int
names(const struct group *g, enum which which, char group[64], const char **interface_name)
{
	static char number[16];
	const char *name = interface_for(g, which);

	if (name == NULL)
		return 0;
	snprintf(group, 64, "%s%s%s", address_of(g), g->how == SCOPE ? "%" : "",
	    g->how == SCOPE ? name : "");
	snprintf(number, sizeof number, "%u", if_nametoindex(name));
	*interface_name = g->how == NAME ? name : g->how == NUMBER ? number : NULL;
	return 1;
}

/* A socket that hears a port of all addresses, shared with others. */
static fsock *
hearer(const struct group *g, int port)
{
	fsock *s = fsock_datagram(NULL, 0,
	    &(struct fsock_options){ .family = g->family,
		.local_host = g->family == FSOCK_IPV4_ONLY ? "0.0.0.0" : "::",
		.local_port = port,
		.reuse_address = FSOCK_ON,
		.timeout = 20 });

	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	return s;
}

static fsock *
speaker(const struct group *g, enum which which)
{
	fsock *s =
	    fsock_datagram(NULL, 0, &(struct fsock_options){ .family = g->family, .timeout = 20 });

	ck_assert_ptr_nonnull(s);
	ck_assert_msg(fsock_multicast_interface(s, interface_for(g, which)) == 0, "%s",
	    fsock_last_error()->text);
	ck_assert_int_eq(fsock_set_option(s, FSOCK_OPTION_MULTICAST_TTL, 0), 0);
	return s;
}

static void
say(fsock *s, const struct group *g, int port, const char *text)
{
	struct fsock_addr to;

	ck_assert_int_eq(fsock_addr_from_text(&to, address_of(g), port), 0);
	ck_assert_msg(fsock_send(s, text, strlen(text), &to) == (ssize_t)strlen(text), "%s",
	    fsock_last_error()->text);
}

/* Sends one that all bound to the port hear: what was to come before it has come. */
static void
say_directly(fsock *s, fsock *to, const char *text)
{
	struct fsock_addr addr = dgram_addr(to);
	int is_ipv4 = fsock_addr_family(&addr) == AF_INET;

	ck_assert_int_eq(
	    fsock_addr_from_text(&addr, is_ipv4 ? "127.0.0.1" : "::1", fsock_addr_port(&addr)), 0);
	ck_assert_int_eq(fsock_send(s, text, strlen(text), &addr), (ssize_t)strlen(text));
}

/* Members get what is said to the group, each a copy; others and those who left do not. */
START_TEST(joining_and_leaving)
{
	const struct group *g = &groups[_i];
	char text[64];
	const char *interface_name;
	fsock *first, *second, *s;
	int port;

	if (!names(g, ANY, text, &interface_name))
		return;
	first = hearer(g, 0);
	port = fsock_local_port(first);
	second = hearer(g, port);
	s = speaker(g, ANY);
	errno = 0;
	ck_assert_msg(
	    fsock_multicast_join(first, text, interface_name) == 0, "%s", fsock_last_error()->text);
	ck_assert_int_eq(fsock_multicast_join(second, text, interface_name), 0);
	ck_assert_int_eq(errno, 0);
	say(s, g, port, "both");
	dgram_expect(first, "both", NULL);
	dgram_expect(second, "both", NULL);
	ck_assert_int_eq(fsock_multicast_leave(first, text, interface_name), 0);
	fsock_close(second);
	say(s, g, port, "nobody");
	say_directly(s, first, "direct");
	dgram_expect(first, "direct", NULL);
	fsock_close(s);
	fsock_close(first);
}
END_TEST

/* Without loopback the members on this machine get nothing. */
START_TEST(loopback_off)
{
	const struct group *g = &groups[_i];
	char text[64];
	const char *interface_name;
	double value;
	fsock *member, *s;

	if (!names(g, NOT_LOOPBACK, text, &interface_name))
		return;
	member = hearer(g, 0);
	s = speaker(g, NOT_LOOPBACK);
	ck_assert_int_eq(fsock_multicast_join(member, text, interface_name), 0);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_MULTICAST_LOOPBACK, &value), 0);
	ck_assert_double_eq(value, 1);
	say(s, g, fsock_local_port(member), "heard");
	dgram_expect(member, "heard", NULL);
	ck_assert_int_eq(fsock_set_option(s, FSOCK_OPTION_MULTICAST_LOOPBACK, 0), 0);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_MULTICAST_LOOPBACK, &value), 0);
	ck_assert_double_eq(value, 0);
	say(s, g, fsock_local_port(member), "unheard");
	say_directly(s, member, "direct");
	dgram_expect(member, "direct", NULL);
	fsock_close(s);
	fsock_close(member);
}
END_TEST

START_TEST(interface_chosen)
{
	const struct group *g = &groups[_i];
	const char *name = interface_for(g, ANY);
	double value;
	fsock *s;

	if (name == NULL)
		return;
	s = speaker(g, ANY);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_MULTICAST_INTERFACE, &value), 0);
	ck_assert_double_eq(value, if_nametoindex(name));
	ck_assert_int_eq(fsock_multicast_interface(s, "no-such-interface"), -1);
	sock_assert_error(FSOCK_UNKNOWN_ERROR, ENODEV);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_MULTICAST_INTERFACE, &value), 0);
	ck_assert_double_eq(value, if_nametoindex(name));
	ck_assert_int_eq(fsock_multicast_interface(s, NULL), 0);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_MULTICAST_INTERFACE, &value), 0);
	ck_assert_double_eq(value, 0);
	fsock_close(s);
}
END_TEST

/* The scope of a group names the interface that is joined. */
START_TEST(scope_names_interface)
{
	const char *lo = if_nametoindex("lo") != 0 ? "lo" : "lo0";
	char text[64];
	fsock *s;

	if (!sock_has(SOCK_TCP6))
		return;
	s = dgram_bound(DGRAM_UDP6, "");
	snprintf(text, sizeof text, "ff12::7705%%%s", lo);
	ck_assert_msg(fsock_multicast_join(s, text, NULL) == 0, "%s", fsock_last_error()->text);
	ck_assert_msg(
	    fsock_multicast_leave(s, "ff12::7705", lo) == 0, "%s", fsock_last_error()->text);
	fsock_close(s);
}
END_TEST

enum maker { IPV4, IPV6, UNIX, STREAM, NONE };

static fsock *
make(enum maker which)
{
	fsock *ends[2];

	switch (which) {
	case IPV4:
		return dgram_bound(DGRAM_UDP4, "");
	case IPV6:
		return sock_has(SOCK_TCP6) ? dgram_bound(DGRAM_UDP6, "") : NULL;
	case UNIX:
		return dgram_bound(DGRAM_UNIX, "");
	case STREAM:
		ck_assert_int_eq(
		    fsock_pair(ends, &(struct fsock_options){ .family = FSOCK_IPV4_ONLY }), 0);
		fsock_close(ends[1]);
		return ends[0];
	default:
		return NULL;
	}
}

static const struct bad {
	enum maker socket;
	const char *group, *interface_name;
	enum fsock_error_kind kind;
	int error;
} bads[] = {
	{ NONE, "239.255.77.1", NULL, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ UNIX, "239.255.77.1", NULL, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ STREAM, "239.255.77.1", NULL, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ IPV4, NULL, NULL, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ IPV4, "", NULL, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ IPV4, "127.0.0.1", NULL, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ IPV4, "223.255.255.255", NULL, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ IPV4, "240.0.0.0", NULL, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ IPV4, "group.example.org", NULL, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ IPV4, "@group", NULL, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ IPV4, "ff12::1", NULL, FSOCK_ADDRESS_FAMILY_NOT_SUPPORTED_ERROR, EAFNOSUPPORT },
	{ IPV6, "fe80::1", NULL, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ IPV6, "::ffff:239.255.77.1", NULL, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ IPV4, "239.255.77.1", "no-such-interface", FSOCK_UNKNOWN_ERROR, ENODEV },
	{ IPV4, "239.255.77.1", "0", FSOCK_UNKNOWN_ERROR, ENODEV },
	{ IPV4, "239.255.77.1", "2000000000", FSOCK_UNKNOWN_ERROR, ENODEV },
	{ IPV4, "239.255.77.1", "", FSOCK_UNKNOWN_ERROR, ENODEV },
	{ IPV6, "ff12::1%no-such-one", NULL, FSOCK_UNKNOWN_ERROR, ENODEV },
};

START_TEST(cannot_join)
{
	const struct bad *row = &bads[_i];
	fsock *s = make(row->socket);

	if (s == NULL && row->socket != NONE)
		return;
	ck_assert_int_eq(fsock_multicast_join(s, row->group, row->interface_name), -1);
	sock_assert_error(row->kind, row->error);
	ck_assert_str_eq(fsock_last_error()->operation, "join");
	ck_assert_int_eq(fsock_multicast_leave(s, row->group, row->interface_name), -1);
	sock_assert_error(row->kind, row->error);
	ck_assert_str_eq(fsock_last_error()->operation, "leave");
	fsock_close(s);
}
END_TEST

START_TEST(twice)
{
	const struct group *g = &groups[_i];
	char text[64];
	const char *interface_name;
	fsock *s;

	if (!names(g, ANY, text, &interface_name))
		return;
	s = hearer(g, 0);
	ck_assert_int_eq(fsock_multicast_join(s, text, interface_name), 0);
	ck_assert_int_eq(fsock_multicast_join(s, text, interface_name), -1);
	sock_assert_failed(
	    FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE, "join of %s: %s", text, strerror(EADDRINUSE));
	ck_assert_int_eq(fsock_multicast_leave(s, text, interface_name), 0);
	ck_assert_int_eq(fsock_multicast_leave(s, text, interface_name), -1);
	sock_assert_failed(FSOCK_ADDRESS_NOT_AVAILABLE_ERROR, EADDRNOTAVAIL, "leave of %s: %s",
	    text, strerror(EADDRNOTAVAIL));
	fsock_close(s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("multicast");
	TCase *tcase = tcase_create("multicast");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, joining_and_leaving, 0, COUNT(groups));
	tcase_add_loop_test(tcase, loopback_off, 0, COUNT(groups));
	tcase_add_loop_test(tcase, interface_chosen, 0, COUNT(groups));
	tcase_add_test(tcase, scope_names_interface);
	tcase_add_loop_test(tcase, cannot_join, 0, COUNT(bads));
	tcase_add_loop_test(tcase, twice, 0, COUNT(groups));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}

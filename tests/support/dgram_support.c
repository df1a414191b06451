#include "../../src/base/compat.h"

#include <net/if.h>

#include <unistd.h>

#include "dgram_support.h"

int
dgram_has(enum dgram_kind kind)
{
	if (kind == DGRAM_UDP6)
		return sock_has(SOCK_TCP6);
	return kind != DGRAM_ABSTRACT || FSOCK_ABSTRACT_NAMES;
}

const char *
dgram_host(enum dgram_kind kind, const char *name)
{
	static char names[4][64];
	static unsigned turn;
	char *abstract = names[turn++ % 4];

	if (kind == DGRAM_UDP4 || kind == DGRAM_UDP6)
		return kind == DGRAM_UDP4 ? "127.0.0.1" : "::1";
	if (kind == DGRAM_UNIX)
		return sock_path(name[0] == '\0' ? "s" : name);
	snprintf(abstract, sizeof names[0], "@fsock-test-%ld-%s", (long)getpid(), name);
	return abstract;
}

fsock *
dgram_bound(enum dgram_kind kind, const char *name)
{
	fsock *s = fsock_datagram(NULL, 0,
	    &(struct fsock_options){ .local_host = dgram_host(kind, name), .timeout = 20 });

	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	return s;
}

fsock *
dgram_connected(enum dgram_kind kind, const char *name, fsock *to)
{
	struct fsock_options options = { .local_host = dgram_host(kind, name), .timeout = 20 };
	char host[FSOCK_ADDR_TEXT_SIZE];
	fsock *s;

	ck_assert_ptr_nonnull(fsock_local_address(to, host, sizeof host));
	s = fsock_datagram(host, fsock_local_port(to), &options);
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	return s;
}

struct fsock_addr
dgram_addr(fsock *s)
{
	struct fsock_addr addr;

	ck_assert_int_eq(fsock_local_name(s, &addr), 0);
	return addr;
}

void
dgram_settle(void)
{
	fsock *s = dgram_bound(DGRAM_UDP4, "");
	struct fsock_addr self = dgram_addr(s);

	ck_assert_int_eq(fsock_send(s, "last", 4, &self), 4);
	dgram_expect(s, "last", s);
	ck_assert_int_eq(fsock_close(s), 0);
}

void
dgram_expect(fsock *s, const char *text, fsock *from)
{
	struct fsock_addr sender, wanted;
	char buf[256];
	ssize_t n;

	errno = 0;
	n = fsock_receive(s, buf, sizeof buf - 1, &sender);
	ck_assert_msg(n >= 0, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_lt(n, (int)sizeof buf);
	buf[n] = '\0';
	ck_assert_str_eq(buf, text);
	if (from == NULL)
		return;
	wanted = dgram_addr(from);
	ck_assert(fsock_addr_equal(&sender, &wanted));
}

static int
reaches(const char *group, enum fsock_family family, const char *interface_name)
{
	fsock *s = fsock_datagram(NULL, 0, &(struct fsock_options){ .family = family });
	struct fsock_addr to;
	int r;

	r = s != NULL && fsock_multicast_interface(s, interface_name) == 0 &&
	    fsock_set_option(s, FSOCK_OPTION_MULTICAST_TTL, 0) == 0 &&
	    fsock_addr_from_text(&to, group, 9) == 0 && fsock_send(s, "", 0, &to) == 0;
	fsock_close(s);
	return r;
}

const char *
dgram_interface(const char *group, enum fsock_family family, int may_be_loopback)
{
	static char name[IF_NAMESIZE];
	struct if_nameindex *list = if_nameindex();

	name[0] = '\0';
	for (struct if_nameindex *i = list; i != NULL && i->if_index != 0 && name[0] == '\0'; i++)
		if ((may_be_loopback || strncmp(i->if_name, "lo", 2) != 0) &&
		    reaches(group, family, i->if_name))
			snprintf(name, sizeof name, "%s", i->if_name);
	if_freenameindex(list);
	if (name[0] == '\0')
		fprintf(stderr, "passed over: no interface here reaches %s\n", group);
	return name[0] == '\0' ? NULL : name;
}

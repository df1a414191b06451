#include "../../src/base/compat.h"
#include "namespace.h"

#include <sys/wait.h>

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sock_support.h"

#define NEAR "02:00:00:00:00:01"
#define FAR  "02:00:00:00:00:02"

/* Resolvers put first what has more leading bits of this machine's ...1 (RFC 6724, rule 9). */
static const struct place {
	char name[3];
	const char *address;
	int is_far; /* the other machine is known to have it, or is said to */
} places[] = {
	{ "6a", "2001:db8::10", 1 },
	{ "6r", "2001:db8::4", 1 },
	{ "6d", "2001:db8::2", 1 },
	{ "6e", "2001:db8::3", 1 },
	{ "6s", "2001:db8::30", 0 },
	{ "6l", "2001:db8::31", 0 },
	{ "6n", "2001:db8::8", 0 },
	{ "6u", "2001:db8:ffff::1", 0 },
	{ "4a", "192.0.2.16", 1 },
	{ "4r", "192.0.2.4", 1 },
	{ "4d", "192.0.2.2", 1 },
	{ "4e", "192.0.2.3", 1 },
	{ "4s", "192.0.2.30", 0 },
	{ "4l", "192.0.2.31", 0 },
	{ "4n", "192.0.2.8", 0 },
	{ "4u", "198.51.100.1", 0 },
};

const char *
namespace_address(const char name[2])
{
	for (int i = 0; i < COUNT(places); i++)
		if (memcmp(places[i].name, name, 2) == 0)
			return places[i].address;
	return NULL;
}

int
namespace_count(const char *directory)
{
	DIR *dir = opendir(directory);
	int n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n;
}

void
namespace_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

#if defined(__linux__)

#include <sys/mount.h>
#include <sys/prctl.h>

/* Has ip(8) do what the lines say. Returns 0 or -1. */
static int
configure(const char *lines)
{
	FILE *ip = popen("ip -force -batch -", "w");

	if (ip == NULL)
		return -1;
	fputs(lines, ip);
	return pclose(ip) == 0 ? 0 : -1;
}

static int
listen_on(const char *name)
{
	struct fsock_addr addr;
	int fd, one = 1;

	if (fsock_addr_from_text(&addr, namespace_address(name), NAMESPACE_PORT) < 0)
		return -1;
	fd = socket(addr.as.any.sa_family, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, &addr.as.any, addr.length) < 0)
		return -1;
	return listen(fd, 1000);
}

/* Its late addresses are not those of its end of the link: nobody is told where they are. */
static int
set_up_far(void)
{
	return configure("link set lo up\n"
			 "link set far arp off up\n"
			 "addr add 192.0.2.16/24 dev far\n"
			 "addr add 192.0.2.4/24 dev far\n"
			 "addr add 192.0.2.30/32 dev lo\n"
			 "addr add 192.0.2.31/32 dev lo\n"
			 "addr add 2001:db8::10/64 dev far nodad\n"
			 "addr add 2001:db8::4/64 dev far nodad\n"
			 "addr add 2001:db8::30/128 dev lo nodad\n"
			 "addr add 2001:db8::31/128 dev lo nodad\n"
			 "neigh replace 192.0.2.1 lladdr " NEAR " dev far\n"
			 "neigh replace 2001:db8::1 lladdr " NEAR " dev far\n") < 0 ||
		       listen_on("6a") < 0 || listen_on("4a") < 0 || listen_on("6s") < 0 ||
		       listen_on("4s") < 0 || listen_on("6l") < 0 || listen_on("4l") < 0
		   ? -1
		   : 0;
}

/* The other machine, for as long as this one is there. */
static void
be_far(int in, int out)
{
	char c = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) == 0 && write(out, "", 1) == 1 && read(in, &c, 1) == 1 &&
	    set_up_far() == 0 && write(out, "", 1) == 1)
		for (;;)
			pause();
	_exit(1);
}

static int
set_up_near(pid_t far)
{
	char lines[4096];
	int n = snprintf(lines, sizeof lines,
	    "link set lo up\n"
	    "link add near address " NEAR " type veth peer name far address " FAR " netns %ld\n"
	    "link set near up\n"
	    "addr add 192.0.2.1/24 dev near\n"
	    "addr add 2001:db8::1/64 dev near nodad\n"
	    "route add unreachable 198.51.100.0/24\n"
	    "route add unreachable 2001:db8:ffff::/48\n",
	    (long)far);

	for (int i = 0; i < COUNT(places); i++)
		if (places[i].is_far)
			n += snprintf(lines + n, sizeof lines - (size_t)n,
			    "neigh replace %s lladdr " FAR " dev near\n", places[i].address);
	return configure(lines);
}

/* Starts the other machine. Returns 0 or -1. */
static int
link_up(void)
{
	int there[2], back[2];
	pid_t far;
	char c;

	if (pipe(there) < 0 || pipe(back) < 0)
		return -1;
	far = fork();
	if (far == 0)
		be_far(there[0], back[1]);
	close(there[0]);
	close(back[1]);
	if (far < 0 || read(back[0], &c, 1) != 1 || set_up_near(far) < 0)
		return -1;
	if (write(there[1], "", 1) != 1 || read(back[0], &c, 1) != 1)
		return -1;
	close(there[1]);
	close(back[0]);
	return 0;
}

/* Puts a file of our own in the place of another one. */
static int
cover(const char *path, const char *text)
{
	const char *own = sock_path(strrchr(path, '/') + 1);

	namespace_write(own, text);
	return mount(own, path, NULL, MS_BIND, NULL);
}

/* Makes this user root in the namespace of users that it has made. Returns 0 or -1. */
static int
become_root(long uid)
{
	FILE *f = fopen("/proc/self/uid_map", "w");

	if (f == NULL)
		return -1;
	fprintf(f, "0 %ld 1\n", uid);
	return fclose(f) == 0 ? 0 : -1;
}

/* Root needs no namespace of users; others do, and get one only while they have one thread. */
static int
leave_home(void)
{
	int kinds = CLONE_NEWNET | CLONE_NEWNS;
	long uid = (long)getuid();

	if (unshare(kinds) < 0 && (unshare(kinds | CLONE_NEWUSER) < 0 || become_root(uid) < 0))
		return -1;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int
namespace_enter(void)
{
	const char *what = "a network namespace";
	int r = -1;

	sock_dir_make();
	if (leave_home() == 0) {
		what = "an /etc of its own";
		r = cover("/etc/hosts", "") < 0 || cover("/etc/resolv.conf", "") < 0 ||
			    cover("/etc/nsswitch.conf", "hosts: files dns\n") < 0
			? -1
			: 0;
	}
	sock_dir_remove();
	if (r == 0) {
		what = "a link to another machine (ip(8), veth, IPv6)";
		r = link_up();
	}
	if (r < 0)
		fprintf(stderr, "SKIPPED: this machine grants no %s\n", strchr(what, ' ') + 1);
	return r == 0;
}

void
namespace_forget(void)
{
	ck_assert_int_eq(system("for a in 192.0.2.30 192.0.2.31 2001:db8::30 2001:db8::31; do "
				"ip neigh del $a dev near 2>/dev/null; done; true"),
	    0);
}

static FILE *resolving;

void
namespace_resolve_later(double s, double l)
{
	char command[1024];

	snprintf(command, sizeof command,
	    "known() { printf 'neigh replace 192.0.2.%%s lladdr " FAR " dev near\\n"
	    "neigh replace 2001:db8::%%s lladdr " FAR
	    " dev near\\n' $1 $1 | ip -batch -; }; sleep %g; known 30; sleep %g; known 31",
	    s, l - s);
	resolving = popen(command, "w");
	ck_assert_ptr_nonnull(resolving);
}

void
namespace_await_resolved(void)
{
	ck_assert_int_eq(pclose(resolving), 0);
}

#else

int
namespace_enter(void)
{
	fprintf(stderr, "SKIPPED: this system has no network namespaces\n");
	return 0;
}

void
namespace_forget(void)
{
}

void
namespace_resolve_later(double s, double l)
{
	(void)s;
	(void)l;
}

void
namespace_await_resolved(void)
{
}

#endif

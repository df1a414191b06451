/*
 * errors: what the library reports when an operation fails.
 *
 * A call that fails returns NULL or -1 and sets errno. fsock_last_error() returns the details: a
 * line for the user, and a kind on which the program can base its decisions. Kinds belong to
 * groups.
 */
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

static const struct {
	const char *host;
	int port;
} attempts[] = {
	{ "127.0.0.1", 1 },     /* where nobody listens, on most machines */
	{ "no.invalid", 80 },   /* a name that never exists (RFC 6761) */
	{ "127.0.0.1", 70000 }, /* no such port */
	{ "/no/such/file", 0 }, /* no such Unix-domain socket */
	{ NULL, 80 },
};

/* What a program might do about it. */
static const char *
advice(enum fsock_error_kind kind)
{
	if (fsock_error_is(kind, FSOCK_NS_ERROR))
		return "check the name";
	if (kind == FSOCK_CONNECTION_REFUSED_ERROR)
		return "is the server running?";
	return "give up";
}

int
main(void)
{
	size_t count = sizeof attempts / sizeof attempts[0], failed = 0;

	for (size_t i = 0; i < count; i++) {
		fsock *s = fsock_connect(
		    attempts[i].host, attempts[i].port, &(struct fsock_options){ .timeout = 5 });
		const struct fsock_error *e = fsock_last_error();

		if (s) {
			fsock_close(s);
			continue;
		}
		failed++;
		printf("%s\n", e->text);
		printf("        %s: %s\n", fsock_error_name(e->kind), advice(e->kind));
	}
	return failed == count ? EXIT_SUCCESS : EXIT_FAILURE;
}

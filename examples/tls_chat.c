/*
 * tls_chat PORT CERTIFICATE KEY [CLIENTS]: sends every line from one client to all others, over
 * TLS, in one thread.
 *
 * With PORT 0 the system chooses a port. With CLIENTS the server ends after that number of clients
 * have left. Only the wait list waits, and it also continues handshakes. A client that stops in the
 * middle of its handshake does not delay the others, and is disconnected after ten seconds.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>
#include <fsock/tls.h>

enum { LINE = 1024 };

struct member {
	int number;
	fsock *socket;
	FILE *stream;
	struct member *next, **link;
};

static struct member *members;

static void
leave(struct member *m)
{
	*m->link = m->next;
	if (m->next)
		m->next->link = m->link;
	fsock_close(m->socket); /* what is queued is sent first */
	free(m);
}

/* Accepts a client. If there are no free descriptors, for example, tries again later. */
static void
welcome(fsock_waitlist *list, fsock *listener)
{
	static int count;
	fsock *s = fsock_accept(listener, NULL);
	int pauses = s == NULL && errno != EAGAIN;
	struct member *m = s ? calloc(1, sizeof *m) : NULL;

	if (m && (m->stream = fsock_stream(s)) &&
	    fsock_waitlist_add(list, s, FSOCK_INPUT, m) == 0) {
		m->socket = s;
		m->number = ++count;
		m->link = &members;
		m->next = members;
		if (m->next)
			m->next->link = &m->next;
		members = m;
	} else {
		fsock_close(s);
		free(m);
	}
	fsock_waitlist_change(list, listener, pauses ? 0 : FSOCK_INPUT, NULL);
	fsock_waitlist_set_timeout(list, listener, pauses ? 0.1 : INFINITY);
}

/* Tells all but the one who has said it. Who cannot be told is reported by the list. */
static void
tell(const struct member *from, const char *line)
{
	for (struct member *m = members; m; m = m->next)
		if (m != from) {
			fprintf(m->stream, "%d: %s", from->number, line);
			fflush(m->stream);
		}
}

/* Passes on a line. Returns whether the client is still there. */
static int
hear(struct member *m)
{
	char line[LINE + 1];

	if (fgets(line, sizeof line, m->stream)) {
		tell(m, line);
		return 1;
	}
	if (!feof(m->stream) && errno == EAGAIN) {
		clearerr(m->stream); /* there was no line after all */
		return 1;
	}
	if (ferror(m->stream)) /* a handshake that has failed, say */
		fprintf(stderr, "tls_chat: %s\n", fsock_last_error()->text);
	return 0;
}

/* Serves until so many clients have gone, or for ever if `clients` is negative: 0 or -1. */
static int
serve(fsock_waitlist *list, fsock *listener, long clients)
{
	struct fsock_event event;

	if (fsock_waitlist_add(list, listener, FSOCK_INPUT, NULL) < 0)
		return -1;
	while (clients != 0) {
		if (fsock_waitlist_wait(list, INFINITY, NULL) < 0)
			return -1;
		while (fsock_waitlist_next(list, &event))
			if (event.socket == listener) {
				welcome(list, listener);
			} else if (!hear(event.user)) {
				leave(event.user);
				clients -= clients > 0;
			}
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct fsock_options options = { .nonblocking = FSOCK_ON, .line_limit = LINE };
	fsock_waitlist *list = fsock_waitlist_new();
	fsock *listener = NULL;
	fsock_tls *tls = NULL;
	int r = -1;

	if (argc < 4) {
		fprintf(stderr, "usage: tls_chat PORT CERTIFICATE KEY [CLIENTS]\n");
		return EXIT_FAILURE;
	}
	tls = fsock_tls_new(&(struct fsock_tls_options){ .certificate = argv[2], .key = argv[3] });
	if (tls) {
		options.layer = fsock_tls_layer(tls); /* the one difference */
		listener = fsock_listen(NULL, atoi(argv[1]), &options);
	}
	if (list && listener) {
		printf("port %d\n", fsock_local_port(listener));
		fflush(stdout);
		r = serve(list, listener, argc > 4 ? atol(argv[4]) : -1);
	}
	if (r < 0)
		fprintf(stderr, "tls_chat: %s\n", fsock_last_error()->text);
	fsock_close(listener);
	fsock_waitlist_free(list);
	fsock_tls_free(tls);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * upper_server HOST PORT [COUNT]: answers each datagram with its text in capitals; ends after COUNT
 * datagrams.
 *
 * The socket is bound but not connected: each datagram contains the address of its sender, to which
 * the answer is sent. Datagrams are received and sent in batches, so that many of them need few
 * system calls.
 */
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

enum { BATCH = 64, LONGEST = 1500 };

static void
capitals(char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] >= 'a' && text[i] <= 'z')
			text[i] -= 'a' - 'A';
}

/* Answers `count` datagrams, or for ever if that is negative. */
static int
serve(fsock *s, long count)
{
	static char room[BATCH][LONGEST];
	struct fsock_message messages[BATCH];

	while (count != 0) {
		ssize_t n;

		for (int i = 0; i < BATCH; i++)
			messages[i] = (struct fsock_message){ .data = room[i], .size = LONGEST };
		n = fsock_receive_many(s, messages, BATCH);
		if (n < 0)
			return -1;
		for (ssize_t i = 0; i < n; i++) {
			struct fsock_message *m = &messages[i];

			if (m->length < m->size) /* else it was cut: answer what there is */
				m->size = m->length;
			capitals(m->data, m->size);
		}
		fsock_send_many(s, messages, (size_t)n); /* a client without an answer asks again */
		count = count < 0 || count > n ? count - n : 0;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct fsock_options options = { .local_host = argc > 1 ? argv[1] : "127.0.0.1",
		.local_port = argc > 2 ? atoi(argv[2]) : FSOCK_AUTO_PORT };
	FSOCK_AUTO fsock *s = fsock_datagram(NULL, 0, &options);

	if (s) {
		printf("port %d\n", fsock_local_port(s));
		fflush(stdout);
	}
	if (!s || serve(s, argc > 3 ? atol(argv[3]) : -1) < 0) {
		fprintf(stderr, "upper_server: %s\n", fsock_last_error()->text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

/*
 * deadline: a time limit on the whole exchange stops a peer that never stops sending.
 *
 * A timeout limits how long a single read waits. A peer that sends an octet now and then never
 * reaches it. A deadline applies regardless of what the peer does.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <fsock.h>

/* A peer that sends a dot every 20 milliseconds, and never the end of the line. */
static void *
drip(void *peer)
{
	FILE *f = fsock_output(peer);

	while (f && putc('.', f) != EOF && fflush(f) == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	return NULL;
}

int
main(void)
{
	struct fsock_options options = {
		.read_timeout = 10, .deadline = 0.5, .delivery = FSOCK_DELIVER_WHOLE_LINE
	};
	char line[4096];
	fsock *ends[2];
	pthread_t thread;
	int late = 0;
	FILE *f;

	if (fsock_pair(ends, &options) < 0 || (f = fsock_stream(ends[0])) == NULL)
		return EXIT_FAILURE;
	fsock_set_deadline(ends[1], 60); /* the peer has more time than we */
	if (pthread_create(&thread, NULL, drip, ends[1]) != 0)
		return EXIT_FAILURE;

	if (!fgets(line, sizeof line, f)) {
		late = fsock_last_error()->kind == FSOCK_DEADLINE_TIMEOUT_ERROR;
		printf("%s\n", fsock_last_error()->text);
	}
	fsock_shutdown(ends[0], FSOCK_IO); /* the peer's next write fails, which ends the thread */
	pthread_join(thread, NULL);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
	return late ? EXIT_SUCCESS : EXIT_FAILURE;
}

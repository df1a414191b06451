/*
 * inetd: adds up numbers that a client sends, one per line, under a server such as inetd.
 *
 * Such a server accepts the connection, starts one process for it and passes the socket as standard
 * input. A line for inetd.conf(5):
 *
 *	sum stream tcp nowait nobody /usr/local/bin/inetd inetd
 */
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

int
main(void)
{
	struct fsock_options options = {
		.timeout = 60,
		.delivery = FSOCK_DELIVER_WHOLE_LINE,
	};
	FSOCK_AUTO fsock *s = fsock_adopt(0, &options);
	FILE *client = s ? fsock_stream(s) : NULL;
	char line[128];
	double number, sum = 0;

	if (!client) {
		fprintf(stderr, "inetd: %s\n", fsock_last_error()->text);
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof line, client)) {
		if (sscanf(line, "%lf", &number) == 1)
			sum += number;
		else
			fprintf(client, "no number: %s", line);
	}
	fprintf(client, "%g\n", sum);
	return fflush(client) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

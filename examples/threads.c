/*
 * threads HOST PORT: sends typed lines to the server and prints what the server sends, both at any
 * time.
 *
 * A FILE has one lock, which a thread holds while it waits in fgets(). Each direction therefore has
 * its own FILE and its own thread: while one is blocked in fread(), the other writes.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

/* From one FILE to another, line by line, until there are no more. */
static void
copy(FILE *from, FILE *to)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, from)) > 0)
		if (fwrite(line, 1, (size_t)n, to) < (size_t)n || fflush(to) == EOF)
			break;
	free(line);
}

static void *
print_input(void *input)
{
	copy(input, stdout);
	return NULL;
}

int
main(int argc, char **argv)
{
	fsock *s = argc == 3 ? fsock_connect(argv[1], atoi(argv[2]), NULL) : NULL;
	FILE *input, *output;
	pthread_t reader;

	if (!s || !(input = fsock_input(s)) || !(output = fsock_output(s)) ||
	    pthread_create(&reader, NULL, print_input, input) != 0) {
		fprintf(stderr, "threads: %s\n",
		    argc == 3 ? fsock_last_error()->text : "usage: threads HOST PORT");
		return EXIT_FAILURE;
	}
	copy(stdin, output);
	fclose(output); /* tells the server that this was all; what it still sends is read */
	pthread_join(reader, NULL);
	return fsock_close(s) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

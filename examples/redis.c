/*
 * redis ADDRESS KEY VALUE: stores a value in a Redis server and reads it back.
 *
 * Redis accepts commands as plain lines or with lengths (RESP), which is suitable for arbitrary
 * octets; replies contain lengths. ADDRESS may be the path of a Unix-domain socket.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>

/* Reads a reply: "+text", "-error", ":number", or "$length" and so many octets. Prints it. */
static int
print_reply(FILE *f)
{
	char line[1024], *value;
	long length;
	int good;

	if (!fgets(line, sizeof line, f) || line[0] == '-')
		return 0;
	if (line[0] != '$') {
		fputs(line + 1, stdout);
		return 1;
	}
	length = strtol(line + 1, NULL, 10);
	value = length >= 0 && length < 1 << 20 ? malloc((size_t)length + 2) : NULL;
	good = value && fsock_read_octets(f, value, (size_t)length + 2) == (size_t)length + 2;
	if (good)
		fwrite(value, 1, (size_t)length + 2, stdout);
	free(value);
	return good;
}

int
main(int argc, char **argv)
{
	FILE *f = argc == 4 ? fsockopen(argv[1], -1, "r+,timeout=10,whole-line") : NULL;
	int replies = 0;

	if (f) {
		fprintf(f, "PING\r\n");
		fprintf(f, "*3\r\n$3\r\nSET\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", strlen(argv[2]),
		    argv[2], strlen(argv[3]), argv[3]);
		fprintf(f, "*2\r\n$3\r\nGET\r\n$%zu\r\n%s\r\n", strlen(argv[2]), argv[2]);
		while (replies < 3 && print_reply(f))
			replies++;
		fclose(f);
	}
	if (replies < 3)
		fprintf(stderr, "redis: %s\n",
		    argc == 4 ? fsock_last_error()->text : "usage: redis ADDRESS KEY VALUE");
	return replies < 3 ? EXIT_FAILURE : EXIT_SUCCESS;
}

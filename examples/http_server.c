/*
 * http_server PORT [CONNECTIONS]: a web server on 127.0.0.1 built on fgets() and fprintf().
 *
 * It answers POST with the body of the request, and GET with the path. fgets() reads lines, fread()
 * reads data of known length, and fprintf() answers, all on one FILE and in any order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <fsock.h>

/* Serves one request. Returns whether another may follow on the connection. */
static int
serve_request(FILE *client)
{
	char line[4096], method[8], path[2048], *body;
	size_t length = 0;
	int minor, complete, is_post;

	if (!client || !fgets(line, sizeof line, client) ||
	    sscanf(line, "%7s %2047s HTTP/1.%d", method, path, &minor) != 3)
		return 0;
	while (fgets(line, sizeof line, client) && strcmp(line, "\r\n") != 0) {
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			length = strtoul(line + 15, NULL, 10);
		else if (strncasecmp(line, "Expect:", 7) == 0)
			fprintf(client, "HTTP/1.1 100 Continue\r\n\r\n");
	}
	body = length <= 256 << 20 ? malloc(length + 1) : NULL;
	complete = body && fread(body, 1, length, client) == length;
	is_post = strcmp(method, "POST") == 0;
	if (!is_post)
		length = strlen(path);
	if (complete) {
		fprintf(client, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
		fwrite(is_post ? body : path, 1, length, client);
	}
	free(body);
	return complete && minor > 0 && fflush(client) == 0;
}

int
main(int argc, char **argv)
{
	long connections = argc > 2 ? atol(argv[2]) : -1;
	fsock *s;

	FSOCK_WITH_LISTENER(listener, "127.0.0.1", argc > 1 ? atoi(argv[1]) : 0, NULL) {
		printf("port %d\n", fsock_local_port(listener));
		fflush(stdout);
		while (connections != 0 && (s = fsock_accept(listener, NULL))) {
			while (serve_request(fsock_stream(s)))
				;
			fsock_close(s);
			connections -= connections > 0;
		}
		if (connections == 0)
			return EXIT_SUCCESS;
	}
	fprintf(stderr, "http_server: %s\n", fsock_last_error()->text);
	return EXIT_FAILURE;
}

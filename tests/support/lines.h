/*
 * What the tests of servers of lines share: the places they run at, a handler that numbers the
 * lines of each client, and a count of all that happened. Only the handlers run in other threads.
 */
#ifndef TESTS_LINES_H
#define TESTS_LINES_H

#include "server_support.h"

/* Places and numbers of loops; most tests run over all of them. */
enum { LINES_PLACES = 7 };
extern const struct lines_place {
	const char *host;
	int threads;
} lines_places[LINES_PLACES];

/* What has happened to the clients: strangers: in a wrong thread; wanted: gone without an error. */
extern struct lines_count {
	atomic_int opened, closed, lines, strangers, wanted;
} lines_count;

void lines_reset(void);

/* Where the server is that was started last. */
extern const char *lines_host;

/* Starts a server at the place; NULL if this machine does not have it. */
fsock_server *lines_start_at(
    int place, fsock_line_handler *handler, void *arg, const struct fsock_server_options *options);

/* Ends the server, all of whose clients have gone or are to go now. */
void lines_stop(fsock_server *server);

/*
 * Sends the line back with its number and length: "3 5 hello". "end" and "fail" end the client. It
 * needs what these options keep for a client.
 */
int lines_number(FILE *client, char *line, size_t length, void *arg);
extern const struct fsock_server_options lines_members;

/* A client sends a text, and expects one, a line, or the end. */
void lines_put(fsock *s, const char *text);
void lines_expect(fsock *s, const char *text);
void lines_expect_end(fsock *s);

#endif

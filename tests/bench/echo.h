/* What the parts of the echo benchmark know of each other. */
#ifndef FSOCK_TESTS_BENCH_ECHO_H
#define FSOCK_TESTS_BENCH_ECHO_H

enum { LINE = 64, LONGEST_LINE = 4096 }; /* what the clients send; what the servers must take */

/*
 * A server: one thread that sends every whole line back to where it came from, to all who connect
 * to the listening descriptor, until it is killed.
 */
typedef void echo_fn(int listener);

echo_fn echo_raw, echo_two_way, echo_batched, echo_one_way;
echo_fn echo_bufferevent __attribute__((weak)); /* NULL where libevent is not installed */

/* The other side: `n` connections to a port of this machine, a few of them in use. */
struct load;

/* How the clients talk: what they make of a connected socket, and a way to send and to receive. */
struct wire {
	void *(*open)(int fd);
	void (*send)(void *end, const void *octets, int n);
	int (*receive)(void *end, void *octets, int n); /* waits; returns how many */
};
extern const struct wire wire_plain;

/* Connects, and sends one line over each connection to see that the server is there. */
struct load *load_new(int port, const struct wire *, int n);

/*
 * Has `lines` lines echoed over the connections in use, each of which has up to `window` lines on
 * their way at once. Returns the seconds that took.
 */
double load_run(struct load *, int lines, int window);

#endif

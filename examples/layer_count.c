/*
 * layer_count ADDRESS: sends a line to an echo server, and reports how many octets were
 * transferred and in how many operations.
 *
 * This layer leaves the octets unchanged. Below TLS it would count the octets that TLS produces.
 */
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

struct counts {
	unsigned long octets_in, octets_out, reads, writes;
};

static ssize_t
count_read(fsock_layer *layer, void *octets, size_t n)
{
	struct counts *c = fsock_layer_state(layer);
	ssize_t r = fsock_layer_receive(layer, octets, n);

	if (r > 0) {
		c->octets_in += (unsigned long)r;
		c->reads++;
	}
	return r; /* what cannot go on says what it wants; the library waits, and calls again */
}

static ssize_t
count_write(fsock_layer *layer, const void *octets, size_t n)
{
	struct counts *c = fsock_layer_state(layer);
	ssize_t r = fsock_layer_send(layer, octets, n);

	if (r > 0) {
		c->octets_out += (unsigned long)r;
		c->writes++;
	}
	return r;
}

static const struct fsock_layer_ops counting = {
	.size = sizeof counting,
	.name = "count",
	.read = count_read,
	.write = count_write,
};

int
main(int argc, char **argv)
{
	fsock *s = argc == 2 ? fsock_connect(argv[1], -1, NULL) : NULL;
	struct counts c = { 0 };
	char line[256] = "";
	FILE *f;

	if (!s || fsock_layer_push(s, &counting, &c, 0) < 0) {
		fprintf(stderr, "layer_count: %s\n",
		    argc == 2 ? fsock_last_error()->text : "usage: layer_count ADDRESS");
		return EXIT_FAILURE;
	}
	f = fsock_stream(s);
	if (f && fputs("hello\n", f) >= 0 && fgets(line, sizeof line, f))
		printf("%s%lu octets in, %lu out\n", line, c.octets_in, c.octets_out);
	return fsock_close(s) == 0 && c.octets_in > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

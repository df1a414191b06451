/*
 * deflate HOST PORT: sends compressed standard input to a server, and prints the answer, which is
 * also compressed.
 *
 * The layer uses raw deflate, implemented by zlib, as IMAP does after COMPRESS. It also works on
 * top of TLS: in that case call deflate_push() after the handshake.
 */
#define ZLIB_CONST
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>
#include <zlib.h>

struct deflate {
	z_stream in, out;
	unsigned char received[4096], made[4096];
	size_t from, to; /* what of `made` is to be sent */
	int is_full;     /* inflate() had no more room: it may have more */
	int is_at_end;   /* the peer has said that this was all */
	int is_dirty;    /* something was written since the last flush */
	int flush;       /* one that was begun: Z_SYNC_FLUSH, Z_FINISH; or Z_NO_FLUSH */
	int is_ended;    /* Z_FINISH was begun */
};

static ssize_t
deflate_read(fsock_layer *layer, void *octets, size_t n)
{
	struct deflate *d = fsock_layer_state(layer);
	uInt room = n < 65536 ? (uInt)n : 65536;
	int status;
	ssize_t r;

	while (!d->is_at_end) {
		if (d->in.avail_in == 0 && !d->is_full) {
			r = fsock_layer_receive(layer, d->received, sizeof d->received);
			if (r == FSOCK_LAYER_END)
				return fsock_layer_fail(layer, FSOCK_TRUNCATED_ERROR, ECONNRESET,
				    "connection ended within compressed data");
			if (r < 0)
				return r; /* the layer below wants something, or has failed */
			d->in.next_in = d->received;
			d->in.avail_in = (uInt)r;
		}
		d->in.next_out = octets;
		d->in.avail_out = room;
		status = inflate(&d->in, Z_SYNC_FLUSH);
		if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
			return fsock_layer_fail(
			    layer, fsock_error_kind_of_errno(EPROTO), EPROTO, zError(status));
		d->is_at_end = status == Z_STREAM_END;
		d->is_full = d->in.avail_out == 0;
		if (d->in.avail_out < room)
			return (ssize_t)(room - d->in.avail_out);
	}
	return FSOCK_LAYER_END;
}

/* Whether deflate_read() has something to tell, be it the end. */
static int
deflate_pending(const fsock_layer *layer)
{
	const struct deflate *d = fsock_layer_state(layer);

	return d->in.avail_in > 0 || d->is_full || d->is_at_end;
}

/* Compresses into `made`, where nothing is. */
static void
make(struct deflate *d, int flush)
{
	d->out.next_out = d->made;
	d->out.avail_out = sizeof d->made;
	deflate(&d->out, flush);
	d->from = 0;
	d->to = sizeof d->made - d->out.avail_out;
}

/* Sends what was made, and goes on with a flush that was begun. Returns 1, FAILED or WANTS_. */
static int
pass_on(fsock_layer *layer, struct deflate *d)
{
	for (;;) {
		while (d->from < d->to) {
			ssize_t r = fsock_layer_send(layer, d->made + d->from, d->to - d->from);

			if (r < 0)
				return (int)r; /* the next call goes on with the same octets */
			d->from += (size_t)r;
		}
		if (d->flush == Z_NO_FLUSH)
			return 1;
		make(d, d->flush);
		if (d->out.avail_out > 0) /* that was the whole of it */
			d->flush = Z_NO_FLUSH;
	}
}

static ssize_t
deflate_write(fsock_layer *layer, const void *octets, size_t n)
{
	struct deflate *d = fsock_layer_state(layer);
	uInt count = n < 65536 ? (uInt)n : 65536;

	do {
		int r = pass_on(layer, d);

		if (r != 1)
			return r; /* nothing was taken */
		d->out.next_in = octets;
		d->out.avail_in = count;
		make(d, Z_NO_FLUSH);
	} while (d->out.avail_in == count);
	d->is_dirty = 1;
	count -= d->out.avail_in;
	d->out.avail_in = 0; /* the rest is not ours */
	return (ssize_t)count;
}

static int
deflate_flush(fsock_layer *layer)
{
	struct deflate *d = fsock_layer_state(layer);

	if (d->is_dirty)
		d->flush = Z_SYNC_FLUSH;
	d->is_dirty = 0;
	return pass_on(layer, d);
}

static int
deflate_end(fsock_layer *layer)
{
	struct deflate *d = fsock_layer_state(layer);

	if (!d->is_ended)
		d->flush = Z_FINISH;
	d->is_ended = 1;
	d->is_dirty = 0;
	return pass_on(layer, d);
}

static void
deflate_free(fsock_layer *layer)
{
	struct deflate *d = fsock_layer_state(layer);

	inflateEnd(&d->in);
	deflateEnd(&d->out);
	free(d);
}

static const struct fsock_layer_ops deflate_ops = {
	.size = sizeof deflate_ops,
	.name = "deflate",
	.read = deflate_read,
	.write = deflate_write,
	.flush = deflate_flush,
	.end = deflate_end,
	.pending = deflate_pending,
	.free = deflate_free,
};

/* Compresses from here on, in both directions. Returns 0, or -1 with errno. */
static int
deflate_push(fsock *s)
{
	struct deflate *d = calloc(1, sizeof *d);

	if (d && inflateInit2(&d->in, -MAX_WBITS) == Z_OK &&
	    deflateInit2(&d->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
		Z_DEFAULT_STRATEGY) == Z_OK) {
		if (fsock_layer_push(s, &deflate_ops, d, 0) == 0)
			return 0;
	} else {
		fsock_layer_report("deflate", FSOCK_OUT_OF_MEMORY_ERROR, ENOMEM, NULL);
	}
	if (d) { /* of what was not begun these do nothing */
		inflateEnd(&d->in);
		deflateEnd(&d->out);
	}
	free(d);
	return -1;
}

static void
give_up(void)
{
	fprintf(stderr, "deflate: %s\n", fsock_last_error()->text);
	exit(EXIT_FAILURE);
}

int
main(int argc, char **argv)
{
	char text[4096];
	size_t n;
	fsock *s;
	FILE *f;

	if (argc != 3) {
		fprintf(stderr, "usage: deflate HOST PORT\n");
		return EXIT_FAILURE;
	}
	s = fsock_connect(argv[1], atoi(argv[2]), NULL);
	if (!s || deflate_push(s) < 0 || !(f = fsock_stream(s)))
		give_up();
	while ((n = fread(text, 1, sizeof text, stdin)) > 0)
		fwrite(text, 1, n, f);
	if (fsock_shutdown(s, FSOCK_OUTPUT) < 0) /* tells the server that this was all */
		give_up();
	while ((n = fread(text, 1, sizeof text, f)) > 0)
		fwrite(text, 1, n, stdout);
	if (ferror(f) || fsock_close(s) < 0)
		give_up();
	return EXIT_SUCCESS;
}

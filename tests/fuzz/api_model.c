/* What the fuzzer of the API plays with. */
#include "../../src/base/compat.h"
#include "api_model.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

struct api_slot api_slots[API_SLOTS];
fsock_waitlist *api_lists[API_LISTS];
int api_peers[API_PEERS];
FILE *api_foreign;
struct fuzz_input api_in;

void
api_begin(void)
{
	fsock_clear_error();
	errno = EDOM;
}

/* `went` is what the call said. Returns it. */
int
api_end(int went)
{
	int error = errno;
	const struct fsock_error *e = fsock_last_error();

	if (went) {
		FUZZ_ASSERT(error == EDOM);
		return 1;
	}
	FUZZ_ASSERT(error > 0 && e->errnum == error);
	FUZZ_ASSERT(
	    e->kind > FSOCK_INSUFFICIENT_IMPLEMENTATION && e->kind < FSOCK_ERROR_KIND_COUNT);
	FUZZ_ASSERT(e->operation != NULL && e->text[0] != '\0');
	return 0;
}

/* ---- Choices. */

/* One without a socket; else NULL. */
static struct api_slot *
free_slot(void)
{
	for (int i = 0; i < API_SLOTS; i++)
		if (api_slots[i].s == NULL)
			return &api_slots[i];
	return NULL;
}

double
api_any_time(void)
{
	static const double times[] = { 0, 0.0005, 0.0002, 0, 0.001, -1, NAN, 0.0001 };

	return times[api_take(8)];
}

const char *
api_any_format(void)
{
	static const char *const formats[] = { "binary", "latin-1,crlf", "utf-8,auto,replace",
		"shift_jis", "utf-16,bom=sniff", "utf-16le,crlf-strict,bom=write",
		"iso-2022-jp,html", "no such charset", "utf-8,utf-8", "", "lf",
		"us-ascii,cr,escape", "utf-8,crlf,idempotent" };

	return formats[api_take(13)];
}

static const char *
any_host(int *port)
{
	static const char *const hosts[] = { "127.0.0.1", "@api-fuzz", "::1", "256.1.1.1", "",
		"/no/such/path", "300.300.300.300", NULL };
	struct api_slot *slot = api_any_slot();

	*port = api_take(4) == 0 ? (int)api_take(3) - 1 : 0;
	if (slot->s != NULL && fsock_is_listener(slot->s))
		*port = fsock_local_port(slot->s);
	return hosts[api_take(16) < 8 ? api_take(2) : api_take(8)];
}

/* Any octets are records in these terms, but for some that are none. */
static ssize_t
measure(const void *octets, size_t n, void *arg)
{
	unsigned first = *(const uint8_t *)octets;

	(void)arg;
	errno = EILSEQ;
	return n < 2 ? 0 : first == 0xE4 ? -1 : 2 + (ssize_t)(first % 50);
}

const struct fsock_record *
api_any_record(void)
{
	static const struct fsock_record records[] = {
		{ .kind = FSOCK_RECORD_LINE },
		{ .kind = FSOCK_RECORD_DELIMITED },
		{ .kind = FSOCK_RECORD_DELIMITED, .delimiter = 'k' },
		{ .kind = FSOCK_RECORD_COUNTED, .count = 1 },
		{ .kind = FSOCK_RECORD_COUNTED, .count = 13 },
		{ .kind = FSOCK_RECORD_MEASURED, .measure = measure },
		{ .kind = FSOCK_RECORD_MEASURED },
		{ .kind = (enum fsock_record_kind)7 },
	};

	return &records[api_take(8)];
}

/* Calls that wait do not wait long. */
static const struct fsock_options *
any_options(void)
{
	static struct fsock_options options;
	unsigned odd = api_take(24);

	memset(&options, 0, sizeof options);
	options.timeout = 0.0003;
	options.close_timeout = 0.0003;
	options.nonblocking = api_take(4) ? FSOCK_ON : FSOCK_OFF;
	options.interruptible = api_take(2) ? FSOCK_ON : FSOCK_DEFAULT;
	options.element_type = api_take(4) ? FSOCK_CHARACTER : FSOCK_BYTE;
	options.delivery = (enum fsock_delivery)api_take(4);
	options.format = api_take(3) ? NULL : api_any_format();
	options.line_limit = api_take(3) ? 0 : 1 + api_take(100);
	options.output_limit = api_take(3) ? 0 : 1 + 100 * api_take(200);
	options.family = (enum fsock_family)(api_take(4) ? 0 : api_take(6));
	options.local_host = api_take(8) ? NULL : "127.0.0.1";
	if (odd == 0)
		options.timeout = -1;
	else if (odd == 1)
		options.reserved[sizeof options.reserved / sizeof options.reserved[0] - 1] = 1;
	else if (odd == 2)
		options.delivery = (enum fsock_delivery)9;
	else if (odd == 3)
		options.high_water = 1 + api_take(200), options.low_water = api_take(200);
	else if (odd == 4)
		options.deadline = 0.001;
	else if (odd < 8)
		options.batched = FSOCK_ON;
	if (odd > 6 && odd < 11)
		options.record = api_any_record();
	return &options;
}

/* ---- Making sockets. */

static void
keep_stream(struct api_slot *slot, FILE *f, int which)
{
	slot->s = fsock_of(f);
	FUZZ_ASSERT(slot->s != NULL);
	slot->files[which] = f;
	slot->is_disowned = 1;
}

static void
make_pair(void)
{
	struct api_slot *a = free_slot(), *b;
	fsock *ends[2];

	api_begin();
	if (!api_end(fsock_pair(ends, any_options()) == 0))
		return;
	if (a != NULL)
		a->s = ends[0];
	if ((b = free_slot()) != NULL)
		b->s = ends[1];
	if (a == NULL)
		fsock_abort(ends[0]);
	if (b == NULL)
		fsock_abort(ends[1]);
}

/* Handles that are only waited for. */
static void
make_foreign(struct api_slot *slot)
{
	struct fsock_addr found[2];

	if (api_take(2)) {
		MADE(slot->s = fsock_timer());
		return;
	}
	if (MADE(slot->s = fsock_lookup(
		     "127.0.0.1", api_take(4) ? "80" : "no such", SOCK_STREAM, FSOCK_ANY_FAMILY)))
		WENT(fsock_lookup_addresses(slot->s, found, api_take(3)));
}

/* One end of a bare pair, or what cannot be adopted, but watched. */
static void
adopt(struct api_slot *slot)
{
	static const int types[] = { SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	int *peer = &api_peers[api_take(API_PEERS)], fds[2];
	unsigned odd;

	if (*peer >= 0)
		close(*peer);
	*peer = -1;
	odd = api_take(16);
	if (odd == 1) {
		make_foreign(slot);
		return;
	}
	if (odd == 0) {
		FUZZ_ASSERT(!MADE(slot->s = fsock_adopt(fileno(api_foreign), any_options())));
		return;
	}
	FUZZ_ASSERT(socketpair(AF_UNIX, types[api_take(4)], 0, fds) == 0);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	*peer = fds[1];
	if (MADE(slot->s = fsock_adopt(fds[0], any_options())))
		return;
	MADE(slot->s = fsock_watch(fds[0]));
	close(fds[0]); /* behind its back */
}

/* Streams that own their sockets, or stand on something else. */
static void
open_stream(struct api_slot *slot)
{
	static const char *const modes[] = { "r+", "r", "w+b,timeout=0.001", "x",
		"r+,timeout=0.001,ccs=latin-1,eol=crlf" };
	static const char octets[] = "some octets\r\nof \xC3\xA4 and \xE4\r\n";
	const char *host;
	int port;
	FILE *f = NULL;

	switch (api_take(5)) {
	case 0:
		host = any_host(&port);
		if (MADE(f = fsockopen(host, port, modes[2 + api_take(3)])))
			keep_stream(slot, f, 0);
		break;
	case 1:
		host = any_host(&port);
		if (MADE(f = fsock_open_stream(host, port, any_options())))
			keep_stream(slot, f, 0);
		break;
	case 2:
		if (MADE(f = fsock_accept_connection(api_any_slot()->s, any_options())))
			keep_stream(slot, f, 0);
		break;
	case 3:
		if (MADE(f = fsock_octets_input(octets, sizeof octets - 1, api_any_format())))
			keep_stream(slot, f, 1);
		break;
	default:
		if (MADE(f = fsock_octets_output(&slot->octets, &slot->n, api_any_format())))
			keep_stream(slot, f, 2);
	}
}

void
api_make(void)
{
	struct api_slot *slot = free_slot();
	const char *host;
	int port;

	if (slot == NULL)
		return;
	memset(slot, 0, sizeof *slot);
	switch (api_take(8)) {
	case 0:
		make_pair();
		break;
	case 1:
		host = any_host(&port);
		MADE(slot->s = fsock_listen(host, api_take(2) ? 0 : port, any_options()));
		break;
	case 2:
		host = any_host(&port);
		MADE(slot->s = fsock_connect(host, port, any_options()));
		break;
	case 3:
		MADE(slot->s =
			 fsock_accept(api_any_slot()->s, any_options())); /* which say how long */
		break;
	case 4:
		host = api_take(2) ? NULL : any_host(&port);
		MADE(slot->s = fsock_datagram(host, host == NULL ? 0 : port, any_options()));
		break;
	case 5:
		open_stream(slot);
		break;
	default:
		adopt(slot);
	}
}

/* ---- Ending them. */

static void
forget(struct api_slot *slot)
{
	free(slot->octets);
	memset(slot, 0, sizeof *slot);
}

static int
has_streams(const struct api_slot *slot)
{
	return slot->files[0] != NULL || slot->files[1] != NULL || slot->files[2] != NULL;
}

static void
close_file(struct api_slot *slot, unsigned which)
{
	if (slot->files[which] == NULL)
		return;
	fclose(slot->files[which]);
	slot->files[which] = NULL;
	if (slot->is_disowned && !has_streams(slot))
		forget(slot);
}

static void
release(struct api_slot *slot)
{
	char octets[4096];
	size_t pending;
	int fd = -1;

	if (!WENT(fd = fsock_release(slot->s, octets, api_take(2) ? sizeof octets : 1, &pending)))
		return;
	FUZZ_ASSERT(fcntl(fd, F_GETFD) >= 0);
	close(fd);
	forget(slot);
}

void
api_finish(void)
{
	struct api_slot *slot = api_any_slot();

	switch (api_take(6)) {
	case 0:
		WENT(fsock_close(slot->s));
		forget(slot);
		break;
	case 1:
		WENT(fsock_abort(slot->s));
		forget(slot);
		break;
	case 2:
		release(slot);
		break;
	case 3:
		if (slot->is_disowned)
			break;
		fsock_disown(slot->s);
		slot->is_disowned = 1;
		if (!has_streams(slot))
			forget(slot);
		break;
	default:
		close_file(slot, api_take(API_STREAMS));
	}
}

void
api_open(void)
{
	for (int i = 0; i < API_PEERS; i++)
		api_peers[i] = -1;
	for (int i = 0; i < API_LISTS; i++)
		FUZZ_ASSERT((api_lists[i] = fsock_waitlist_new()) != NULL);
}

void
api_close(void)
{
	for (int i = 0; i < API_SLOTS; i++) {
		fsock_close(api_slots[i].s);
		forget(&api_slots[i]);
	}
	for (int i = 0; i < API_LISTS; i++)
		fsock_waitlist_free(api_lists[i]);
	for (int i = 0; i < API_PEERS; i++)
		if (api_peers[i] >= 0)
			close(api_peers[i]);
}

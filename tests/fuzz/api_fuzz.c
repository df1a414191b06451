/*
 * Random calls of the functions for sockets, streams and wait lists, in one thread, with random
 * options, formats and peers, invalid ones among them. None may crash, hang or leave anything
 * open; each that fails says why, in errno and in the error's record; each that does not leaves
 * errno alone.
 *
 * Input: the choices, from the end. `make fuzz T=api FUZZ_SECONDS=36000` looks for hours.
 */
#include "../../src/base/compat.h"
#include "api_model.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include <fsock.h>

enum { DESCRIPTORS = 128 };

/* A FILE for the library's functions, which may be none of its own, or NULL. */
static FILE *
any_file(void)
{
	struct api_slot *slot = api_any_slot();
	unsigned i = api_take(8);

	return i == 7 ? api_foreign : slot->files[i % API_STREAMS];
}

/* ---- stdio. */

static char block[20000];

static void
use_file(void)
{
	struct api_slot *slot = api_any_slot();
	FILE *f = slot->files[api_take(API_STREAMS)];
	size_t n = api_take(3) ? api_take(200) : 77 * api_take(256);

	if (f == NULL)
		return;
	switch (api_take(12)) {
	case 0:
		fputs(api_take(2) ? "a line\n" : "\xC3\xA4\r\n\xE2\x82\xAC", f);
		break;
	case 1:
		fwrite(block, 1, n, f);
		break;
	case 2:
		fflush(f);
		break;
	case 3:
		(void)!fgets(block, 100, f);
		break;
	case 4:
		(void)!fread(block, 1, n, f);
		break;
	case 5:
		ungetc(getc(f), f);
		break;
	case 6:
		getc(f);
		break;
	case 7:
		fseek(f, (long)api_take(20) - 10, api_take(2) ? SEEK_CUR : SEEK_SET);
		break;
	case 8:
		ftell(f);
		break;
	case 9:
		fseek(f, 0, SEEK_CUR);
		break;
	default:
		clearerr(f);
	}
}

/* ---- Streams and text. */

static void
use_stream(void)
{
	struct api_slot *slot = api_any_slot();
	unsigned which = api_take(API_STREAMS);
	FILE *f = NULL;

	switch (api_take(4)) {
	case 0:
		if (MADE(f = which == 0   ? fsock_stream(slot->s)
			     : which == 1 ? fsock_input(slot->s)
					  : fsock_output(slot->s)))
			slot->files[which] = f;
		break;
	case 1:
		WENT(fsock_send_pending(slot->s));
		break;
	case 2:
		WENT(fsock_pending_output(slot->s));
		break;
	default:
		WENT(fsock_fileno(any_file()));
	}
}

static void
use_text(void)
{
	FILE *f = any_file();
	struct fsock_format format = { .bom = FSOCK_BOM_NONE }, other;
	struct fsock_codec_error error;
	uint64_t count;

	switch (api_take(9)) {
	case 0:
	case 1:
		WENT(fsock_set_format(f, api_any_format()));
		break;
	case 2:
		format.charset = fuzz_charset(&api_in);
		format.eol = (enum fsock_eol_style)api_take(6);
		WENT(fsock_set_formats(
		    f, api_take(3) ? &format : NULL, api_take(3) ? &format : NULL));
		break;
	case 3:
		WENT(fsock_get_formats(f, &format, api_take(2) ? &other : NULL));
		break;
	case 4:
		WENT(fsock_format_errors(f, (int)api_take(4), &count, &error));
		break;
	case 5:
		WENT(fsock_column(f));
		break;
	case 6:
		WENT(fsock_octet_position(f));
		break;
	case 7:
		WENT(fsock_set_bound(f, api_take(2) ? api_take(100) : UINT64_MAX));
		break;
	default:
		WENT(fsock_pending(api_any_slot()->s));
	}
}

/* Octets and code points beside stdio. Those that return EOF do so at the end as well. */
static void
use_octets(void)
{
	FILE *f = any_file();
	size_t n = api_take(100);

	switch (api_take(9)) {
	case 0:
		fsock_read_octets(f, block, n);
		break;
	case 1:
		fsock_write_octets(f, block, n);
		break;
	case 2:
		fsock_read_byte(f);
		break;
	case 3:
		fsock_peek_byte(f);
		break;
	case 4:
		fsock_unread_byte(f);
		break;
	case 5:
		fsock_write_byte(f, (int)n);
		break;
	case 6:
		if (f != NULL)
			fsock_putc32(api_take(2) ? 0xE4 : 0xD800, f);
		break;
	case 7:
		WENT(fsock_upgrade(api_any_slot()->s));
		break;
	default:
		if (f != NULL)
			fsock_ungetc32(fsock_getc32(f), f);
	}
}

/* ---- Sockets. */

static void
transfer(void)
{
	fsock *s = api_any_slot()->s;
	struct fsock_addr from = { .length = 0 }, to = { .length = 0 };
	struct fsock_message messages[2] = { { .data = block, .size = api_take(100) },
		{ .data = block + 100, .size = api_take(100) } };
	size_t n = api_take(3) ? api_take(200) : 77 * api_take(256);

	if (api_take(2))
		fsock_addr_from_text(&to, "127.0.0.1", 1 + (int)api_take(3));
	switch (api_take(4)) {
	case 0:
		WENT(fsock_send(s, block, n, api_take(3) ? NULL : &to));
		break;
	case 1:
		WENT(fsock_receive(s, block, n, api_take(2) ? NULL : &from));
		break;
	case 2:
		messages[0].peer = messages[1].peer = to;
		WENT(fsock_send_many(s, messages, api_take(3)));
		break;
	default:
		WENT(fsock_receive_many(s, messages, api_take(3)));
	}
}

static void
set_option(fsock *s)
{
	static const double values[] = { 0, 1, 2, 0.5, -1, NAN, INFINITY, 4096 };
	enum fsock_option option = (enum fsock_option)api_take(26);
	double value = values[api_take(8)];

	if (api_take(3) == 0) {
		WENT(fsock_get_option(s, option, &value));
		return;
	}
	/* What would make calls wait, or close(2). */
	if (option == FSOCK_OPTION_RECEIVE_TIMEOUT || option == FSOCK_OPTION_SEND_TIMEOUT)
		value = value > 0 ? 0.0002 : -1;
	if (option == FSOCK_OPTION_LINGER && value > 0)
		value = 0;
	WENT(fsock_set_option(s, option, value));
}

static void
set_time(fsock *s)
{
	double seconds = api_take(2) ? INFINITY : api_any_time();

	switch (api_take(3)) {
	case 0:
		WENT(fsock_set_deadline(s, seconds));
		break;
	case 1:
		WENT(fsock_set_read_deadline(s, seconds));
		break;
	default:
		WENT(fsock_set_write_deadline(s, seconds));
	}
}

static void
ask(fsock *s)
{
	char text[FSOCK_ADDR_TEXT_SIZE];
	struct fsock_addr name;
	size_t size = api_take(4) ? sizeof text : api_take(4);

	switch (api_take(7)) {
	case 0:
		WENT(fsock_local_name(s, &name));
		break;
	case 1:
		WENT(fsock_peer_name(s, &name));
		break;
	case 2:
		MADE(fsock_local_address(s, text, size));
		break;
	case 3:
		MADE(fsock_peer_address(s, text, size));
		break;
	case 4:
		WENT(fsock_peer_port(s));
		break;
	case 5:
		WENT(fsock_socket(s));
		break;
	default:
		FUZZ_ASSERT(fsock_is_stream(s) + fsock_is_listener(s) + fsock_is_datagram(s) <=
			    (s != NULL)); /* none of them is what is only waited for */
	}
}

static void
use_socket(void)
{
	fsock *s = api_any_slot()->s;

	switch (api_take(9)) {
	case 0:
		WENT(fsock_shutdown(s, (int)api_take(5)));
		break;
	case 1:
		WENT(fsock_set_nonblocking(s, (int)api_take(2)));
		break;
	case 2:
		WENT(fsock_interrupt(s, (int)api_take(5)));
		break;
	case 3:
		set_time(s);
		break;
	case 4:
		WENT(fsock_multicast_join(
		    s, api_take(2) ? "239.1.2.3" : "10.0.0.1", api_take(2) ? NULL : "lo"));
		break;
	case 5:
		ask(s);
		break;
	default:
		set_option(s);
	}
}

/* ---- Waiting. */

static void
wait_once(fsock_waitlist *list)
{
	struct fsock_event event;

	if (!WENT(fsock_waitlist_wait(list, api_any_time(), NULL)))
		return;
	while (fsock_waitlist_next(list, &event) != NULL)
		FUZZ_ASSERT(event.socket != NULL && event.state > 0 && event.state < 32);
}

static void
use_list(void)
{
	fsock_waitlist **list = &api_lists[api_take(API_LISTS)];
	fsock *s = api_any_slot()->s, *some[3] = { s, api_any_slot()->s, api_any_slot()->s };

	switch (api_take(12)) {
	case 0:
	case 1:
		WENT(fsock_waitlist_add(*list, s, (int)api_take(5), NULL));
		break;
	case 2:
		WENT(fsock_waitlist_change(*list, s, (int)api_take(5), NULL));
		break;
	case 3:
		WENT(fsock_waitlist_remove(*list, s));
		break;
	case 4:
		WENT(fsock_waitlist_set_timeout(*list, s, api_any_time()));
		break;
	case 5:
		WENT(fsock_waitlist_wake(*list));
		break;
	case 6:
		WENT(fsock_wait_for_input(some, api_take(4), api_any_time(), NULL));
		break;
	case 7:
		fsock_waitlist_free(*list);
		MADE(*list = fsock_waitlist_new());
		break;
	case 8:
		WENT(fsock_waitlist_prepare(*list));
		break;
	default:
		wait_once(*list);
	}
}

/* A relay for a few steps, between what may be its ends and what may not. */
static void
use_relay(void)
{
	struct fsock_relay_options options = { .one_way = (enum fsock_switch)api_take(4),
		.half_close = (enum fsock_switch)api_take(3),
		.splice = (enum fsock_switch)api_take(3),
		.buffer_size = api_take(40),
		.limit = api_take(200),
		.idle_timeout = api_any_time() };
	fsock_waitlist *list = api_lists[api_take(API_LISTS)];
	struct fsock_relay_status status;
	fsock_relay *relay;

	if (!MADE(relay = fsock_relay_new(api_any_slot()->s, api_any_slot()->s, &options)))
		return;
	WENT(fsock_relay_join(relay, list, NULL));
	for (unsigned n = api_take(4); n > 0; n--) {
		WENT(fsock_waitlist_wait(list, api_any_time(), NULL));
		WENT(fsock_relay_step(relay));
	}
	fsock_relay_get_status(relay, &status);
	fsock_relay_free(relay);
}

/* ---- Peers. */

static void
use_peer(void)
{
	static const struct linger hard = { .l_onoff = 1 };
	int *peer = &api_peers[api_take(API_PEERS)];

	if (*peer < 0)
		return;
	switch (api_take(6)) {
	case 0:
		send(*peer, block, api_take(2) ? api_take(100) : sizeof block, FSOCK__MSG_NOSIGNAL);
		break;
	case 1:
		send(*peer, "line\r\nand \x82\xA0\nhalf", 17, FSOCK__MSG_NOSIGNAL);
		break;
	case 2:
		while (recv(*peer, block, sizeof block, 0) > 0)
			;
		break;
	case 3:
		shutdown(*peer, api_take(2) ? SHUT_WR : SHUT_RD);
		break;
	case 4:
		setsockopt(*peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
		break;
	default:
		close(*peer);
		*peer = -1;
	}
}

/* ---- */

static void (*const operations[])(void) = { api_make, api_make, use_stream, use_stream, use_file,
	use_file, use_file, use_text, use_octets, transfer, use_socket, use_list, use_list,
	use_relay, use_peer, use_peer, api_finish };

static int
count_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < DESCRIPTORS; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int before;

	if (size > 2000)
		return 0;
	api_in = (struct fuzz_input){ data, size };
	if (api_foreign == NULL)
		FUZZ_ASSERT((api_foreign = tmpfile()) != NULL);
	before = count_descriptors();
	api_open();
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)(i % 41 == 40 ? '\n' : i % 97 == 96 ? 0xE4 : 'a' + i % 26);
	while (api_in.size > 0)
		operations[api_take(sizeof operations / sizeof operations[0])]();
	api_close();
	FUZZ_ASSERT(count_descriptors() == before);
	return 0;
}

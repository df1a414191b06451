/* The checked form of struct fsock_options: spans in nanoseconds, switches decided. */
#ifndef FSOCK_SOCK_SETTINGS_H
#define FSOCK_SOCK_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include <fsock/socket.h>

#define FSOCK__FORMAT_MAX 64 /* the longest format as text, with its NUL */

struct fsock__settings {
	int64_t connect_timeout, read_timeout, write_timeout; /* spans; FSOCK__NEVER for none */
	int64_t deadline;                                     /* a span, too: from birth */
	enum fsock_family family;
	const char *local_host; /* the caller's: only good while the socket is being made */
	int local_port;
	int backlog;
	int reuse_address, reuse_port, dual_stack, nodelay, broadcast; /* 1 or 0 */
	int interruptible;
	enum fsock_switch receive_destination;
	unsigned file_mode; /* 0: as the system makes it */
	int share_address; /* reuse_address as datagram sockets take it: 1 only when asked for */
	enum fsock_element element_type;
	enum fsock_delivery delivery;
	size_t line_limit;
	struct fsock_record record;
	int nonblocking; /* 1 or 0 */
	size_t output_limit, high_water, low_water;
	int64_t close_timeout;           /* a span */
	struct fsock_layer_maker *layer; /* of connections; or NULL */
	int64_t handshake_timeout;       /* a span */
	int batched;                     /* 1 or 0 */
	char format[FSOCK__FORMAT_MAX];
};

/* For want of a line_limit; a whole record has to be kept in memory. */
#define FSOCK__RECORD_LIMIT 65536

/* Whether a record is one that can be, and is within a limit of octets. */
int fsock__settings_check_record(const struct fsock_record *, size_t limit);

/* Checks `options` (NULL: all defaults). Returns 0, or -1 with the error recorded. */
int fsock__settings_make(struct fsock__settings *, const struct fsock_options *options,
    const char *operation, const char *host, int port);

#endif

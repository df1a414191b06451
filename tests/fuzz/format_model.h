/* What a stream should read whose format and bound change: what the codec makes of each part. */
#ifndef FORMAT_MODEL_H
#define FORMAT_MODEL_H

#include <fsock.h>

#include "fuzz.h"

enum { FORMAT_WIRE_MAX = 600, FORMAT_ENTRIES = 4 * FORMAT_WIRE_MAX + 8 };

struct format_state {
	struct fsock_decoder decoder;
	struct fsock_eol eol;
};

/* A character of text as it is delivered, or an error; `end` is where the wire goes on. */
struct format_entry {
	uint8_t text[4];
	size_t n;
	size_t end;
	int is_error;
	struct format_state after;
};

/*
 * list[] is what the octets from `start` on are, up to the bound; `read` entries of it and `part`
 * octets of the next one have been read. `owed` octets are an LF to be dropped if it is there.
 */
struct format_model {
	const uint8_t *wire;
	size_t length, bound, start;
	struct fsock_format format;
	struct format_state state, end_state;
	struct format_entry list[FORMAT_ENTRIES], raw[FORMAT_ENTRIES];
	size_t count, read, part;
	uint8_t owed[4];
	size_t owed_length;
	int may_be_owed; /* as yet it depends on arrivals whether an LF has been dropped */
};

/* Another format from m->start on; the list is still to be made. */
void format_model_set(struct format_model *m, const struct fsock_format *format);

/* Lists what comes from m->start on. */
void format_model_list(struct format_model *m);

/* Makes what was read final: the list begins where the program stands. */
void format_model_stand(struct format_model *m);

/* Takes the LF that the format owes out of its hands. */
void format_model_keep_owed(struct format_model *m);

/* Before anything is read the LF that was owed is dropped, if it is there. */
void format_model_drop_owed(struct format_model *m);

#endif

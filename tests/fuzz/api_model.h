/*
 * What the fuzzer of the API plays with: a few sockets with their streams, wait lists, bare peers;
 * how they come and go, and what is chosen at random.
 */
#ifndef API_MODEL_H
#define API_MODEL_H

#include "fuzz.h"

#include <errno.h>

#include <fsock.h>

enum { API_SLOTS = 5, API_LISTS = 2, API_PEERS = 3, API_STREAMS = 3 };

/* A socket, or the handle of a FILE that owns it; `s` is NULL when there is none (any more). */
struct api_slot {
	fsock *s;
	FILE *files[API_STREAMS];
	int is_disowned;
	char *octets; /* what fsock_octets_output() makes */
	size_t n;
};

extern struct api_slot api_slots[API_SLOTS];
extern fsock_waitlist *api_lists[API_LISTS];
extern int api_peers[API_PEERS]; /* bare descriptors at the other end; -1: none */
extern FILE *api_foreign;        /* none of the library's */
extern struct fuzz_input api_in;

/* ---- Choices. */

static inline unsigned
api_take(unsigned limit)
{
	return fuzz_take(&api_in, limit);
}

static inline struct api_slot *
api_any_slot(void)
{
	return &api_slots[api_take(API_SLOTS)];
}

/* A time that calls may wait, or an invalid one. */
double api_any_time(void);

const char *api_any_format(void);
const struct fsock_record *api_any_record(void);

/* ---- What each call has to say: why it failed, or nothing. `went` is what it said; returned. */

void api_begin(void);
int api_end(int went);

#define WENT(call) (api_begin(), api_end((call) >= 0))
#define MADE(call) (api_begin(), api_end((call) != NULL))

/* ---- What comes and goes. */

void api_open(void);
void api_close(void);

/* A socket more, of any kind, or a call that does not make one. */
void api_make(void);

/* A socket or a stream less. */
void api_finish(void);

#endif

/*
 * Records: where they end. A record is a line unless the program has said otherwise; see struct
 * fsock_record. All of this needs what guards the raw buffer.
 */
#ifndef FSOCK_STREAM_RECORD_H
#define FSOCK_STREAM_RECORD_H

#include "connection.h"

/* Makes records what `what` says, from the octet on that is read next. */
void fsock__record_set(struct fsock__stream *, const struct fsock_record *what);

/* Whether an octet ends a record; the others have their length. */
static inline int
fsock__record_is_delimited(const struct fsock__stream *stream)
{
	return stream->records.what.kind <= FSOCK_RECORD_DELIMITED;
}

/*
 * Whether input is delivered in whole records; if it is, by all windows. To octets that the program
 * has called binary a line means nothing.
 */
static inline int
fsock__record_is_whole(const struct fsock__stream *stream)
{
	return stream->windows[0].delivery == FSOCK_DELIVER_WHOLE_LINE &&
	       !(stream->binary && stream->records.what.kind == FSOCK_RECORD_LINE);
}

/*
 * Octets were taken beside the FILEs: the next record begins at the octet that is read next,
 * whoever has looked for an end before.
 */
void fsock__record_restart(struct fsock__stream *);

/*
 * Finds the end of the record that comes next, or that was delivered in part, in octets that pass
 * unchanged. Returns how much of it is left, which may be more than waits; 0 if more must be there
 * to tell; or -1 if it is no record: records.error is the errno. A function of the program's is
 * called only with `may_ask`: no lock of ours may be held then. Without, -1 also stands for what
 * was not measured yet.
 */
ssize_t fsock__record_find(struct fsock__stream *, int may_ask);

/*
 * Measures what comes next, if that is how records are found: who looks with locks held need not
 * ask then.
 */
void fsock__record_look_ahead(struct fsock__stream *);

/* Whether a piece of input that ends in `last`, and was the last one delivered, ends a record. */
int fsock__record_is_over(const struct fsock__stream *, uint8_t last);

/*
 * Whether n octets more are too many for a record. One that does not end in n octets has one more.
 */
int fsock__record_exceeds(const struct fsock__stream *, size_t n);

/*
 * How much of a record has been delivered after n octets more on top of `before`. Of records that
 * have their length this is not counted: 0.
 */
size_t fsock__record_count(
    const struct fsock__stream *, size_t before, const uint8_t *octets, size_t n);

/*
 * Counts the records that end in n octets, which have just been delivered, or sent in the turn of
 * the output side. Sockets that do not deliver whole records count none.
 */
void fsock__record_tally_input(struct fsock__stream *, const uint8_t *octets, size_t n);
void fsock__record_tally_output(struct fsock__stream *, const uint8_t *octets, size_t n);

/* Tells the output side, which must not look at `records`, what to count. */
void fsock__record_publish(struct fsock__stream *);

#endif

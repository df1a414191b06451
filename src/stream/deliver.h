/* Changing what the streams deliver. */
#ifndef FSOCK_STREAM_DELIVER_H
#define FSOCK_STREAM_DELIVER_H

#include "connection.h"

/*
 * Whole records are delivered, from the octet on that is read next. The caller has the input side,
 * and stdio holds nothing of it. Returns 0, or -1 with errno EINVAL and nothing changed: such
 * records are not to be found in text of this format.
 */
int fsock__deliver_records(struct fsock__stream *, const struct fsock_record *);

#endif

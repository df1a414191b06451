/* What decoding and the reading above it share. All need the lock of the reader's FILE. */
#ifndef FSOCK_STREAM_TEXT_DECODE_H
#define FSOCK_STREAM_TEXT_DECODE_H

#include "text.h"

/*
 * One character of n octets on the wire, from the initial shift state. Returns its length; 0: there
 * is none.
 */
size_t fsock__text_encode_one(
    const struct fsock_charset *charset, const char *text, size_t n, uint8_t octets[4]);

/* Starts decoding a charset, or octets that stand for themselves. */
void fsock__text_set_charset(struct fsock__text_input *t, const struct fsock_charset *charset);

/* Converts as much as it can, and moves `now` on by it. */
enum fsock_codec_status fsock__text_convert(
    struct fsock__text_input *t, struct fsock_codec_io *io, int final);

/*
 * Converts n of the raw octets that wait into `room` octets at out, and takes them from the raw
 * buffer. Returns how much text there is; *status says why it stopped.
 */
size_t fsock__text_take(struct fsock__stream *stream, size_t n, uint8_t *out, size_t room,
    enum fsock_codec_status *status);

/* Whether the stages have taken in octets that they hold back. */
int fsock__text_holds_back(const struct fsock__text_input *t);

/* Whether text is left of what a policy has put in the place of an error that was read. */
int fsock__text_owes(const struct fsock__text_input *t);

#endif

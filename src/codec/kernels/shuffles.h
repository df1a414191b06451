/*
 * shuffles.h - tables for closing gaps: the processors have an instruction that picks the
 * bytes of a vector in any order, so a row for every mask turns "keep these" into one step.
 */
#ifndef FSOCK_CODEC_KERNELS_SHUFFLES_H
#define FSOCK_CODEC_KERNELS_SHUFFLES_H

#include <stdint.h>

/* Of eight bytes those whose bit is set. */
extern const uint8_t fsock__keep_bytes[256][8];

/* Of eight 2-byte units those whose bit is set. */
extern const uint8_t fsock__keep_units[256][16];

/* Of eight 2-byte units both bytes where the bit is set, the second byte alone elsewhere. */
extern const uint8_t fsock__two_forms[256][16];

/* Of four 4-byte lanes byte 2, byte 1 where bit i is set and byte 0 where bit 4 + i is set. */
extern const uint8_t fsock__three_forms[256][16];

#endif

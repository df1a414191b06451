/* Octets to send that never repeat, and a checksum that sees every one of them and their order. */
#ifndef FSOCK_TESTS_TRAFFIC_H
#define FSOCK_TESTS_TRAFFIC_H

#include <stddef.h>
#include <stdint.h>

/* Fills the buffer with what follows the octets made last with this state; any number starts it. */
void traffic_fill(uint64_t *state, void *buf, size_t n);

/* Adds octets to a checksum, which is 0 at first. However they are cut, the sum is the same. */
struct traffic_sum {
	uint64_t sum, count;
	uint64_t word; /* the last count % 8 octets */
};
void traffic_add(struct traffic_sum *sum, const void *buf, size_t n);

/* The checksum of all octets added. */
uint64_t traffic_total(const struct traffic_sum *sum);

#endif

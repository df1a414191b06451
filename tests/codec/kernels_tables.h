/*
 * kernels_tables.h - for tests and benches: the two tables of a one-byte charset made from its 256
 * code points.
 */
#ifndef FSOCK_TESTS_KERNELS_TABLES_H
#define FSOCK_TESTS_KERNELS_TABLES_H

#include <string.h>

#include "../../src/codec/kernels/kernels.h"

struct one_byte {
	uint32_t forms[256];
	struct fsock__reverse reverse;
	uint8_t top[64], groups[65 * 16], pages[200 * 64];
	unsigned ngroups, npages;
};

/* Fills *t from the code points of the bytes; 0 above byte 0 means unmapped. */
static inline void
one_byte_init(struct one_byte *t, const uint16_t points[256])
{
	memset(t, 0, sizeof(*t));
	t->ngroups = t->npages = 1;
	for (unsigned b = 0; b < 256; b++) {
		unsigned u = points[b];
		uint8_t *group, *page;

		if (u == 0 && b != 0)
			continue;
		t->forms[b] = FSOCK__FORM(u);
		if (t->top[u >> 10] == 0)
			t->top[u >> 10] = (uint8_t)t->ngroups++;
		group = t->groups + t->top[u >> 10] * 16;
		if (group[u >> 6 & 15] == 0)
			group[u >> 6 & 15] = (uint8_t)t->npages++;
		page = t->pages + group[u >> 6 & 15] * 64;
		page[u & 63] = (uint8_t)b;
	}
	t->reverse = (struct fsock__reverse){ t->top, t->groups, t->pages };
}

#endif

#include "../../src/base/compat.h"
#include "traffic.h"

/* xorshift64* */
static uint64_t
next(uint64_t *state)
{
	uint64_t x = *state == 0 ? 0x9e3779b97f4a7c15u : *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1du;
}

void
traffic_fill(uint64_t *state, void *buf, size_t n)
{
	uint8_t *p = buf;

	for (; n >= 8; n -= 8, p += 8) {
		uint64_t word = next(state);

		memcpy(p, &word, 8);
	}
	if (n > 0) {
		uint64_t word = next(state);

		memcpy(p, &word, n);
	}
}

static uint64_t
mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
	return sum ^ sum >> 29;
}

void
traffic_add(struct traffic_sum *t, const void *buf, size_t n)
{
	const uint8_t *p = buf;

	while (n > 0) {
		if (t->count % 8 == 0 && n >= 8) {
			uint64_t word;

			memcpy(&word, p, 8);
			t->sum = mix(t->sum, word);
			t->count += 8;
			p += 8;
			n -= 8;
			continue;
		}
		/* In the order that memcpy() above gives on this machine. */
		((uint8_t *)&t->word)[t->count++ % 8] = *p++;
		n--;
		if (t->count % 8 == 0)
			t->sum = mix(t->sum, t->word);
	}
}

uint64_t
traffic_total(const struct traffic_sum *t)
{
	uint64_t word = 0;

	memcpy(&word, &t->word, t->count % 8);
	return mix(mix(t->sum, word), t->count);
}

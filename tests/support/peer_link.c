#include "../../src/base/compat.h"
#include "peer_link.h"

#include <check.h>

#include "peer.h"

static const struct {
	enum fsock_family family;
	const char *host; /* what this machine must have */
} kinds[] = {
	{ FSOCK_ANY_FAMILY, NULL }, /* socketpair() */
	{ FSOCK_IPV4_ONLY, "127.0.0.1" },
	{ FSOCK_IPV6_ONLY, "::1" },
};

int
peer_link_is_two_way(int n)
{
	return n % 2 == 0;
}

int
peer_link_open(struct peer_link *link, int n, const struct fsock_options *options)
{
	struct fsock_options with_family = *options;

	with_family.family = kinds[n / 2].family;
	if (kinds[n / 2].host != NULL && peer_cannot_use(kinds[n / 2].host))
		return 0;
	ck_assert_int_eq(fsock_pair(link->ends, &with_family), 0);
	for (int i = 0; i < 2; i++) {
		int two_way = peer_link_is_two_way(n);

		link->in[i] = two_way ? fsock_stream(link->ends[i]) : fsock_input(link->ends[i]);
		link->out[i] = two_way ? link->in[i] : fsock_output(link->ends[i]);
		ck_assert(link->in[i] != NULL && link->out[i] != NULL);
	}
	return 1;
}

void
peer_link_close(struct peer_link *link, int end)
{
	ck_assert_msg(fsock_close(link->ends[end]) == 0, "closing: %s", fsock_last_error()->text);
}

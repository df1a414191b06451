#include "../base/compat.h"
#include "held.h"

#include "../sock/layers.h"

int
fsock__held_has_input(struct fsock *s)
{
	return fsock__layers_have_input(s) || (s->stream != NULL && s->stream_ops->buffered(s) > 0);
}

void
fsock__held_send(struct fsock *s, int interest)
{
	if (s->output.is_held && !((interest & FSOCK_INPUT) && fsock__held_has_input(s)))
		s->stream_ops->drain(s);
}

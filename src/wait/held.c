#include "../base/compat.h"
#include "held.h"

#include "../sock/layers.h"

int
fsock__held_has_input(struct fsock *s)
{
	return fsock__handle_has_ended(s) || fsock__layers_have_input(s) ||
	       (s->stream != NULL && s->stream_ops->buffered(s) > 0);
}

int
fsock__held_send(struct fsock *s, int interest)
{
	int has_input = (interest & FSOCK_INPUT) && fsock__held_has_input(s);

	if (!s->output.is_held)
		return has_input;
	s->output.is_left = has_input;
	if (!has_input)
		s->stream_ops->drain(s);
	return has_input;
}

#include "../base/compat.h"
#include "gather.h"

#include "hold.h"
#include "input.h"
#include "window.h"

int
fsock__gather_hold(struct fsock__stream *stream, const char *operation, struct fsock__window **held)
{
	if (fsock__hold_input(stream, operation, held) < 0)
		return -1;
	if (*held != NULL && fsock__window_give_back(*held, operation) < 0) {
		fsock__hold_release(stream, *held);
		return -1;
	}
	fsock__input_exact(stream);
	return 0;
}

int
fsock__gather(struct fsock__window *w, const char *operation)
{
	struct fsock__window *held;

	if (fsock__gather_hold(w->stream, operation, &held) < 0)
		return -1;
	fsock__hold_release(w->stream, held);
	return fsock__hold_take_over(w, operation);
}

int
fsock__gather_owed(struct fsock__window *held)
{
	struct fsock__stream *stream = held->stream;
	int r;

	if (stream->owed_length == 0)
		return 0;
	fsock__hold_set_waits(stream, 1);
	r = fsock__input_drop_owed(held) < 0 ? -1 : 0;
	fsock__hold_set_waits(stream, 0);
	return r;
}

#include "../base/compat.h"
#include "layer_call.h"

#include "../base/error.h"
#include "../base/process.h"
#include "account.h"
#include "failure.h"
#include "layer_step.h"

void
fsock__layer_call_give_intake(struct fsock *s)
{
	struct fsock__turn *intake = &s->layers->intake;
	int is_own;

	if (intake->process == 0)
		return;
	fsock__handle_lock(s);
	is_own =
	    intake->process == fsock__process() && pthread_equal(intake->owner, pthread_self());
	fsock__handle_unlock(s);
	if (is_own)
		fsock__turn_end(s, intake, intake->number);
}

void
fsock__layer_call_begin(struct fsock *s, struct fsock__layer_call *call)
{
	struct fsock__layers *layers = s->layers;

	fsock__quiet_begin(&call->quiet);
	if (fsock__turn_take(s, &layers->turn, FSOCK__NEVER) == FSOCK__TURN_ORPHANED)
		layers->is_torn = 1;
	call->number = layers->turn.number;
	if (layers->process == 0 && !layers->is_torn)
		layers->process = fsock__process();
	if (layers->process != fsock__process())
		fsock__layer_fail(layers, fsock_error_kind_of_errno(EPERM), EPERM, NULL);
}

void
fsock__layer_call_end(struct fsock *s, const struct fsock__layer_call *call)
{
	struct fsock__layers *layers = s->layers;

	if (layers->failed)
		layers->unsent = 0;
	else
		layers->unsent = layers->held_to - layers->held_from + (size_t)layers->flush_due;
	fsock__turn_end(s, &layers->turn, call->number);
	fsock__layer_call_give_intake(s);
	fsock__quiet_end(&call->quiet);
}

/* Records why the layers have failed. Returns -1. */
static int
record(const struct fsock *s, const char *operation)
{
	const struct fsock__layers *layers = s->layers;

	if (!layers->failed)
		return fsock__handle_error(s, operation, layers->unwritable);
	if (layers->text[0] == '\0')
		return fsock__error_set_kind(
		    operation, s->host, s->port, layers->kind, layers->errnum);
	return fsock__error_set_words(
	    operation, s->host, s->port, layers->kind, layers->errnum, "%s", layers->text);
}

int
fsock__layer_call_tell(struct fsock *s, const char *operation)
{
	record(s, operation);
	if (s->failure == NULL && s->layers->errnum != EBADF) /* else it was traced, or is closed */
		fsock__account_fail(s);
	fsock__failure_keep(s, fsock__error_current());
	return -1;
}

void
fsock__layer_call_set_wish(struct fsock__layers *layers, int direction, ssize_t r)
{
	int i = fsock__layer_call_index(direction);

	if (r != FSOCK_LAYER_WANTS_INPUT && r != FSOCK_LAYER_WANTS_OUTPUT)
		return;
	layers->wish[i] = r == FSOCK_LAYER_WANTS_INPUT ? FSOCK_INPUT : FSOCK_OUTPUT;
	layers->seen[i] = layers->arrivals;
}

void
fsock__layer_call_reset_wish(struct fsock__layers *layers, int direction)
{
	layers->wish[fsock__layer_call_index(direction)] = direction;
}

int
fsock__layer_call_start(struct fsock__layers *layers)
{
	int r;

	if (layers->failed)
		return FSOCK_LAYER_FAILED;
	if (layers->is_started)
		return 1;
	r = fsock__layer_start(layers->top);
	if (r == 1) {
		layers->is_started = 1;
		fsock__account_ready(layers->top->socket);
		layers->start_by = FSOCK__NEVER;
		fsock__layer_call_reset_wish(layers, FSOCK_INPUT);
		fsock__layer_call_reset_wish(layers, FSOCK_OUTPUT);
		layers->is_pending = fsock__layer_is_pending(layers->top);
	}
	fsock__layer_call_set_wish(layers, FSOCK_INPUT, r);
	fsock__layer_call_set_wish(layers, FSOCK_OUTPUT, r);
	return r;
}

#include "../base/compat.h"
#include "watch.h"

#include "bell.h"
#include "closing.h"
#include "connecting.h"
#include "member.h"
#include "watched.h"

static void
watch_note(struct fsock *s)
{
	fsock__member_note(s);
	fsock__bell_ring(s);
}

static int
has_fd(const struct fsock__member *m)
{
	return m->own.fd >= 0 || m->is_pending;
}

static void
watch_drop_fd(struct fsock *s)
{
	struct fsock_waitlist *list;

	while ((list = fsock__member_list_of(s, has_fd)) != NULL) {
		struct fsock__member *m;

		fsock__waitlist_lock(list);
		m = fsock__member_find(list, s);
		if (m != NULL) {
			fsock__watched_drop_fd(m);
			fsock__member_suspect(m);
			fsock__member_nudge(list);
		}
		fsock__waitlist_unlock(list);
		fsock__member_unref_list(list);
	}
}

/* Members of a parent's lists, in a child, are left where they are: nobody looks at them again. */
static void
watch_leave(struct fsock *s)
{
	struct fsock_waitlist *list;

	while ((list = fsock__member_list_of(s, NULL)) != NULL) {
		struct fsock__member *m;

		fsock__waitlist_lock(list);
		m = fsock__member_find(list, s);
		if (m != NULL)
			fsock__member_part(m);
		fsock__waitlist_unlock(list);
		fsock__member_unref_list(list);
	}
	fsock__bell_leave(s);
}

const struct fsock__watch_ops fsock__watch_ops = {
	.note = watch_note,
	.drop_fd = watch_drop_fd,
	.leave = watch_leave,
	.retire = fsock__closing_retire,
	.defer = fsock__closing_defer,
	.pause = fsock__connecting_pause,
	.resume = fsock__connecting_resume,
};

/* Which ways to wait this system has. */
#include "../base/compat.h"
#include "backend.h"

const struct fsock__wait_ops *const fsock__wait_backends[] = {
#if defined(FSOCK__HAVE_EPOLL)
	&fsock__wait_epoll,
#endif
#if defined(FSOCK__HAVE_KQUEUE)
	&fsock__wait_kqueue,
#endif
	&fsock__wait_poll,
	NULL,
};

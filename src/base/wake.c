#include "compat.h"
#include "wake.h"

#include <stdint.h>
#include <unistd.h>

#include "sys.h"

int
fsock__wake_open(struct fsock__wake *wake)
{
	int ends[2];

	if (fsock__sys_wake(ends) < 0)
		return -1;
	wake->fd = ends[0];
	wake->sender = ends[1];
	return 0;
}

void
fsock__wake_close(struct fsock__wake *wake)
{
	fsock__sys_close(wake->fd);
	if (wake->sender != wake->fd)
		fsock__sys_close(wake->sender);
}

void
fsock__wake_send(const struct fsock__wake *wake)
{
	static const uint64_t one = 1; /* a pipe takes any octets; an eventfd wants these */
	int cancel, saved = errno;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	while (write(wake->sender, &one, sizeof one) < 0 && errno == EINTR)
		;
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
}

void
fsock__wake_drain(const struct fsock__wake *wake)
{
	uint64_t scrap[8];
	int cancel, saved = errno;
	ssize_t r;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	do
		r = read(wake->fd, scrap, sizeof scrap);
	while (r == (ssize_t)sizeof scrap || (r < 0 && errno == EINTR));
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
}

/* Reading and setting the values of options, one kind of value after the other. */
#include "../base/compat.h"
#include "option_value.h"

#include <sys/ioctl.h>

#include <limits.h>
#include <math.h>

#include "../base/clock.h"
#include "layers.h"
#include "multicast.h"
#include "../base/sys.h"

/* Whether the value is a whole number within the option's bounds. NaN is not. */
static int
to_int(const struct fsock__option *o, double value, int *result)
{
	if (value >= o->min && value <= o->max && (double)(int)value == value) {
		*result = (int)value;
		return 0;
	}
	errno = EINVAL;
	return -1;
}

static double
from_int(const struct fsock__option *o, int value)
{
	return o->min == 0 && o->max == 1 ? value != 0 : value;
}

static int
has_own6(const struct fsock *s, const struct fsock__option *o)
{
	return s->family == AF_INET6 && o->level6 != 0;
}

int
fsock__option_get_int(struct fsock *s, const struct fsock__option *o, double *value)
{
	int own6 = has_own6(s, o), number;

	if (fsock__sys_get_int(
		s->fd, own6 ? o->level6 : o->level, own6 ? o->name6 : o->name, &number) < 0)
		return -1;
	*value = from_int(o, number);
	return 0;
}

/* One that the library has taken from the kernel comes first. */
int
fsock__option_get_error(struct fsock *s, const struct fsock__option *o, double *value)
{
	*value = atomic_exchange(&s->early_error, 0);
	return *value != 0 ? 0 : fsock__option_get_int(s, o, value);
}

int
fsock__option_set_int(struct fsock *s, const struct fsock__option *o, double value)
{
	int own6 = has_own6(s, o), saved = errno, number;

	if (to_int(o, value, &number) < 0)
		return -1;
	if (!own6)
		return fsock__sys_set_int(s->fd, o->level, o->name, number);
	/* For what it sends by IPv4: where the system lets it. */
	fsock__sys_set_int(s->fd, o->level, o->name, number);
	errno = saved;
	return fsock__sys_set_int(s->fd, o->level6, o->name6, number);
}

int
fsock__option_get_octet(struct fsock *s, const struct fsock__option *o, double *value)
{
	unsigned char octet;
	socklen_t length = sizeof octet;

	if (has_own6(s, o))
		return fsock__option_get_int(s, o, value);
	if (getsockopt(s->fd, o->level, o->name, &octet, &length) < 0)
		return -1;
	*value = from_int(o, octet);
	return 0;
}

int
fsock__option_set_octet(struct fsock *s, const struct fsock__option *o, double value)
{
	unsigned char octet;
	int own6 = has_own6(s, o), saved = errno, number;

	if (to_int(o, value, &number) < 0)
		return -1;
	octet = (unsigned char)number;
	if (setsockopt(s->fd, o->level, o->name, &octet, sizeof octet) < 0 && !own6)
		return -1;
	errno = saved;
	return own6 ? fsock__sys_set_int(s->fd, o->level6, o->name6, number) : 0;
}

static _Atomic int64_t *
timeout_of(struct fsock *s, const struct fsock__option *o)
{
	return o->name == SO_RCVTIMEO ? &s->limits.read_timeout : &s->limits.write_timeout;
}

int
fsock__option_get_timeout(struct fsock *s, const struct fsock__option *o, double *value)
{
	int64_t span = *timeout_of(s, o);

	*value = span == FSOCK__NEVER ? INFINITY : (double)span / 1e9;
	return 0;
}

int
fsock__option_set_timeout(struct fsock *s, const struct fsock__option *o, double value)
{
	int64_t span;

	if (fsock__clock_span(value, &span) < 0)
		return -1;
	if (value == 0)
		span = FSOCK__NEVER;
	if (fsock__sys_set_timeout(s->fd, o->name, span) < 0)
		return -1;
	*timeout_of(s, o) = span;
	return 0;
}

int
fsock__option_get_linger(struct fsock *s, const struct fsock__option *o, double *value)
{
	struct linger linger;
	socklen_t length = sizeof linger;

	if (getsockopt(s->fd, o->level, o->name, &linger, &length) < 0)
		return -1;
	*value = linger.l_onoff ? linger.l_linger : -1;
	return 0;
}

int
fsock__option_set_linger(struct fsock *s, const struct fsock__option *o, double value)
{
	struct linger linger = { 0 };
	int seconds;

	if (to_int(o, value, &seconds) < 0)
		return -1;
	linger.l_onoff = seconds >= 0;
	if (seconds > 0)
		linger.l_linger = seconds;
	return setsockopt(s->fd, o->level, o->name, &linger, sizeof linger);
}

int
fsock__option_get_interface(struct fsock *s, const struct fsock__option *o, double *value)
{
	(void)o;
	*value = s->multicast_interface;
	return 0;
}

int
fsock__option_set_interface(struct fsock *s, const struct fsock__option *o, double value)
{
	int number;

	if (to_int(o, value, &number) < 0)
		return -1;
	return fsock__multicast_set_interface(s, (unsigned)number);
}

int
fsock__option_get_available(struct fsock *s, const struct fsock__option *o, double *value)
{
	ssize_t ahead = s->stream == NULL ? 0 : s->stream_ops->available(s);
	int waiting;

	(void)o;
	if (ahead < 0)
		return -1;
	if (fsock__layers_are_on(s)) /* what the descriptor holds is not what is read */
		waiting = s->layers->has_first;
	else if (ioctl(s->fd, FIONREAD, &waiting) < 0)
		return -1;
	*value = (double)ahead + waiting;
	return 0;
}

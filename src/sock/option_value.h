/* One option: which sockets have it, and how it is read and set. See fsock/option.h. */
#ifndef FSOCK_SOCK_OPTION_VALUE_H
#define FSOCK_SOCK_OPTION_VALUE_H

#include "handle.h"

enum {
	FSOCK__OPTION_CONNECTED = 1 << FSOCK__CONNECTED,
	FSOCK__OPTION_LISTENER = 1 << FSOCK__LISTENER,
	FSOCK__OPTION_DATAGRAM = 1 << FSOCK__DATAGRAM,
	FSOCK__OPTION_ANY_ROLE = 7,

	FSOCK__OPTION_IPV4 = 1,
	FSOCK__OPTION_IPV6 = 2,
	FSOCK__OPTION_OTHERS = 4, /* Unix-domain, and what may have been adopted */
	FSOCK__OPTION_IP = 3,
	FSOCK__OPTION_ANY_FAMILY = 7,
};

/* `set` NULL: read only. Both return 0, or -1 with errno only, and find fd and family valid. */
struct fsock__option {
	int roles, families;
	int (*get)(struct fsock *, const struct fsock__option *, double *value);
	int (*set)(struct fsock *, const struct fsock__option *, double value);
	int min, max;      /* for whole numbers; 0 and 1 are a switch */
	int level, name;   /* name -1: this system does not have it */
	int level6, name6; /* of IPv6 sockets, where that is another option; else 0 */
};

int fsock__option_get_int(struct fsock *, const struct fsock__option *, double *value);
int fsock__option_get_error(struct fsock *, const struct fsock__option *, double *value);
int fsock__option_set_int(struct fsock *, const struct fsock__option *, double value);
/* Whole numbers that IPv4 keeps in one octet. */
int fsock__option_get_octet(struct fsock *, const struct fsock__option *, double *value);
int fsock__option_set_octet(struct fsock *, const struct fsock__option *, double value);
int fsock__option_get_timeout(struct fsock *, const struct fsock__option *, double *value);
int fsock__option_set_timeout(struct fsock *, const struct fsock__option *, double value);
int fsock__option_get_linger(struct fsock *, const struct fsock__option *, double *value);
int fsock__option_set_linger(struct fsock *, const struct fsock__option *, double value);
int fsock__option_get_interface(struct fsock *, const struct fsock__option *, double *value);
int fsock__option_set_interface(struct fsock *, const struct fsock__option *, double value);
int fsock__option_get_available(struct fsock *, const struct fsock__option *, double *value);

#endif

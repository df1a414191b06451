/* The interface of multicast, for options. See fsock/datagram.h for the public face. */
#ifndef FSOCK_SOCK_MULTICAST_H
#define FSOCK_SOCK_MULTICAST_H

#include "handle.h"

/* The interface by number, 0 for the system's choice. Returns 0, or -1 with errno only. */
int fsock__multicast_set_interface(struct fsock *, unsigned index);

#endif

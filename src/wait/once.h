/* What fsock_wait_for_input() and the waits on lists share. */
#ifndef FSOCK_WAIT_ONCE_H
#define FSOCK_WAIT_ONCE_H

#include <stdint.h>

/* What is left of the time until the deadline, in seconds. */
double fsock__wait_remaining(int64_t deadline);

#endif

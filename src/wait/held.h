/*
 * What a wait does about output that the streams hold back (the option `batched`): it is sent
 * before anything is waited for. While there is input at hand that the program is told of, the wait
 * does not sleep, and the answers to that input may yet go with the others.
 */
#ifndef FSOCK_WAIT_HELD_H
#define FSOCK_WAIT_HELD_H

#include "../sock/handle.h"

/*
 * Whether input can be read without the kernel: the streams hold some, or the program has ended it.
 */
int fsock__held_has_input(struct fsock *);

/*
 * Sends it as far as that goes without waiting, unless `interest` is in input and there is some. A
 * list's lock may be held, if the socket has no layers. Failures are kept in output.error. Returns
 * whether there is such input. Who decides whether to sleep goes by that and does not look again:
 * another thread may have read it meanwhile, and the output would stay where it is.
 */
int fsock__held_send(struct fsock *, int interest);

#endif

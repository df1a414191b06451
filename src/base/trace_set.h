/* Which trace there is: that of the environment, or of the program. */
#ifndef FSOCK_BASE_TRACE_SET_H
#define FSOCK_BASE_TRACE_SET_H

/* Before a call that there may be events of: reads FSOCK_TRACE, once. Keeps errno. */
void fsock__trace_prepare(void);

#endif

#include "compat.h"

#include <fsock/api.h>

/* see fsock/api.h */
const char *
fsock_version(void)
{
	return FSOCK_VERSION;
}

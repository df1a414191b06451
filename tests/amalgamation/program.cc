// A program in C++ that is linked to fsock.o.
#include "fsock.h"

#include <cstring>

int
main()
{
	return std::strcmp(fsock_version(), FSOCK_VERSION) != 0;
}

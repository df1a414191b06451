#include "../../src/base/compat.h"
#include "certificates.h"

#include <stdlib.h>

#include "sock_support.h"

static char directory[] = "/tmp/fsock-certificates-XXXXXX";

const char *
certificates_file(const char *name)
{
	static char paths[4][64];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", directory, name);
	return path;
}

int
certificates_run(Suite *suite)
{
	char command[128];
	int failed;

	if (mkdtemp(directory) == NULL)
		return EXIT_FAILURE;
	snprintf(command, sizeof command, "tests/tls/certificates %s", directory);
	failed = system(command) != 0 ? EXIT_FAILURE : sock_run(suite);
	snprintf(command, sizeof command, "rm -rf %s", directory);
	return system(command) == 0 ? failed : EXIT_FAILURE;
}

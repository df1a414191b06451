/*
 * names HOST: prints the addresses of a host, and the names of both ends of a connection.
 */
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

/* Prints all addresses of a host. Returns how many there are. */
static int
list_addresses(const char *host)
{
	struct fsock_addr list[16];
	char text[FSOCK_ADDR_TEXT_SIZE];
	ssize_t count = fsock_get_hosts_by_name(host, FSOCK_ANY_FAMILY, list, 16);

	for (ssize_t i = 0; i < count && i < 16; i++)
		printf("%s\n", fsock_addr_host(&list[i], text, sizeof text));
	return (int)count;
}

int
main(int argc, char **argv)
{
	char mine[FSOCK_ADDR_TEXT_SIZE], theirs[FSOCK_ADDR_TEXT_SIZE];
	fsock *ends[2];

	if (list_addresses(argc > 1 ? argv[1] : "localhost") < 0 ||
	    fsock_pair(ends, &(struct fsock_options){ .family = FSOCK_IPV4_ONLY }) < 0) {
		fprintf(stderr, "names: %s\n", fsock_last_error()->text);
		return EXIT_FAILURE;
	}
	printf("%s port %d to %s port %d\n", fsock_local_address(ends[0], mine, sizeof mine),
	    fsock_local_port(ends[0]), fsock_peer_address(ends[0], theirs, sizeof theirs),
	    fsock_peer_port(ends[0]));
	fsock_close(ends[0]);
	fsock_close(ends[1]);
	return EXIT_SUCCESS;
}

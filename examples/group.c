/*
 * group INTERFACE GROUP PORT [TEXT]: sends a text to a multicast group; without TEXT, prints the
 * first datagram that arrives from the group.
 *
 * Several programs on one machine can receive from the group, because they share the port by
 * reuse_address.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>

/* Receives one datagram that was sent to the group. */
static int
hear(fsock *s, const char *interface_name, const char *group)
{
	char text[1500], from[FSOCK_ADDR_TEXT_SIZE];
	struct fsock_addr sender;
	ssize_t n;

	if (fsock_multicast_join(s, group, interface_name) < 0)
		return -1;
	printf("port %d\n", fsock_local_port(s));
	fflush(stdout);
	n = fsock_receive(s, text, sizeof text, &sender);
	if (n < 0)
		return -1;
	if (n > (ssize_t)sizeof text)
		n = sizeof text;
	printf("%s says: %.*s\n", fsock_addr_host(&sender, from, sizeof from), (int)n, text);
	return 0;
}

/* Sends a text to the group: to this network only, one hop away. */
static int
say(fsock *s, const char *interface_name, const char *group, int port, const char *text)
{
	struct fsock_addr to;

	if (fsock_multicast_interface(s, interface_name) < 0 ||
	    fsock_set_option(s, FSOCK_OPTION_MULTICAST_TTL, 1) < 0 ||
	    fsock_addr_from_text(&to, group, port) < 0)
		return -1;
	return fsock_send(s, text, strlen(text), &to) < 0 ? -1 : 0;
}

int
main(int argc, char **argv)
{
	struct fsock_options options = { .reuse_address = FSOCK_ON };
	int r;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: group INTERFACE GROUP PORT [TEXT]\n");
		return EXIT_FAILURE;
	}
	options.family = strchr(argv[2], ':') ? FSOCK_IPV6_ONLY : FSOCK_IPV4_ONLY;
	if (argc == 4) {
		options.local_host = options.family == FSOCK_IPV6_ONLY ? "::" : "0.0.0.0";
		options.local_port = atoi(argv[3]);
	}
	FSOCK_AUTO fsock *s = fsock_datagram(NULL, 0, &options);

	if (!s)
		r = -1;
	else if (argc == 4)
		r = hear(s, argv[1], argv[2]);
	else
		r = say(s, argv[1], argv[2], atoi(argv[3]), argv[4]);
	if (r < 0)
		fprintf(stderr, "group: %s\n", fsock_last_error()->text);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

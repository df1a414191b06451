/*
 * octets [ADDRESS [PORT]]: prints an IPv4 address as a number, as octets and as text, and puts
 * address and port into six octets, as protocols such as SOCKS do.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

/* The same address in all its forms. */
static int
print_forms(const char *address)
{
	char text[FSOCK_DOTTED_QUAD_SIZE];
	uint8_t quad[4];
	uint32_t number;

	if (fsock_host_byte_order(address, &number) < 0 ||
	    fsock_hbo_to_vector_quad(number, quad) < 0)
		return -1;
	printf("%" PRIu32 ": %d, %d, %d, %d: %s\n", number, quad[0], quad[1], quad[2], quad[3],
	    fsock_vector_quad_to_dotted_quad(quad, text, sizeof text));
	return 0;
}

/* Address and port, most significant octet first. */
static int
pack(uint8_t packet[6], const char *address, int port)
{
	if (fsock_ip_to_octet_buffer(address, packet, 6, 0) < 0)
		return -1;
	return fsock_port_to_octet_buffer(port, packet, 6, 4);
}

int
main(int argc, char **argv)
{
	const char *address = argc > 1 ? argv[1] : "127.0.0.1";
	uint8_t packet[6];

	if (print_forms(address) < 0 || pack(packet, address, argc > 2 ? atoi(argv[2]) : 80) < 0) {
		fprintf(stderr, "octets: %s\n", fsock_last_error()->text);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < sizeof packet; i++)
		printf("%02X%s", packet[i], i + 1 < sizeof packet ? " " : "\n");
	return EXIT_SUCCESS;
}

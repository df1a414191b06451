/*
 * mqtt_broker HOST PORT [CLIENTS]: a broker of MQTT 3.1.1 (QoS 0), in one thread.
 *
 * With PORT 0 the system chooses a port. With CLIENTS the server ends after that number of clients
 * have left. Packets are records that measure() measures: the server calls handle() with each
 * whole packet, and knows nothing else of MQTT. What is retained, sessions, wills and QoS above 0
 * are left out: a client that asks for more is granted QoS 0.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>

enum {
	CONNECT = 1,
	CONNACK,
	PUBLISH,
	SUBSCRIBE = 8,
	SUBACK,
	UNSUBSCRIBE,
	UNSUBACK,
	PINGREQ,
	PINGRESP,
	DISCONNECT
};
enum { TOPICS = 16 };

struct client {
	FILE *to;
	int is_connected;
	char *filters[TOPICS];
	struct client *next, **link;
};

static struct client *clients;
static long left; /* how many may go before the server ends; 0: any number */

/* A packet: a type, the length of the rest, 7 bits in each octet and the lowest first, the rest. */
static ssize_t
measure(const void *octets, size_t n, void *arg)
{
	const uint8_t *p = octets;
	size_t rest = 0;

	(void)arg;
	for (size_t i = 1; i <= 4; i++) {
		if (i == n)
			return 0;
		rest |= (size_t)(p[i] & 0x7F) << (7 * (i - 1));
		if (p[i] < 0x80)
			return (ssize_t)(1 + i + rest);
	}
	errno = EBADMSG; /* no length has a fifth octet */
	return -1;
}

/* What is left of a packet. */
struct packet {
	const uint8_t *p;
	size_t n;
};

/* Takes a number of 16 bits. Returns -1 if there is none. */
static int
take_number(struct packet *packet)
{
	int number;

	if (packet->n < 2)
		return -1;
	number = packet->p[0] << 8 | packet->p[1];
	packet->p += 2;
	packet->n -= 2;
	return number;
}

/* Takes a string, into memory of its own. NULL if there is none. */
static char *
take_string(struct packet *packet)
{
	int length = take_number(packet);
	char *string;

	if (length < 0 || (size_t)length > packet->n || memchr(packet->p, '\0', (size_t)length))
		return NULL;
	string = calloc(1, (size_t)length + 1);
	if (string && length > 0)
		memcpy(string, packet->p, (size_t)length);
	packet->p += length;
	packet->n -= (size_t)length;
	return string;
}

/* Whether a topic matches a filter: '+' stands for a level, a last '#' for all that follow. */
static int
matches(const char *filter, const char *topic)
{
	for (; *filter && *filter != '#'; filter++) {
		if (*filter == '+')
			topic += strcspn(topic, "/");
		else if (*filter == *topic)
			topic++;
		else
			return strcmp(filter, "/#") == 0 && !*topic;
	}
	return *filter == '#' || !*topic;
}

static int
is_subscribed(const struct client *c, const char *topic)
{
	for (int i = 0; i < TOPICS; i++)
		if (c->filters[i] && matches(c->filters[i], topic))
			return 1;
	return 0;
}

/* Sends a packet as it came, but for the flags, which are those of QoS 0, to who has subscribed. */
static int
publish(const char *octets, size_t length, struct packet packet)
{
	char *topic = take_string(&packet);

	if (!topic || (octets[0] & 0x06)) {
		free(topic);
		errno = topic ? EPROTONOSUPPORT : EBADMSG;
		return -1;
	}
	for (struct client *c = clients; c; c = c->next)
		if (is_subscribed(c, topic)) {
			putc(PUBLISH << 4, c->to);
			fwrite(octets + 1, 1, length - 1, c->to);
			fflush(c->to);
		}
	free(topic);
	return 0;
}

/* Keeps a filter, or lets go of it. Returns the code that answers: the QoS, or that of failure. */
static int
keep(struct client *c, char *filter)
{
	for (int i = 0; i < TOPICS; i++)
		if (!c->filters[i]) {
			c->filters[i] = filter;
			return 0;
		}
	free(filter);
	return 0x80;
}

static void
drop(struct client *c, const char *filter)
{
	for (int i = 0; i < TOPICS; i++)
		if (c->filters[i] && (!filter || strcmp(c->filters[i], filter) == 0)) {
			free(c->filters[i]);
			c->filters[i] = NULL;
		}
}

/* Subscribes to the filters of a packet, and answers with a code for each. */
static int
subscribe(struct client *c, struct packet packet)
{
	int id = take_number(&packet), count = 0;
	uint8_t codes[TOPICS];
	char *filter;

	while (count < TOPICS && (filter = take_string(&packet)) != NULL) {
		codes[count++] = (uint8_t)keep(c, filter);
		if (packet.n > 0) { /* the QoS that it asks for */
			packet.p++;
			packet.n--;
		}
	}
	if (id < 0 || count == 0 || packet.n > 0) {
		errno = EBADMSG;
		return -1;
	}
	fprintf(c->to, "%c%c%c%c", SUBACK << 4, 2 + count, id >> 8, id & 0xFF);
	fwrite(codes, 1, (size_t)count, c->to);
	return 0;
}

static int
unsubscribe(struct client *c, struct packet packet)
{
	int id = take_number(&packet);
	char *filter;

	while ((filter = take_string(&packet)) != NULL) {
		drop(c, filter);
		free(filter);
	}
	fprintf(c->to, "%c%c%c%c", UNSUBACK << 4, 2, id >> 8, id & 0xFF);
	return 0;
}

/* The first packet: the name of the protocol and its version. */
static int
connect_client(struct client *c, struct packet packet)
{
	char *name = take_string(&packet);
	int known = name && strcmp(name, "MQTT") == 0 && packet.n > 0 && packet.p[0] == 4;

	free(name);
	c->is_connected = known;
	fprintf(c->to, "%c%c%c%c", CONNACK << 4, 2, 0, known ? 0 : 1); /* 1: no such version */
	return known ? 0 : FSOCK_END_CLIENT;
}

/* A whole packet of a client. */
static int
handle(FILE *to, char *octets, size_t length, void *arg)
{
	struct client *c = *fsock_client_state();
	struct packet packet = { (const uint8_t *)octets + 1, length - 1 };
	int type = (uint8_t)octets[0] >> 4;

	(void)arg;
	while (*packet.p++ & 0x80) /* past the length */
		packet.n--;
	packet.n--;
	if (c->is_connected != (type != CONNECT)) {
		errno = EPROTO;
		return -1;
	}
	switch (type) {
	case CONNECT:
		return connect_client(c, packet);
	case PUBLISH:
		return publish(octets, length, packet);
	case SUBSCRIBE:
		return subscribe(c, packet);
	case UNSUBSCRIBE:
		return unsubscribe(c, packet);
	case PINGREQ:
		fprintf(to, "%c%c", PINGRESP << 4, 0);
		return 0;
	case DISCONNECT:
		return FSOCK_END_CLIENT;
	default:
		errno = EPROTO;
		return -1;
	}
}

static int
join(FILE *to, void *arg)
{
	struct client *c = calloc(1, sizeof *c);

	(void)arg;
	if (!c)
		return -1;
	*fsock_client_state() = c;
	c->to = to;
	c->link = &clients;
	c->next = clients;
	if (c->next)
		c->next->link = &c->next;
	clients = c;
	return 0;
}

static void
leave(FILE *to, void *arg)
{
	struct client *c = *fsock_client_state();

	(void)to;
	(void)arg;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	drop(c, NULL);
	free(c);
	if (left > 0 && --left == 0)
		fsock_server_shutdown(fsock_server_current(), 5);
}

static void
ready(fsock_server *server, void *arg)
{
	(void)arg;
	printf("port %d\n", fsock_local_port(fsock_server_socket(server)));
	fflush(stdout);
}

static void
complain(fsock_server *server, const struct fsock_error *error, void *arg)
{
	(void)server;
	(void)arg;
	fprintf(stderr, "mqtt_broker: %s\n", error->text);
}

int
main(int argc, char **argv)
{
	static const struct fsock_record packets = { .kind = FSOCK_RECORD_MEASURED,
		.measure = measure };
	const char *host = argc > 1 && argv[1][0] ? argv[1] : FSOCK_WILDCARD_HOST;
	const struct fsock_server_options options = { .opened = join,
		.closed = leave,
		.ready = ready,
		.error = complain,
		.socket = { .record = &packets, .line_limit = 1 << 20 } };

	left = argc > 3 ? atol(argv[3]) : 0;
	if (fsock_server_run_records(host, argc > 2 ? atoi(argv[2]) : 0, handle, NULL, &options) <
	    0) {
		fprintf(stderr, "mqtt_broker: %s\n", fsock_last_error()->text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

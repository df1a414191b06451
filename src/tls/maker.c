/* What puts TLS on sockets. */
#include "tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
hold(struct fsock_layer_maker *maker)
{
	((fsock_tls *)maker)->references++;
}

static void
drop(struct fsock_layer_maker *maker)
{
	fsock_tls_free((fsock_tls *)maker);
}

/* Whom a client connects to, for the certificate's sake; a dot at the end says nothing. */
static int
set_name(struct fsock__tls *t, const char *host)
{
	const char *name = t->tls->options.name != NULL ? t->tls->options.name : host;
	size_t length = strlen(name);

	if (length > 1 && name[length - 1] == '.')
		length--;
	if (strchr(name, '/') != NULL || name[0] == '@') /* of a Unix-domain socket */
		length = 0;
	if (length >= sizeof t->name || name[0] == '.' ||
	    (length == 0 && t->tls->options.verify != FSOCK_OFF &&
		t->tls->options.verify_name != FSOCK_OFF))
		return fsock_layer_report("make TLS", FSOCK_INVALID_ARGUMENT_ERROR, EINVAL,
		    "no name that the certificate could be for");
	memcpy(t->name, name, length);
	return 0;
}

int
fsock__tls_make(fsock_tls *tls, fsock *s, int accepted, int flags)
{
	struct fsock__tls *t = calloc(1, sizeof *t);
	int error;

	if (t == NULL)
		return fsock_layer_report("make TLS", FSOCK_OUT_OF_MEMORY_ERROR, ENOMEM, NULL);
	t->tls = tls;
	t->is_server = accepted;
	t->port = fsock_layer_port(s);
	t->context = fsock__tls_context(tls, !accepted);
	hold(&tls->maker);
	if ((accepted || set_name(t, fsock_layer_peer(s)) == 0) &&
	    fsock_layer_push(s, &fsock__tls_ops, t, flags) == 0)
		return 0;
	error = errno;
	SSL_CTX_free(t->context);
	drop(&tls->maker);
	free(t);
	errno = error;
	return -1;
}

/* see struct fsock_layer_maker */
static int
make(struct fsock_layer_maker *maker, fsock *s, int accepted)
{
	return fsock__tls_make((fsock_tls *)maker, s, accepted, 0);
}

/* see fsock/tls.h */
fsock_tls *
fsock_tls_new(const struct fsock_tls_options *options)
{
	fsock_tls *tls = fsock__tls_new(options);

	if (tls != NULL)
		tls->maker = (struct fsock_layer_maker){
			.size = sizeof tls->maker, .make = make, .hold = hold, .drop = drop
		};
	return tls;
}

static fsock_tls *all_defaults;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
make_defaults(void)
{
	all_defaults = fsock_tls_new(NULL);
}

fsock_tls *
fsock__tls_default(void)
{
	pthread_once(&once, make_defaults);
	if (all_defaults == NULL)
		fsock_layer_report("make TLS", FSOCK_OUT_OF_MEMORY_ERROR, ENOMEM, NULL);
	return all_defaults;
}

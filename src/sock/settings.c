#include "../base/compat.h"
#include "settings.h"

#include <limits.h>

#include <fsock/format.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/trace_set.h"

#define DEFAULT_OUTPUT_LIMIT      1048576
#define DEFAULT_CLOSE_TIMEOUT     30.0
#define DEFAULT_HANDSHAKE_TIMEOUT 10.0

/* A span from seconds: 0 stands for `otherwise`, or for no end. */
static int
span(double seconds, double otherwise, int64_t *result)
{
	if (seconds == 0)
		seconds = otherwise;
	if (fsock__clock_span(seconds, result) < 0)
		return -1;
	if (seconds == 0)
		*result = FSOCK__NEVER;
	return 0;
}

static int
make_spans(struct fsock__settings *set, const struct fsock_options *options)
{
	if (span(options->connect_timeout, options->timeout, &set->connect_timeout) < 0 ||
	    span(options->read_timeout, options->timeout, &set->read_timeout) < 0 ||
	    span(options->write_timeout, options->timeout, &set->write_timeout) < 0 ||
	    span(options->deadline, 0, &set->deadline) < 0 ||
	    span(options->close_timeout, DEFAULT_CLOSE_TIMEOUT, &set->close_timeout) < 0 ||
	    span(options->handshake_timeout, DEFAULT_HANDSHAKE_TIMEOUT, &set->handshake_timeout) <
		0)
		return -1;
	return 0;
}

/* The bounds of queued output: low_water <= high_water <= output_limit. Returns 0 or -1. */
static int
make_marks(struct fsock__settings *set, const struct fsock_options *options)
{
	size_t limit = options->output_limit, high = options->high_water, low = options->low_water;

	set->output_limit = limit != 0 ? limit : DEFAULT_OUTPUT_LIMIT;
	set->high_water = high != 0 ? high : set->output_limit - set->output_limit / 2;
	set->low_water = low != 0 ? low : set->high_water / 4;
	return set->low_water <= set->high_water && set->high_water <= set->output_limit ? 0 : -1;
}

/*
 * Without blocking there is no waiting for the rest of a line: text is then delivered in whole
 * lines, unless the program has said otherwise. Records that it describes are delivered whole.
 */
static enum fsock_delivery
choose_delivery(const struct fsock_options *options)
{
	if (options->record != NULL)
		return FSOCK_DELIVER_WHOLE_RECORD;
	if (options->delivery == FSOCK_DELIVER_DEFAULT && options->nonblocking == FSOCK_ON &&
	    options->element_type == FSOCK_CHARACTER)
		return FSOCK_DELIVER_WHOLE_LINE;
	return options->delivery;
}

int
fsock__settings_check_record(const struct fsock_record *record, size_t limit)
{
	size_t n = sizeof record->reserved / sizeof record->reserved[0];

	for (size_t i = 0; i < n; i++)
		if (record->reserved[i] != 0)
			return 0;
	if (record->kind == FSOCK_RECORD_COUNTED)
		return record->count > 0 && record->count <= SSIZE_MAX && record->count <= limit;
	if (record->kind == FSOCK_RECORD_MEASURED)
		return record->measure != NULL;
	return record->kind == FSOCK_RECORD_LINE || record->kind == FSOCK_RECORD_DELIMITED;
}

/* The same of the options' record, which is for streams that deliver whole records. */
static int
is_record_sensible(const struct fsock_options *options)
{
	size_t limit = options->line_limit != 0 ? options->line_limit : FSOCK__RECORD_LIMIT;

	return options->record == NULL || ((options->delivery == FSOCK_DELIVER_DEFAULT ||
					       options->delivery == FSOCK_DELIVER_WHOLE_RECORD) &&
					      fsock__settings_check_record(options->record, limit));
}

static int
is_switch(enum fsock_switch value)
{
	return value == FSOCK_DEFAULT || value == FSOCK_ON || value == FSOCK_OFF;
}

/* Whether every field has one of the values it may have. */
static int
is_sensible(const struct fsock_options *options)
{
	size_t n = sizeof options->reserved / sizeof options->reserved[0];

	for (size_t i = 0; i < n; i++)
		if (options->reserved[i] != 0)
			return 0;
	if (options->format != NULL &&
	    strnlen(options->format, FSOCK__FORMAT_MAX) == FSOCK__FORMAT_MAX)
		return 0;
	return is_switch(options->reuse_address) && is_switch(options->reuse_port) &&
	       is_switch(options->dual_stack) && is_switch(options->nodelay) &&
	       is_switch(options->broadcast) && is_switch(options->receive_destination) &&
	       is_switch(options->interruptible) && is_switch(options->nonblocking) &&
	       is_switch(options->batched) && is_record_sensible(options) &&
	       (unsigned)options->family <= FSOCK_IPV6_ONLY &&
	       (unsigned)options->element_type <= FSOCK_BYTE &&
	       (unsigned)options->delivery <= FSOCK_DELIVER_WHOLE_LINE && options->backlog >= 0 &&
	       options->file_mode <= 0777 &&
	       options->local_port >= (options->local_host != NULL ? -1 : 0) &&
	       options->local_port <= 65535 && options->timeout >= 0;
}

/*
 * The streams link it in, and the charsets with it. A program that is linked without them has no
 * use for a format.
 */
int fsock_format_parse(struct fsock_format *, const char *text) FSOCK__WEAK;

/* Whether octets pass a format unchanged. */
static int
is_binary(const struct fsock_format *format)
{
	return format->charset == NULL && format->eol == FSOCK_EOL_LF && format->eol_flags == 0;
}

/* Whether a format says something. Returns 0, or -1 with what is wrong recorded. */
static int
check_format(const struct fsock_options *options, const char *operation, const char *host, int port)
{
	const char *format = options->format;
	struct fsock_format parsed;

	if (format == NULL || format[0] == '\0' || fsock_format_parse == NULL)
		return 0;
	if (fsock_format_parse(&parsed, format) < 0)
		return errno != EINVAL
			   ? fsock__error_set(operation, host, port, errno)
			   : fsock__error_set_words(operation, host, port,
				 FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "format %.64s: %s", format,
				 fsock__error_current()->words);
	if (options->record == NULL || options->record->kind <= FSOCK_RECORD_DELIMITED ||
	    is_binary(&parsed))
		return 0;
	return fsock__error_set_words(operation, host, port, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL,
	    "format %.64s: records of octets are not to be found in text", format);
}

int
fsock__settings_make(struct fsock__settings *set, const struct fsock_options *options,
    const char *operation, const char *host, int port)
{
	static const struct fsock_options defaults;

	fsock__trace_prepare();
	if (options == NULL)
		options = &defaults;
	if (!is_sensible(options) || make_spans(set, options) < 0 || make_marks(set, options) < 0)
		return fsock__error_set(operation, host, port, EINVAL);
	if (check_format(options, operation, host, port) < 0)
		return -1;
	set->family = options->family;
	set->local_host = options->local_host;
	set->local_port = options->local_port;
	set->backlog = options->backlog == 0 ? SOMAXCONN : options->backlog;
	set->reuse_address = options->reuse_address != FSOCK_OFF;
	set->share_address = options->reuse_address == FSOCK_ON;
	set->reuse_port = options->reuse_port == FSOCK_ON;
	set->dual_stack = options->dual_stack != FSOCK_OFF;
	set->nodelay = options->nodelay != FSOCK_OFF;
	set->broadcast = options->broadcast == FSOCK_ON;
	set->receive_destination = options->receive_destination;
	set->file_mode = options->file_mode;
	set->interruptible = options->interruptible == FSOCK_ON;
	set->element_type = options->element_type;
	set->delivery = choose_delivery(options);
	set->nonblocking = options->nonblocking == FSOCK_ON;
	set->batched = options->batched == FSOCK_ON;
	set->line_limit = options->line_limit;
	memset(&set->record, 0, sizeof set->record);
	if (options->record != NULL)
		set->record = *options->record;
	set->layer = options->layer;
	memset(set->format, 0, sizeof set->format);
	if (options->format != NULL)
		memcpy(set->format, options->format, strlen(options->format));
	return 0;
}

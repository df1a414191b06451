#include "../../src/base/compat.h"
#include "layered.h"
#include "text_script.h"

#include <sys/socket.h>

#include <stdarg.h>

/* Where a row is, for messages. */
static const struct text_row *row_now;
static int step_now;
static struct text_session *session;

/* Fails the test, saying where, unless the condition holds. */
#define must(condition, ...)                             \
	do {                                             \
		if (!(condition))                        \
			broken(#condition, __VA_ARGS__); \
	} while (0)

static void broken(const char *condition, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
broken(const char *condition, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	ck_abort_msg("row '%s', step %d, %s: %s (%s; %s)", row_now->name, step_now,
	    text_way_name(&session->way), text, condition, fsock_last_error()->text);
}

/* Octets as a C string would show them, in one of two buffers used in turn. */
static const char *
show(const void *octets, size_t n)
{
	static char texts[2][512];
	static int which;
	char *text = texts[which = !which];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n && used + 8 < sizeof texts[0]; i++) {
		unsigned c = ((const unsigned char *)octets)[i];

		used += (size_t)snprintf(text + used, sizeof texts[0] - used,
		    c >= 0x20 && c < 0x7F ? "%c" : "\\x%02X", c);
	}
	return text;
}

/* Whether to try again: the transport stutters, and stdio has said so. */
static int
stutters(FILE *f)
{
	if (!session->way.stutter || !ferror(f) || errno != ETIMEDOUT)
		return 0;
	clearerr(f);
	return 1;
}

static void
same(const void *got, size_t n, const struct text_step *step)
{
	must(n == step->length && memcmp(got, step->text, n) == 0, "'%s' and not '%s'",
	    show(got, n), show(step->text, step->length));
}

static void
read_line(const struct text_step *step)
{
	static char line[70000];
	size_t n = 0;

	/* What fgets() had got when its read timed out: some libcs return it, some keep it. */
	do {
		memset(line + n, 0, step->length + 2 - n);
		errno = 0;
		if (fgets(line + n, (int)(step->length + 2 - n), session->in) != NULL)
			n += strlen(line + n);
		else if (ferror(session->in))
			n += strnlen(line + n, step->length + 2 - n);
	} while ((n == 0 || line[n - 1] != '\n') && stutters(session->in));
	same(line, n, step);
}

static void
read_chars(const struct text_step *step)
{
	char got[512] = "";
	size_t n = 0;

	do {
		errno = 0;
		n += fread(got + n, 1, step->length - n, session->in);
	} while (n < step->length && stutters(session->in));
	if (session->way.stutter) /* musl tries for more than it was asked for */
		clearerr(session->in);
	same(got, n, step);
}

static void
read_octets(const struct text_step *step)
{
	char got[512] = "";
	size_t n = 0;

	do {
		errno = 0;
		n += fsock_read_octets(session->in, got + n, step->length - n);
	} while (n < step->length && session->way.stutter && errno == ETIMEDOUT);
	must(n == step->length || errno == 0 || !session->way.stutter, "errno %d", errno);
	same(got, n, step);
}

/* A function that returns one thing: an octet, a code point. */
static void
read_one(const struct text_step *step)
{
	long c;

	do {
		errno = 0;
		c = step->op == CODE_   ? (long)fsock_getc32(session->in)
		    : step->op == BYTE_ ? fsock_read_byte(session->in)
					: fsock_peek_byte(session->in);
	} while (c < 0 && session->way.stutter && errno == ETIMEDOUT && (clearerr(session->in), 1));
	must(c == step->n, "0x%lX and not 0x%lX, errno %d", c, step->n, errno);
}

/* A read that brings nothing but an error or end of file. */
static void
read_nothing(const struct text_step *step)
{
	int c, error;

	do {
		errno = 0;
		c = getc(session->in);
		error = errno;
	} while (c == EOF && step->op != LATE_ && stutters(session->in));
	must(c == EOF, "0x%X came", (unsigned)c);
	if (step->op == END_) {
		must(feof(session->in) && !ferror(session->in), "errno %d", error);
		must(error == 0, "errno %d at end of file", error);
	} else {
		must(ferror(session->in), "no error");
		must(error == (step->op == LATE_     ? ETIMEDOUT
				  : step->op == BAD_ ? EILSEQ
						     : EMSGSIZE),
		    "errno %d", error);
	}
	if (step->op == BAD_) {
		struct fsock_codec_error last;

		must(fsock_last_error()->kind == FSOCK_ENCODING_ERROR, "not an encoding error");
		must(fsock_format_errors(session->in, FSOCK_INPUT, NULL, &last) == 0, "no errors");
		must(last.offset == (uint64_t)step->n, "the error is at octet %llu, not %ld",
		    (unsigned long long)last.offset, step->n);
		must(last.length >= 1, "nothing is bad");
	}
	clearerr(session->in);
}

static void
set_one(const struct text_step *step)
{
	struct fsock_format format;

	must(fsock_format_parse(&format, step->text) == 0, "'%s'", step->text);
	must(fsock_set_formats(step->op == SET_IN_ ? session->in : session->out,
		 step->op == SET_IN_ ? &format : NULL, step->op == SET_IN_ ? NULL : &format) == 0,
	    "'%s'", step->text);
}

static void
push_layers(const struct text_step *step)
{
	static const struct fsock_format none;
	int r;

	do {
		errno = 0;
		r = layered_push(session->link.s);
	} while (r < 0 && session->way.stutter && errno == ETIMEDOUT);
	must(step->n == 0 ? r == 0 : r < 0 && errno == step->n, "%d, errno %d", r, errno);
	if (r < 0)
		return;
	if (session->in != NULL)
		must(fsock_set_formats(session->in, &none, NULL) == 0, "errno %d", errno);
	if (session->out != NULL)
		must(fsock_set_formats(session->out, NULL, &none) == 0, "errno %d", errno);
}

static void
upgrade(const struct text_step *step)
{
	int fd;

	if (layered_is_on()) { /* no descriptor is handed out, but there may be more layers */
		push_layers(step);
		return;
	}
	do {
		errno = 0;
		fd = fsock_upgrade(session->link.s);
	} while (fd < 0 && session->way.stutter && errno == ETIMEDOUT);
	must(step->n == 0 ? fd == fsock_socket(session->link.s) : fd < 0 && errno == step->n,
	    "%d, errno %d", fd, errno);
}

static void
put(const struct text_step *step)
{
	FILE *f = session->out;

	errno = 0;
	if (step->op == PUT_CODE_)
		must(fsock_putc32((int32_t)step->n, f) == step->n, "errno %d", errno);
	else
		fwrite(step->text, 1, step->length, f);
	if (step->op != PUT_BAD_) {
		must(fflush(f) == 0, "errno %d", errno);
	} else {
		struct fsock_codec_error last;

		must(fflush(f) != 0 || ferror(f), "no error");
		must(errno == EILSEQ, "errno %d", errno);
		must(fsock_last_error()->kind == FSOCK_ENCODING_ERROR, "not an encoding error");
		must(fsock_format_errors(f, FSOCK_OUTPUT, NULL, &last) == 0, "no errors");
		must(last.offset == (uint64_t)step->n, "the error is at octet %llu, not %ld",
		    (unsigned long long)last.offset, step->n);
	}
}

static void
get_far(const struct text_step *step)
{
	char got[4096];
	int waiting;
	ssize_t n = recv(session->link.far, got, step->length, MSG_WAITALL);

	same(got, n < 0 ? 0 : (size_t)n, step);
	waiting = (int)recv(session->link.far, got, 1, MSG_DONTWAIT);
	must(waiting <= 0, "more has come: 0x%02X", (unsigned char)got[0]);
}

static void
count(const struct text_step *step)
{
	struct fsock_codec_error last;
	uint64_t errors = 0;
	long long n;

	switch (step->op) {
	case POSITION_:
		n = fsock_octet_position(session->in);
		break;
	case PENDING_:
		n = fsock_pending(session->link.s);
		break;
	case COLUMN_:
		n = fsock_column(session->out);
		break;
	default:
		must(fsock_format_errors(step->op == ERRORS_ ? session->in : session->out,
			 step->op == ERRORS_ ? FSOCK_INPUT : FSOCK_OUTPUT, &errors, &last) == 0,
		    "errno %d", errno);
		n = (long long)(step->op == OUT_ERROR_AT_ ? last.offset : errors);
	}
	must(n == step->n, "%lld, not %ld", n, step->n);
}

static void
close_output(const struct text_step *step)
{
	int r = fclose(session->out);

	must(step->n == 0 ? r == 0 : r == EOF && errno == step->n, "%d, errno %d", r, errno);
	if (session->out == session->in)
		session->in = NULL;
	session->out = NULL;
}

static void
run_other_step(const struct text_step *step)
{
	switch (step->op) {
	case SEND_:
		stdio_far_send(&session->link, step->text, step->length);
		break;
	case HANG_UP_:
		stdio_far_end(&session->link);
		break;
	case SET_:
		must(fsock_set_format(session->in, step->text) == 0, "'%s'", step->text);
		if (!session->way.two_way)
			must(fsock_set_format(session->out, step->text) == 0, "'%s'", step->text);
		break;
	case SET_IN_:
	case SET_OUT_:
		set_one(step);
		break;
	case UPGRADE_:
		upgrade(step);
		break;
	case PUT_:
	case PUT_BAD_:
	case PUT_CODE_:
		put(step);
		break;
	case PUT_OCTETS_:
		must(fsock_write_octets(session->out, step->text, step->length) == step->length,
		    "errno %d", errno);
		break;
	case GOT_:
		get_far(step);
		break;
	case CLOSE_:
		close_output(step);
		break;
	case SHUT_:
		must(fsock_shutdown(session->link.s, FSOCK_OUTPUT) == 0, "shutdown");
		break;
	default:
		count(step);
	}
}

/* Steps that read are here, the others above. */
static void
run_step(const struct text_step *step)
{
	FILE *in = session->in;

	switch (step->op) {
	case LINE_:
		read_line(step);
		break;
	case CHARS_:
		read_chars(step);
		break;
	case CODE_:
	case BYTE_:
	case PEEK_:
		read_one(step);
		break;
	case UNGETC_:
		must(ungetc((int)step->n, in) == step->n, "ungetc");
		break;
	case OCTETS_:
		read_octets(step);
		break;
	case UNREAD_:
		must(fsock_unread_byte(in) == step->n, "unread");
		break;
	case BAD_:
	case LATE_:
	case TOO_LONG_:
	case END_:
		read_nothing(step);
		break;
	case BOUND_:
		must(fsock_set_bound(in, (uint64_t)step->n) == 0, "bound");
		break;
	case SEEK_:
		must((session->way.two_way ? fflush(in) : fseek(in, 0, SEEK_CUR)) == 0, "seek");
		break;
	default:
		run_other_step(step);
	}
}

void
text_run(const struct text_row *row, const struct text_way *way)
{
	struct fsock_options options = {
		.format = row->format,
		.read_timeout = row->timeout,
		.line_limit = row->line_limit,
	};
	struct text_session t;

	row_now = row;
	step_now = 0;
	session = &t;
	text_open(&t, way, &options, row->wire, row->wire_length);
	for (const struct text_step *step = row->steps; step->op != DONE; step++) {
		step_now++;
		run_step(step);
	}
	text_close(&t);
}

void
text_run_all(const struct text_row *row)
{
	for (int i = 0; i < text_way_count; i++) {
		struct text_way way = text_way(i);

		if (row->partial && way.delivery == FSOCK_DELIVER_WHOLE_LINE)
			continue;
		/* Where nothing arrives by itself there are no pieces. */
		if (row->wire == NULL && (way.is_socket || way.piece != 0))
			continue;
		text_run(row, &way);
	}
}

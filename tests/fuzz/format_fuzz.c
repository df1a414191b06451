/*
 * A stream whose formats change: any octets, arriving in any pieces, read by any operations in any
 * delivery, are what the codec alone makes of the same octets, up to each octet at which the format
 * changes; and text written under changing formats is what the codec makes of each part.
 *
 * The choices are at the end of the input; the wire, or the text, at its beginning.
 */
#include "../../src/base/compat.h"
#include "format_model.h"

#include <sys/socket.h>

#include <unistd.h>

#include <fsock.h>

#include "../../src/base/error.h"
#include "../../src/sock/handle.h"
#include "../../src/sock/transfer.h"

enum { OPERATIONS = 24 };

/* ---- what arrives ---- */

static struct arrival {
	const uint8_t *data;
	size_t left, piece; /* 0: all at once */
	int stutters, stuttered;
} arrival;

static ssize_t
arrive(struct fsock *s, void *buf, size_t n)
{
	if (arrival.stutters && (arrival.stuttered = !arrival.stuttered))
		return fsock__error_set_kind(
		    "read", s->host, s->port, FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	if (arrival.piece != 0 && n > arrival.piece)
		n = arrival.piece;
	if (n > arrival.left)
		n = arrival.left;
	if (n > 0)
		memcpy(buf, arrival.data, n);
	arrival.data += n;
	arrival.left -= n;
	return (ssize_t)n;
}

/* ---- the operations ---- */

static struct format_model m;
static FILE *in;

/* Whether a call that failed is to be tried again. */
static int
again(void)
{
	if (!arrival.stutters || !ferror(in) || errno != ETIMEDOUT)
		return 0;
	clearerr(in);
	return 1;
}

/* The octet of text that comes next; EOF at an error or the end. */
static int
expected(void)
{
	const struct format_entry *entry = &m.list[m.read];

	if (m.read == m.count || entry->is_error)
		return EOF;
	return entry->text[m.part];
}

static void
advance(void)
{
	if (++m.part == m.list[m.read].n) {
		m.part = 0;
		m.read++;
	}
}

/* A read has met an error or the end. */
static void
meet(void)
{
	if (m.read < m.count) {
		FUZZ_ASSERT(ferror(in) && errno == EILSEQ);
		m.read++;
		format_model_stand(&m);
	} else {
		FUZZ_ASSERT(feof(in) && !ferror(in));
		m.start = m.bound;
		m.state = m.end_state;
	}
	clearerr(in);
	format_model_list(&m);
}

/* Reads n octets of text, or to the end of the line if n is 0. */
static void
read_text(size_t n, int as_block)
{
	uint8_t got[64];

	m.may_be_owed = m.may_be_owed && m.start == m.bound;
	if (m.owed_length > 0) {
		format_model_drop_owed(&m);
		format_model_list(&m);
	}
	for (size_t i = 0; n == 0 || i < n; i++) {
		size_t count;

		errno = 0;
		do
			count = as_block ? fread(got, 1, 1, in) : (got[0] = 0, 0);
		while (as_block && count == 0 && again());
		if (!as_block) {
			int c;

			while ((c = getc(in)) == EOF && again())
				;
			count = c != EOF;
			got[0] = (uint8_t)c;
		}
		FUZZ_ASSERT(count == 0 ? expected() == EOF : expected() == got[0]);
		if (count == 0) {
			meet();
			return;
		}
		if (arrival.stutters) /* musl tries for more than it was asked for */
			clearerr(in);
		advance();
		if (n == 0 && got[0] == '\n')
			return;
	}
}

/*
 * Where the stream stands. Of a character that is half read that is where it begins, which octets
 * that make no text may put off.
 */
static size_t
ask_position(void)
{
	size_t from = m.read > 0 ? m.list[m.read - 1].end : m.start;
	const struct fsock_eol *eol = m.read > 0 ? &m.list[m.read - 1].after.eol : &m.state.eol;
	size_t position = (size_t)fsock_octet_position(in);

	if (m.part > 0)
		FUZZ_ASSERT(position >= from && position < m.list[m.read].end);
	/* Where an LF is owed it depends on what has arrived. */
	else if (m.owed_length == 0 && !m.may_be_owed && !eol->owes_lf)
		FUZZ_ASSERT(position == from);
	return m.part > 0 ? position : from;
}

static void
read_octets(size_t n)
{
	uint8_t got[64];
	size_t done = 0;

	if (n == 0 ||
	    (m.part > 0 && ask_position() != (m.read > 0 ? m.list[m.read - 1].end : m.start)))
		return;
	m.may_be_owed = m.may_be_owed && m.start == m.bound;
	format_model_keep_owed(&m);
	format_model_drop_owed(&m);
	do {
		errno = 0;
		done += fsock_read_octets(in, got + done, n - done);
	} while (done < n && errno == ETIMEDOUT && arrival.stutters);
	FUZZ_ASSERT(done == (n < m.bound - m.start ? n : m.bound - m.start));
	FUZZ_ASSERT(done == 0 || memcmp(got, m.wire + m.start, done) == 0);
	m.start += done;
	if (done > 0) /* what else stood in the place of an error is gone */
		m.state.decoder.owed = m.state.eol.owed = 0;
	format_model_list(&m);
}

static void
change_bound(unsigned n)
{
	size_t part = m.part, from = ask_position(), before;

	/* A half-read character that a bound cuts, or has cut, would become something else. */
	if (part > 0 && ((n > 0 && from + n < m.list[m.read].end) || m.list[m.read].end == m.bound))
		return;
	format_model_keep_owed(&m);
	before = m.start;
	m.may_be_owed |= m.owed_length > 0;
	m.bound = m.length;
	format_model_drop_owed(&m); /* what a bound allows is counted behind an LF that is owed */
	FUZZ_ASSERT(fsock_set_bound(in, n == 0 ? UINT64_MAX : n) == 0);
	from += part == 0 ? m.start - before : 0;
	if (n > 0 && n < m.length - from)
		m.bound = from + n;
	format_model_list(&m);
	m.part = part;
}

static void
operate(struct fuzz_input *choices, const struct fsock_format formats[4])
{
	unsigned what = fuzz_take(choices, 9), n = fuzz_take(choices, 41);
	size_t from;

	switch (what) {
	case 0:
	case 1:
		read_text(n, (int)what);
		break;
	case 2:
		read_text(0, 0);
		break;
	case 3:
		read_octets(n);
		break;
	case 4:
		from = ask_position();
		format_model_keep_owed(&m);
		m.start = from;
		format_model_set(&m, &formats[n % 4]);
		format_model_list(&m);
		FUZZ_ASSERT(fsock_set_formats(in, &formats[n % 4], NULL) == 0);
		break;
	case 5:
		FUZZ_ASSERT(fseek(in, 0, SEEK_CUR) == 0);
		break;
	case 6:
		ask_position();
		break;
	case 7:
		change_bound(n);
		break;
	default:
		FUZZ_ASSERT(fsock_pending(fsock_of(in)) >= 0);
	}
}

/* A format: mostly with replacements, as errors end little else. */
static struct fsock_format
take_format(struct fuzz_input *choices)
{
	struct fsock_format format = { .charset = NULL };
	unsigned policy = fuzz_take(choices, 6);

	if (fuzz_take(choices, 5) > 0)
		format.charset = fuzz_charset(choices);
	format.eol = (enum fsock_eol_style)fuzz_take(choices, 5);
	if (format.eol != FSOCK_EOL_AUTO)
		format.eol_flags = fuzz_take(choices, 3) == 0 ? fuzz_take(choices, 8) : 0;
	format.policy.on_error =
	    policy > FSOCK_ON_ERROR_HTML ? FSOCK_ON_ERROR_FAIL : (enum fsock_on_error)policy;
	return format;
}

static fsock *
open_link(int *far, struct fuzz_input *choices)
{
	static const enum fsock_delivery deliveries[] = { FSOCK_DELIVER_LINE, FSOCK_DELIVER_BLOCK,
		FSOCK_DELIVER_WHOLE_LINE };
	int fds[2];
	fsock *s;

	FUZZ_ASSERT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	s = fsock_adopt(
	    fds[0], &(struct fsock_options){ .delivery = deliveries[fuzz_take(choices, 3)] });
	FUZZ_ASSERT(s != NULL);
	*far = fds[1];
	return s;
}

static void
check_reading(struct fuzz_input input)
{
	static const size_t windows[] = { 0, 1, 2, 5, 17, 40 };
	static struct fsock__transport_ops transport;
	char memory[64];
	struct fsock_format formats[4];
	size_t window = windows[fuzz_take(&input, 6)];
	unsigned operations = fuzz_take(&input, OPERATIONS);
	int far;
	fsock *s = open_link(&far, &input);

	in = fuzz_take(&input, 2) ? fsock_stream(s) : fsock_input(s);
	FUZZ_ASSERT(in != NULL);
	if (window > 0)
		setvbuf(in, memory, window == 1 ? _IONBF : _IOFBF, window);
	arrival.piece = fuzz_take(&input, 9);
	arrival.stutters = fuzz_take(&input, 4) == 0;
	for (int i = 0; i < 4; i++)
		formats[i] = take_format(&input);
	transport = *s->transport;
	transport.receive = arrive;
	s->transport = &transport;
	/* The operations' choices are what follows; the wire is all before it, theirs too. */
	m.wire = arrival.data = input.data;
	m.length = m.bound = arrival.left =
	    input.size > FORMAT_WIRE_MAX ? FORMAT_WIRE_MAX : input.size;
	m.start = m.read = m.part = m.owed_length = 0;
	m.may_be_owed = 0;
	format_model_set(&m, &formats[0]);
	FUZZ_ASSERT(fsock_set_formats(in, &formats[0], NULL) == 0);
	format_model_list(&m);
	while (operations-- > 0)
		operate(&input, formats);
	read_text(64, 0);
	fsock_close(s);
	close(far);
}

/* ---- writing ---- */

static void
check_writing(struct fuzz_input input)
{
	struct fuzz_octets whole = { NULL, 0 };
	unsigned parts = fuzz_take(&input, 4) + 1;
	int far;
	fsock *s = open_link(&far, &input);
	FILE *out = fsock_output(s);
	char got[8192];
	ssize_t n;

	FUZZ_ASSERT(out != NULL);
	fuzz_add(&whole, "", 0);
	for (unsigned i = 0; i < parts; i++) {
		struct fsock_format format = take_format(&input);
		struct fsock_conversion how = { .eol = format.eol, .eol_flags = format.eol_flags };
		size_t size = input.size / (parts - i), piece = fuzz_take(&input, 30) + 1, length;
		uint8_t *octets;

		if (size > input.size)
			size = input.size;
		if (size > 100)
			size = 100;
		if (format.policy.on_error == FSOCK_ON_ERROR_FAIL)
			format.policy.on_error = FSOCK_ON_ERROR_REPLACE;
		if (format.charset == NULL)
			format.charset = fsock_charset_find("utf-8");
		how.charset = format.charset;
		how.policy = format.policy;
		FUZZ_ASSERT(fsock_set_formats(out, NULL, &format) == 0);
		octets =
		    fsock_string_to_octets(&how, (const char *)input.data, size, &length, NULL);
		FUZZ_ASSERT(octets != NULL);
		fuzz_add(&whole, octets, length);
		free(octets);
		for (size_t at = 0; at < size; at += piece) {
			size_t now = piece < size - at ? piece : size - at;

			FUZZ_ASSERT(fwrite(input.data + at, 1, now, out) == now);
			FUZZ_ASSERT(at % 3 != 0 || fflush(out) == 0);
		}
		input.data += size;
		input.size -= size;
	}
	FUZZ_ASSERT(fsock_close(s) == 0);
	for (size_t at = 0; (n = recv(far, got, sizeof got, 0)) > 0; at += (size_t)n)
		FUZZ_ASSERT(
		    at + (size_t)n <= whole.length && !memcmp(whole.data + at, got, (size_t)n));
	free(whole.data);
	close(far);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };

	if (fuzz_take(&input, 4) == 0)
		check_writing(input);
	else
		check_reading(input);
	return 0;
}

#include "../../src/base/compat.h"

#include "format_model.h"

typedef enum fsock_codec_status format_step(
    struct format_state *, const struct fsock_policy *, struct fsock_codec_io *);

/* Runs `step` with just the room that its next character needs. Returns the status. */
static enum fsock_codec_status
one(format_step *step, const struct fsock_policy *policy, struct format_state *state,
    struct fsock_codec_io *io, struct format_entry *entry)
{
	enum fsock_codec_status status = FSOCK_CODEC_OUTPUT_FULL;

	entry->n = 0;
	for (size_t room = 1; room <= 4; room++) {
		struct format_state trial = *state;
		struct fsock_codec_io try = { io->in, io->in_length, entry->text, room };

		status = step(&trial, policy, &try);
		if (try.out == entry->text && status == FSOCK_CODEC_OUTPUT_FULL)
			continue;
		*state = trial;
		*io = try;
		entry->n = (size_t)(try.out - entry->text);
		break;
	}
	return status;
}

static enum fsock_codec_status
decode(struct format_state *state, const struct fsock_policy *policy, struct fsock_codec_io *io)
{
	return fsock_decode_with(&state->decoder, policy, io, 1);
}

static enum fsock_codec_status
end_lines(struct format_state *state, const struct fsock_policy *policy, struct fsock_codec_io *io)
{
	return fsock_eol_decode_with(&state->eol, policy, io, 1);
}

/* The characters of the wire from m->start to the bound, line ends untouched. Returns how many. */
static size_t
list_raw(struct format_model *m, struct format_state *state)
{
	size_t n = 0;
	struct fsock_codec_io io = { m->wire + m->start, m->bound - m->start, NULL, 0 };
	enum fsock_codec_status status = FSOCK_CODEC_OUTPUT_FULL;

	if (m->format.charset == NULL) {
		for (; n < m->bound - m->start; n++)
			m->raw[n] = (struct format_entry){ { m->wire[m->start + n] }, 1,
				m->start + n + 1, 0, *state };
		return n;
	}
	while (status != FSOCK_CODEC_INPUT_EMPTY) {
		struct format_entry *entry = &m->raw[n];

		status = one(decode, &m->format.policy, state, &io, entry);
		entry->is_error = entry->n == 0 && status == FSOCK_CODEC_MALFORMED;
		/* What was looked at behind bad octets is not reached yet. */
		io.in -= state->decoder.held_length;
		io.in_length += state->decoder.held_length;
		state->decoder.held_length = 0;
		entry->end = m->bound - io.in_length;
		entry->after = *state;
		n += entry->n > 0 || entry->is_error;
		FUZZ_ASSERT(n < FORMAT_ENTRIES);
	}
	return n;
}

/* Line ends of the n characters raw[0..n), which an error or the end follows. */
static void
list_lines(struct format_model *m, const struct format_entry *raw, size_t n,
    struct format_state *state, size_t end)
{
	static uint8_t text[4 * FORMAT_ENTRIES];
	size_t length = 0, at = 0, done = 0;
	struct fsock_codec_io io = { text, 0, NULL, 0 };
	enum fsock_codec_status status = FSOCK_CODEC_OUTPUT_FULL;

	/* Without a charset octets are no characters: letters stand for them meanwhile. */
	for (size_t i = 0; i < n; i++) {
		memcpy(text + length, raw[i].text, raw[i].n);
		if (m->format.charset == NULL && text[length] >= 0x80)
			text[length] = 'x';
		length += raw[i].n;
	}
	io.in_length = length;
	while (status != FSOCK_CODEC_INPUT_EMPTY) {
		struct format_entry *entry = &m->list[m->count];
		int owed = state->eol.owed;

		memset(entry, 0, sizeof *entry);
		status = one(end_lines, &m->format.policy, state, &io, entry);
		entry->is_error = entry->n == 0 && status == FSOCK_CODEC_MALFORMED;
		if (m->format.charset == NULL && entry->text[0] == 'x' && !owed)
			entry->text[0] = raw[length - io.in_length - 1].text[0];
		while (at < n && done + raw[at].n <= length - io.in_length) {
			state->decoder = raw[at].after.decoder;
			end = raw[at].end;
			done += raw[at++].n;
		}
		entry->end = end;
		entry->after = *state;
		m->count += entry->n > 0 || entry->is_error;
		FUZZ_ASSERT(m->count < FORMAT_ENTRIES);
	}
}

void
format_model_list(struct format_model *m)
{
	struct format_state decoding = m->state, lines = m->state;
	size_t n = list_raw(m, &decoding), begin = 0;

	m->count = m->read = m->part = 0;
	for (size_t i = 0; i <= n; i++) {
		if (i < n && !m->raw[i].is_error)
			continue;
		list_lines(m, m->raw + begin, i - begin, &lines,
		    begin > 0 ? m->raw[begin - 1].end : m->start);
		if (i < n) {
			lines.eol.owes_lf = 0;
			lines.decoder = m->raw[i].after.decoder;
			m->list[m->count] = m->raw[i];
			m->list[m->count++].after = lines;
		}
		begin = i + 1;
	}
	m->end_state = lines;
	m->end_state.decoder = decoding.decoder;
}

void
format_model_stand(struct format_model *m)
{
	if (m->read > 0) {
		const struct format_entry *last = &m->list[m->read - 1];

		m->state = last->after;
		m->start = last->end;
	}
	m->read = m->part = 0;
}

void
format_model_keep_owed(struct format_model *m)
{
	static const uint8_t lf[] = "\n";
	struct fsock_codec_io io = { lf, 1, m->owed, sizeof m->owed };
	struct fsock_encoder encoder;

	format_model_stand(m);
	if (!m->state.eol.owes_lf)
		return;
	m->state.eol.owes_lf = 0;
	m->owed[0] = '\n';
	m->owed_length = 1;
	if (m->format.charset == NULL)
		return;
	fsock_encoder_init(&encoder, m->format.charset);
	fsock_encode(&encoder, &io, 1);
	m->owed_length = sizeof m->owed - io.out_length;
}

void
format_model_drop_owed(struct format_model *m)
{
	if (m->start == m->bound)
		return;
	if (m->owed_length > 0 && m->bound - m->start >= m->owed_length &&
	    memcmp(m->wire + m->start, m->owed, m->owed_length) == 0)
		m->start += m->owed_length;
	m->owed_length = 0;
}

void
format_model_set(struct format_model *m, const struct fsock_format *format)
{
	m->format = *format;
	memset(&m->state, 0, sizeof m->state);
	if (format->charset != NULL)
		fsock_decoder_init(&m->state.decoder, format->charset);
	FUZZ_ASSERT(fsock_eol_init(&m->state.eol, format->eol, format->eol_flags) == 0);
}

/*
 * Prints how fast charsets and line ends are converted: for each job GB/s of input of memcpy, of
 * the libc's iconv and of the library, in turn in one run, medians, and the ratios with their
 * targets. Pieces of 64 KiB of a text of 4 MiB go through one state. `codec_bench scalar` does
 * without vectors; `codec_bench NAME` only does the jobs whose line contains NAME.
 */
#include "../../src/base/compat.h"

#include <errno.h>
#include <time.h>

#include "fsock/codec.h"

#include "../../src/codec/kernels/kernels.h"
#include "bench.h"
#include "codec_texts.h"

enum { PIECE = 64 << 10, ROUNDS = 15, OUT_ROOM = 4 * PIECE };

enum text_name { LOG, EURO, MIX, RU, JA, ZH_SIMPLE, ZH_TRAD, KO, LINES, NTEXTS };

static const char *const text_names[NTEXTS] = { "ascii log", "european", "ru+zh+emoji", "russian",
	"japanese", "chinese (gb)", "chinese (big5)", "korean", "30-80 byte lines" };

static struct text texts[NTEXTS];

enum direction { IN, OUT, LINES_IN, LINES_OUT };

static const struct job {
	const char *charset, *iconv_name; /* iconv_name NULL: the same */
	enum direction direction;
	enum text_name text;
	double of_memcpy, of_iconv; /* what must be reached; 0 = not asked */
} jobs[] = {
	{ "utf-8", NULL, IN, LOG, 0.5, 0 },
	{ "utf-8", NULL, OUT, LOG, 0.5, 0 },
	{ "us-ascii", NULL, IN, LOG, 0.5, 0 },
	{ "us-ascii", NULL, OUT, LOG, 0.5, 0 },
	{ "iso-8859-1", NULL, IN, LOG, 0.5, 0 },
	{ "iso-8859-1", NULL, OUT, LOG, 0.5, 0 },
	{ "windows-1252", NULL, IN, LOG, 0.5, 0 },
	{ "windows-1252", NULL, OUT, LOG, 0.5, 0 },
	{ "koi8-r", NULL, IN, LOG, 0.5, 0 },
	{ "koi8-r", NULL, OUT, LOG, 0.5, 0 },
	{ "shift_jis", "CP932", IN, LOG, 0.5, 0 },
	{ "shift_jis", "CP932", OUT, LOG, 0.5, 0 },
	{ "euc-jp", NULL, IN, LOG, 0.5, 0 },
	{ "euc-jp", NULL, OUT, LOG, 0.5, 0 },
	{ "gb18030", NULL, IN, LOG, 0.5, 0 },
	{ "gb18030", NULL, OUT, LOG, 0.5, 0 },
	{ "big5", NULL, IN, LOG, 0.5, 0 },
	{ "big5", NULL, OUT, LOG, 0.5, 0 },
	{ "euc-kr", NULL, IN, LOG, 0.5, 0 },
	{ "euc-kr", NULL, OUT, LOG, 0.5, 0 },
	{ "utf-8", NULL, IN, EURO, 0.2, 40 },
	{ "utf-8", NULL, IN, MIX, 0.2, 40 },
	{ "iso-8859-1", NULL, IN, EURO, 0, 12 },
	{ "iso-8859-1", NULL, OUT, EURO, 0, 4 },
	{ "utf-16le", NULL, IN, RU, 0, 20 },
	{ "utf-16le", NULL, OUT, RU, 0, 5 },
	{ "utf-16be", NULL, IN, RU, 0, 20 },
	{ "utf-16be", NULL, OUT, RU, 0, 5 },
	{ "koi8-r", NULL, IN, RU, 0, 8 },
	{ "koi8-r", NULL, OUT, RU, 0, 5 },
	{ "windows-1251", NULL, IN, RU, 0, 8 },
	{ "windows-1251", NULL, OUT, RU, 0, 5 },
	{ "windows-1252", NULL, IN, EURO, 0, 8 },
	{ "windows-1252", NULL, OUT, EURO, 0, 5 },
	{ "shift_jis", "CP932", IN, JA, 0, 2 },
	{ "shift_jis", "CP932", OUT, JA, 0, 2 },
	{ "euc-jp", NULL, IN, JA, 0, 2 },
	{ "euc-jp", NULL, OUT, JA, 0, 2 },
	{ "gb18030", NULL, IN, ZH_SIMPLE, 0, 2 },
	{ "gb18030", NULL, OUT, ZH_SIMPLE, 0, 2 },
	{ "big5", NULL, IN, ZH_TRAD, 0, 2 },
	{ "big5", NULL, OUT, ZH_TRAD, 0, 2 },
	{ "euc-kr", NULL, IN, KO, 0, 2 },
	{ "euc-kr", NULL, OUT, KO, 0, 2 },
	{ "crlf", NULL, LINES_IN, LINES, 0.25, 0 },
	{ "crlf", NULL, LINES_OUT, LINES, 0.25, 0 },
	{ "cr", NULL, LINES_IN, LINES, 0.125, 0 },
	{ "cr", NULL, LINES_OUT, LINES, 0.125, 0 },
	{ "auto", NULL, LINES_IN, LINES, 0.125, 0 },
};

/* What one job works on. */
struct work {
	const struct job *job;
	const struct fsock_charset *charset;
	iconv_t cd;
	uint8_t *in, *out;
	size_t n, made; /* bytes of input; bytes the latest pass made */
	uint8_t *keep;  /* NULL, or where a pass puts all it makes */
	bool stopped;   /* a pass refused the text */
};

/* Time of this thread alone: others on the machine do not count. */
static double
worked(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static void
made(struct work *w, size_t n)
{
	if (w->keep != NULL)
		memcpy(w->keep + w->made, w->out, n);
	w->made += n;
}

static void
pass_memcpy(struct work *w)
{
	for (size_t at = 0, n; at < w->n; at += n) {
		n = w->n - at < PIECE ? w->n - at : PIECE;
		memcpy(w->out, w->in + at, n);
		/* The copy must be made, though nobody looks at it. */
		__asm__ volatile("" : : "r"(w->out) : "memory");
		made(w, n);
	}
}

static void
pass_iconv(struct work *w)
{
	char *in = (char *)w->in, *end = in + w->n, *out;
	size_t n, room;

	iconv(w->cd, NULL, NULL, NULL, NULL);
	while (in < end) {
		n = (size_t)(end - in) < PIECE ? (size_t)(end - in) : PIECE;
		out = (char *)w->out;
		room = OUT_ROOM;
		/* A character cut off at the end is read again with the next piece. */
		if (iconv(w->cd, &in, &n, &out, &room) == (size_t)-1 && errno != EINVAL) {
			w->stopped = true;
			return;
		}
		made(w, OUT_ROOM - room);
	}
}

/* One state for the whole text, whatever the job needs. */
union state {
	struct fsock_decoder decoder;
	struct fsock_encoder encoder;
	struct fsock_eol eol;
};

static enum fsock_eol_style
style_of(const struct job *job)
{
	return strcmp(job->charset, "cr") == 0     ? FSOCK_EOL_CR
	       : strcmp(job->charset, "auto") == 0 ? FSOCK_EOL_AUTO
						   : FSOCK_EOL_CRLF;
}

static void
begin(struct work *w, union state *state)
{
	if (w->job->direction == IN)
		fsock_decoder_init(&state->decoder, w->charset);
	else if (w->job->direction == OUT)
		fsock_encoder_init(&state->encoder, w->charset);
	else
		fsock_eol_init(&state->eol, style_of(w->job), 0);
}

static enum fsock_codec_status
convert(struct work *w, union state *state, struct fsock_codec_io *io, int final)
{
	switch (w->job->direction) {
	case IN:
		return fsock_decode(&state->decoder, io, final);
	case OUT:
		return fsock_encode(&state->encoder, io, final);
	case LINES_IN:
		return fsock_eol_decode(&state->eol, io, final);
	default:
		return fsock_eol_encode(&state->eol, io, final);
	}
}

static void
pass_fsock(struct work *w)
{
	struct fsock_codec_io io;
	union state state;

	begin(w, &state);
	for (size_t at = 0, n; at < w->n; at += n) {
		n = w->n - at < PIECE ? w->n - at : PIECE;
		io = (struct fsock_codec_io){ w->in + at, n, w->out, OUT_ROOM };
		if (convert(w, &state, &io, at + n == w->n) != FSOCK_CODEC_INPUT_EMPTY) {
			w->stopped = true;
			return;
		}
		made(w, OUT_ROOM - io.out_length);
	}
}

/* GB/s of each contender: they take turns, the first turn does not count. */
static void
measure(struct work *w, void (*const passes[])(struct work *), size_t npasses, double speed[])
{
	double took[3][ROUNDS], start;

	for (int round = -1; round < ROUNDS; round++)
		for (size_t i = 0; i < npasses; i++) {
			w->made = 0;
			start = worked();
			passes[i](w);
			if (round >= 0)
				took[i][round] = worked() - start;
		}
	for (size_t i = 0; i < npasses; i++)
		speed[i] = (double)w->n / median(took[i], ROUNDS) / 1e9;
}

/*
 * The text as the job's input. Where that is not the text itself it is made by iconv, not by the
 * library; for line ends by hand. Returns false where iconv cannot.
 */
static bool
make_input(struct work *w)
{
	const struct text *t = &texts[w->job->text];
	const char *name = w->job->iconv_name != NULL ? w->job->iconv_name : w->job->charset;
	bool in = w->job->direction == IN;
	char *from = (char *)t->bytes, *to = (char *)w->in;
	size_t n = t->n, room = 4 * TEXT_SIZE;
	iconv_t cd;

	w->n = 0;
	if (w->job->direction >= LINES_IN) {
		for (size_t i = 0; i < t->n; i++) {
			bool ends = t->bytes[i] == '\n' && w->job->direction == LINES_IN;

			if (ends)
				w->in[w->n++] = '\r';
			if (!ends || style_of(w->job) != FSOCK_EOL_CR)
				w->in[w->n++] = t->bytes[i];
		}
		return true;
	}
	w->cd = in ? iconv_open("UTF-8", name) : iconv_open(name, "UTF-8");
	cd = in ? iconv_open(name, "UTF-8") : iconv_open("UTF-8", "UTF-8");
	if (w->cd == (iconv_t)-1 || cd == (iconv_t)-1)
		return false;
	if (iconv(cd, &from, &n, &to, &room) == (size_t)-1) {
		fprintf(stderr, "%s: text %zu: %s\n", name, t->n - n, strerror(errno));
		return false;
	}
	iconv_close(cd);
	w->n = (size_t)(to - (char *)w->in);
	return true;
}

/* Does the library make what iconv makes? A fast wrong answer is no answer. */
static bool
agrees(struct work *w)
{
	uint8_t *theirs = malloc(8 * TEXT_SIZE), *ours = malloc(8 * TEXT_SIZE);
	size_t n;
	bool same;

	if (theirs == NULL || ours == NULL)
		abort();
	w->made = 0;
	w->stopped = false;
	w->keep = theirs;
	pass_iconv(w);
	n = w->made;
	w->made = 0;
	w->keep = ours;
	pass_fsock(w);
	same = !w->stopped && n == w->made && memcmp(theirs, ours, n) == 0;
	w->keep = NULL;
	free(theirs);
	free(ours);
	return same;
}

/* Prints a ratio and what it must be; returns whether a target was missed. */
static bool
print_ratio(double ratio, double target)
{
	if (target == 0) {
		printf("  %6.2f         ", ratio);
		return false;
	}
	printf("  %6.2f >= %-4g %s", ratio, target, ratio >= target ? " " : "!");
	return ratio < target;
}

static void
do_job(struct work *w)
{
	static void (*const passes[])(struct work *) = { pass_memcpy, pass_fsock, pass_iconv };
	static const char *const arrows[] = { " -> utf-8", " <- utf-8", " -> lf", " <- lf" };
	bool lines = w->job->direction >= LINES_IN, missed;
	double speed[3];
	char name[64];

	snprintf(name, sizeof(name), "%s%s", w->job->charset, arrows[w->job->direction]);
	printf("%-24s %-17s", name, text_names[w->job->text]);
	w->charset = lines ? NULL : fsock_charset_find(w->job->charset);
	if (texts[w->job->text].n == 0 || !make_input(w)) {
		printf("  not measured: this libc's iconv lacks it\n");
		return;
	}
	if (!lines && !agrees(w)) {
		printf("  WRONG: not what iconv makes of it\n");
		return;
	}
	measure(w, passes, lines ? 2 : 3, speed);
	printf(" %6.1f %7.2f", speed[0], speed[1]);
	if (lines)
		printf("       -");
	else
		printf(" %7.2f", speed[2]);
	missed = print_ratio(speed[1] / speed[0], w->job->of_memcpy);
	if (!lines) {
		missed |= print_ratio(speed[1] / speed[2], w->job->of_iconv);
		iconv_close(w->cd);
	}
	printf("%s\n", missed ? "  MISSED" : "");
	fflush(stdout);
}

/* Those that no other text is made of are freed with the process. */
static void
make_texts(void)
{
	struct language *ru = russian(), *zh = chinese("GB2312", 0xB0, 0xD7), *l;

	texts[LOG] = log_text();
	texts[LINES] = line_text();
	texts[EURO] = text_of(european());
	texts[RU] = text_of(ru);
	if (zh != NULL) {
		texts[ZH_SIMPLE] = text_of(zh);
		texts[MIX] = mixed_text(ru, zh);
	}
	if ((l = chinese("BIG5", 0xA4, 0xC5)) != NULL)
		texts[ZH_TRAD] = text_of(l);
	if ((l = japanese()) != NULL)
		texts[JA] = text_of(l);
	if ((l = korean()) != NULL)
		texts[KO] = text_of(l);
}

int
main(int argc, char **argv)
{
	struct work w = { .keep = NULL };
	uint8_t *area = malloc(OUT_ROOM + 8192);
	const char *only = argc > 1 ? argv[1] : "";

	w.in = malloc(4 * TEXT_SIZE);
	if (area == NULL || w.in == NULL)
		abort();
	/* Not at the same place of a page as the input: stores would hold up later loads. */
	w.out = area + (4096 + 2048 + (uintptr_t)w.in - (uintptr_t)area) % 4096;
	if (strcmp(only, "scalar") == 0) {
		fsock__kernels_use(&fsock__kernels_scalar);
		only = "";
	}
	make_texts();
	printf("kernels: %s; GB/s of input, medians of %d, pieces of 64 KiB\n",
	    fsock__kernels()->name, ROUNDS);
	printf("%-24s %-17s %6s %7s %7s  %-16s  %s\n", "job", "text", "memcpy", "fsock", "iconv",
	    "of memcpy", "of iconv");
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		w.job = &jobs[i];
		if (strstr(w.job->charset, only) != NULL ||
		    strstr(text_names[w.job->text], only) != NULL)
			do_job(&w);
	}
	return 0;
}

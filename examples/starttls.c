/*
 * starttls HOST PORT [AUTHORITIES]: asks a mail server (SMTP or IMAP) to switch to TLS, then asks
 * for its capabilities over TLS. AUTHORITIES is a file of trusted certificates; the default is
 * those of the system.
 *
 * Data that an attacker inserts after the server's answer, still in the clear, must not be treated
 * as if TLS had protected it: fsock_tls_start() fails if input has been read ahead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>
#include <fsock/tls.h>

/* What is said, and how the last line of the answer begins. */
struct step {
	const char *text, *answer;
};

static const struct protocol {
	struct step hello, start, again, end;
} smtp = { { "EHLO me", "250 " }, { "STARTTLS", "220 " }, { "EHLO me", "250 " },
	{ "QUIT", "221 " } },
  imap = { { "a CAPABILITY", "a OK" }, { "b STARTTLS", "b OK" }, { "c CAPABILITY", "c OK" },
	  { "d LOGOUT", "d OK" } };

/* Returns NULL if the answer is as expected, else what is wrong: the answer, perhaps. */
static const char *
ask(FILE *f, const struct step *step)
{
	static char line[1024];

	fprintf(f, "%s\n", step->text);
	do { /* "250-SIZE" and "* CAPABILITY" are not the last line */
		if (!fgets(line, sizeof line, f))
			return ferror(f) ? fsock_last_error()->text : "the server has hung up";
	} while (strncmp(line, "250-", 4) == 0 || strncmp(line, "* ", 2) == 0);
	if (strncmp(line, step->answer, strlen(step->answer)) == 0)
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* A server of IMAP greets with "* OK", one of SMTP with lines of 220. NULL: it is none of them. */
static const struct protocol *
greet(FILE *f)
{
	char line[1024] = "";

	while (fgets(line, sizeof line, f) && strncmp(line, "220-", 4) == 0)
		;
	if (strncmp(line, "* OK", 4) == 0)
		return &imap;
	return strncmp(line, "220 ", 4) == 0 ? &smtp : NULL;
}

/* Begins TLS at the octet after the answer: 0 or -1. The stream and its line ends stay. */
static int
shake_hands(FILE *f, const char *authorities)
{
	fsock_tls *tls = NULL;
	int r;

	if (authorities &&
	    !(tls = fsock_tls_new(&(struct fsock_tls_options){ .ca_file = authorities })))
		return -1;
	r = fsock_tls_start(fsock_of(f), tls, 0);
	fsock_tls_free(tls); /* the connection keeps it */
	return r;
}

/* Returns NULL, or what is wrong. */
static const char *
talk(FILE *f, const char *authorities)
{
	const struct protocol *p = greet(f);
	const char *wrong;

	if (!p)
		return ferror(f) ? fsock_last_error()->text : "this is no mail server";
	if ((wrong = ask(f, &p->hello)) || (wrong = ask(f, &p->start)))
		return wrong;
	if (shake_hands(f, authorities) < 0)
		return fsock_last_error()->text;
	if ((wrong = ask(f, &p->again)))
		return wrong;
	printf("%s\n", fsock_tls_version(fsock_of(f)));
	return ask(f, &p->end);
}

int
main(int argc, char **argv)
{
	const char *wrong = "usage: starttls HOST PORT [AUTHORITIES]";
	FILE *f = NULL;

	if (argc >= 3) {
		f = fsockopen(argv[1], atoi(argv[2]), "r+,timeout=30,whole-line,eol=crlf");
		wrong = f ? talk(f, argv[3]) : fsock_last_error()->text;
	}
	if (wrong)
		fprintf(stderr, "starttls: %s\n", wrong);
	return !wrong && fclose(f) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * In place of tls.c where OpenSSL is missing.
 */
#include "command.h"

const int tls_is_there = 0;

enum status
tls_prepare(struct settings *settings)
{
	(void)settings;
	report_complain("--tls: this fsock was built without OpenSSL");
	return STATUS_USAGE;
}

void
tls_report(fsock *s)
{
	(void)s;
}

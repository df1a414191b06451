/* Certificates of all kinds, made by tests/tls/certificates for one run of a suite. */
#ifndef TESTS_CERTIFICATES_H
#define TESTS_CERTIFICATES_H

#include <check.h>

/* As sock_run(), with the files there. */
int certificates_run(Suite *);

/* The path of one of them; it lasts until three more have been asked for. */
const char *certificates_file(const char *name);

#endif

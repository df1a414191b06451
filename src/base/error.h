/* Recording what went wrong, for fsock_last_error(). See fsock/error.h for the public face. */
#ifndef FSOCK_BASE_ERROR_H
#define FSOCK_BASE_ERROR_H

#include <fsock/error.h>

#define FSOCK__NO_PORT (-1)

/*
 * Each records an error of the calling thread, sets errno and returns -1. `operation` must be
 * static text; host may be NULL. Nothing is allocated, and the readable line is only made when it
 * is asked for, so that an error on the data path is cheap.
 */

/* An error whose kind follows from errnum. */
int fsock__error_set(const char *operation, const char *host, int port, int errnum);

/* An error whose kind says more than its errno does. */
int fsock__error_set_kind(
    const char *operation, const char *host, int port, enum fsock_error_kind kind, int errnum);

/* An error of which the caller has words of its own. printf(3). */
#define FSOCK__WORDS_MAX 200
int fsock__error_set_words(const char *operation, const char *host, int port,
    enum fsock_error_kind kind, int errnum, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* An error that was recorded before, here or in another thread. */
int fsock__error_restore(const struct fsock_error *);

/* An error of getaddrinfo() or getnameinfo(). */
int fsock__error_set_resolver(const char *operation, const char *host, int port, int eai);

#endif

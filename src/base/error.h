/* Recording what went wrong, for fsock_last_error(). See fsock/error.h for the public face. */
#ifndef FSOCK_BASE_ERROR_H
#define FSOCK_BASE_ERROR_H

#include <fsock/error.h>

#define FSOCK__NO_PORT (-1)

#define FSOCK__WORDS_MAX 192

/* A record. The text is made when it is asked for: until then `error.text` is stale. */
struct fsock__record {
	struct fsock_error error;
	int text_is_stale;
	char words[FSOCK__WORDS_MAX]; /* the cause in words of its own, or "" */
};

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

/* An error that is told in words of its own: what was wrong with what. Not for the data path. */
int fsock__error_set_words(const char *operation, const char *host, int port,
    enum fsock_error_kind kind, int errnum, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* An error of getaddrinfo() or getnameinfo(). */
int fsock__error_set_resolver(const char *operation, const char *host, int port, int eai);

/* An error that was recorded before, here or in another thread; also as that of `operation`. */
int fsock__error_restore(const struct fsock__record *);
int fsock__error_retell(const char *operation, const struct fsock__record *);

/* Records the end of input, which is no failure: errno is left alone. */
void fsock__error_end_of_file(const char *operation, const char *host, int port);

/* What this thread has recorded last, and how many records it has made: that tells a fresh one. */
const struct fsock__record *fsock__error_current(void);
unsigned fsock__error_count(void);

/* Hosts come from anywhere: takes out what would end the line, or steer a terminal. */
void fsock__error_keep_to_line(char *text);

/* Writes out a record as programs see it. */
void fsock__error_tell(const struct fsock__record *, struct fsock_error *);

/*
 * Between the two, what is recorded does not reach fsock_last_error(): work for other sockets than
 * the caller's, and failures that are made good. Not to be left by siglongjmp(): nothing waits
 * there. The one returns what the other takes.
 */
struct fsock__record *fsock__error_aside(void);
void fsock__error_back(struct fsock__record *);

/*
 * Between these two a function of the program's runs amid other work: it may use the library, and
 * ask for its own last error; nothing of that remains.
 */
struct fsock__errors {
	struct fsock__record last, aside, *current;
	unsigned count;
};
void fsock__error_save(struct fsock__errors *);
void fsock__error_put_back(const struct fsock__errors *);

#endif

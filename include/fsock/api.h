/*
 * fsock/api.h - how the library's functions are declared. Included by every other header.
 */
#ifndef FSOCK_API_H
#define FSOCK_API_H

/* A function that the shared library exports. */
#if defined(__GNUC__)
#define FSOCK_API __attribute__((visibility("default")))
#else
#define FSOCK_API
#endif

/* The version of these headers; fsock_version() gives that of the library they are used with. */
#define FSOCK_VERSION "0.1.0"

#if defined(__cplusplus)
#define FSOCK_BEGIN_DECLS extern "C" {
#define FSOCK_END_DECLS   }
#else
#define FSOCK_BEGIN_DECLS
#define FSOCK_END_DECLS
#endif

FSOCK_BEGIN_DECLS

/* The version of the library. Returns: static text, "MAJOR.MINOR.PATCH". */
FSOCK_API const char *fsock_version(void);

FSOCK_END_DECLS

#endif

/*
 * fsock/api.h - declarations of the library's functions. Every other header includes it.
 */
#ifndef FSOCK_API_H
#define FSOCK_API_H

/* Marks a function that the shared library exports. */
#if defined(__GNUC__)
#define FSOCK_API __attribute__((visibility("default")))
#else
#define FSOCK_API
#endif

/*
 * The version of these headers, as text and as a number for #if: 10000 * MAJOR + 100 * MINOR +
 * PATCH. fsock_version() returns that of the library in use.
 */
#define FSOCK_VERSION        "0.1.0"
#define FSOCK_VERSION_NUMBER 100

#if defined(__cplusplus)
#define FSOCK_BEGIN_DECLS extern "C" {
#define FSOCK_END_DECLS   }
#else
#define FSOCK_BEGIN_DECLS
#define FSOCK_END_DECLS
#endif

FSOCK_BEGIN_DECLS

/* Returns the version of the library: static text, "MAJOR.MINOR.PATCH". */
FSOCK_API const char *fsock_version(void);

FSOCK_END_DECLS

#endif

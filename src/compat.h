/*
 * Every source file includes this first: it asks libc for what the library uses beyond POSIX, and
 * gives the platforms' differences one spelling. The only `#if`s outside an adapter file are here.
 */
#ifndef FSOCK_COMPAT_H
#define FSOCK_COMPAT_H

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE 1
#endif
#if !defined(_FILE_OFFSET_BITS)
#define _FILE_OFFSET_BITS 64
#endif
#if defined(__APPLE__)
#define _DARWIN_C_SOURCE 1
#endif

/* For loops that are compiled once for each function given to them. */
#if defined(__GNUC__)
#define FSOCK__ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define FSOCK__ALWAYS_INLINE static inline
#endif

#endif

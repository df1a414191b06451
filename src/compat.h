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

/*
 * Whether a Unix-domain address that begins with a NUL byte is a name that is in no file system.
 * Elsewhere than on Linux such an address is that of a socket without a name.
 */
#if defined(__linux__)
#define FSOCK_ABSTRACT_NAMES 1
#else
#define FSOCK_ABSTRACT_NAMES 0
#endif

#endif

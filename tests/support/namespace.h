/*
 * A network and an /etc of the test's own: Linux's namespaces(7). There is a machine besides this
 * one, linked by an Ethernet of two, on which some addresses answer, some refuse, some swallow what
 * is sent to them, and some answer late.
 */
#ifndef TESTS_NAMESPACE_H
#define TESTS_NAMESPACE_H

#define NAMESPACE_PORT 4000 /* where the other machine listens */

/*
 * Its addresses: 6 or 4, then what is there.
 *     a  answers       r  refuses      d  drops what it is sent; e  another such address
 *     s  answers once namespace_resolve('s') was called, l likewise
 *     n  no machine has it    u  there is no way to it
 * Returns: static text.
 */
const char *namespace_address(const char name[2]);

/*
 * Moves this process, of one thread, to namespaces of its own, which it never leaves. To be called
 * once, in an unchecked fixture. If that is not to be had here it says so on standard error and
 * returns 0, else 1.
 */
int namespace_enter(void);

/* Makes the answering late late again: what is sent there is held until it is told to be sent. */
void namespace_forget(void);

/* Starts a program that lets 's' answer after `s` seconds, then 'l' after `l`. */
void namespace_resolve_later(double s, double l);
void namespace_await_resolved(void);

/* Writes a file that is in the place of /etc/hosts or /etc/resolv.conf here. */
void namespace_write(const char *path, const char *text);

/* How many files a directory has, of /proc/self say. */
int namespace_count(const char *directory);

#endif

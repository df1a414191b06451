/*
 * fsock/stream.h - the FILE*s of a socket. The conventions are in fsock.h.
 *
 * A connected socket has up to three streams, made when first asked for:
 *
 *	fsock_stream(s)   one FILE for both directions ("r+")
 *	fsock_input(s)    a FILE to read from ("r") \  separate locks: one thread may sit in
 *	fsock_output(s)   a FILE to write to ("w")  /  fgets() while another writes
 *
 * They are ordinary stdio streams: every function and every library that takes a FILE* works on
 * them. fflush() sends. What the library adds to stdio's own rules:
 *
 * Two ways     On the two-way stream reading and writing may alternate freely; fflush(f) and
 *              fseek(f, 0, SEEK_CUR) between them are allowed and lose nothing. ftell() counts the
 *              octets read and written so far. Any other seek fails with ESPIPE, unless it stays
 *              within the input that happens to be in memory still: do not count on it.
 * Delivery     How input is handed to stdio. FSOCK_DELIVER_LINE: at most one line at a time, so
 *              that stdio holds nothing back when the direction changes (two-way character streams,
 *              and any stream with a line_limit). FSOCK_DELIVER_BLOCK: whatever is there (one-way
 *              streams and FSOCK_BYTE). FSOCK_DELIVER_WHOLE_LINE: never less than a whole line, so
 *              that an fgets() that times out has consumed nothing; at end of file the rest. For
 *              text with time limits take this one: see below.
 *              A line longer than line_limit fails with EMSGSIZE (FSOCK_LINE_TOO_LONG_ERROR), and
 *              so does each later read: only fsock_read_octets() and the like get past it.
 * Timeouts     A read that times out returns EOF or NULL with ferror() set and errno ETIMEDOUT:
 *              clearerr(f) and go on. getc(), fread(), fscanf() and the functions of
 *              fsock/format.h have lost nothing: what they have read, the program has. fgets() in
 *              mid-line has lost what it had read of the line, as stdio throws that away; so has
 *              musl's getline(). With FSOCK_DELIVER_WHOLE_LINE these have lost nothing, either.
 *              All this holds for a read that fsock_interrupt() has ended, too.
 * Write errors A failed write is final for the output side: octets may be lost, so everything
 *              written later fails with the same errno, and so does fclose(). The connection then
 *              ends in a reset: fsock_close().
 * Half-close   fclose() of the last stream that writes, while one that reads is open, flushes and
 *              shuts down the writing side. fclose() of the last open stream closes the connection.
 *              In a process that has not used the socket since the last fork(2) the first shuts
 *              nothing down, as the other process may still write: fsock_shutdown() does.
 * Two readers  Several streams of a socket read the same input. Only one that no other thread is
 *              using can take over: reading fails with EBUSY while another thread is using the
 *              stream that was read last.
 * exit         exit() and fflush(NULL) take every FILE's lock. exit() does not hang because a
 *              thread is blocked reading: the read is made to end. fflush(NULL) does wait.
 *              What another thread is writing then may not go out, as the libc has it; then the
 *              peer gets a reset. _exit(2) and signals that kill tell nobody.
 * Handlers     A signal handler may call exit() while a write waits for the peer: exit() then
 *              flushes what stdio holds, behind what has gone. A handler may also leave the write
 *              by siglongjmp(): output goes on if stdio hands over the same octets again, as it
 *              does in fflush() and fclose(). Otherwise output has failed (EINTR), and the peer
 *              gets a reset. It has failed, too, if the signal came in the system call that sends,
 *              if the stream has a format for output, or if the write was fsock_send()'s: nobody
 *              knows then what has gone. A read that is left so leaves the stream intact, but for a
 *              part of a line as above.
 *
 * Streams that do not block: `.nonblocking` of struct fsock_options, or fsock_set_nonblocking().
 *
 * Reading      fails with EAGAIN (FSOCK_WOULD_BLOCK) if there is nothing to read: clearerr(f), and
 *              go on when a wait list reports input. Text of a socket made with `.nonblocking` is
 *              delivered in whole lines by default, so fgets() and getline() return a line, or have
 *              consumed nothing. With another delivery those of glibc return what there is of a
 *              line; others lose it.
 * Writing      never waits: what the kernel does not take is queued, in order, and sent by the
 *              waits on a wait list that the socket is in (fsock/wait.h), or else by later writes
 *              and fsock_send_pending(). Up to output_limit octets are queued; output beyond that
 *              fails with ENOBUFS, for good, as stdio has thrown it away. fsock_send() takes all or
 *              nothing: there ENOBUFS is no failure that stays.
 * Closing      and shutting output down take effect when what is queued has gone: fsock_close().
 *              So does fclose() of the last stream.
 *              exit() does not wait for that: it sends what goes at once, and the peer gets a reset
 *              if that was not all. A program that is to lose nothing closes its sockets, and waits
 *              until fsock_waitlist_closing() is 0.
 *
 * What a libc's own stdio limits, and no library on top of it can mend:
 *
 * glibc     Wide functions (fgetwc, fwprintf ...) fail or crash on such streams: text in a stream
 *           is bytes. On a two-way stream ungetc() after writing and before the first read after it
 *           may return stale output: read once before pushing back. getline() refuses to go on
 *           after a timeout until clearerr(). fflush() forgets a pushed-back character that is
 *           not the one read. setvbuf() after that corrupts memory; ISO C has it for new streams.
 *           fseek() on a two-way stream that was written to after a part of a line was read sends
 *           the output, loses nothing, and yet may fail with ESPIPE: say fflush() first.
 *           freopen() of any FILE that fopencookie(3) has made crashes.
 * musl      fread() of a block asks for the block less one octet, then for the rest; a bare switch
 *           from reading to writing drops what stdio holds, which FSOCK_DELIVER_BLOCK on a two-way
 *           stream exposes: say fflush() in between.
 * BSDs      And macOS: as musl for the bare switch; OpenBSD's fflush() of a reading stream fails
 *           with EBADF and loses nothing.
 *
 * fileno(f) gives the descriptor on glibc, FreeBSD, NetBSD and macOS, and -1 elsewhere;
 * fsock_fileno(f) works everywhere.
 */
#ifndef FSOCK_STREAM_H
#define FSOCK_STREAM_H

#include <stdio.h>
#include <sys/types.h>
#include <fsock/api.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

/*
 * The two-way stream, the input stream, the output stream of a connected socket. The first call
 * makes it, later ones return the same FILE until it is closed.
 * Returns: the FILE, or NULL. Errors: EINVAL (NULL, a listener or datagram socket; kind
 *   FSOCK_INVALID_SOCKET_ERROR), EBADF (closed), EPIPE (output, after it was closed or shut
 *   down without one),
 *   ENOMEM.
 * Ownership: the socket's; fclose() it or leave it to fsock_close(). Blocks: no.
 */
FSOCK_API FILE *fsock_stream(fsock *s);
FSOCK_API FILE *fsock_input(fsock *s);
FSOCK_API FILE *fsock_output(fsock *s);

/*
 * The socket of a stream.
 * Returns: the handle, not a new reference to it; NULL if `f` is no open stream of this library
 *   (EINVAL, FSOCK_INVALID_SOCKET_STREAM_ERROR).
 */
FSOCK_API fsock *fsock_of(FILE *f);

/* The descriptor under a stream: fsock_socket(fsock_of(f)). Returns: 0 or more, or -1. */
FSOCK_API int fsock_fileno(FILE *f);

/*
 * How many octets of output are queued: those that stdio has handed over and the kernel has not yet
 * taken. What stdio itself holds counts after a flush.
 * Returns: 0 or more; 0 also once output has failed, and without streams; -1 (EINVAL) for NULL.
 * Blocks: no.  Threads: any.
 */
FSOCK_API ssize_t fsock_pending_output(const fsock *s);

/*
 * Sends of the queued output what the kernel takes now. Only a loop without a wait list needs to,
 * when the descriptor can be written. Nothing is sent while another thread waits for the peer: that
 * one sends it. It also tells why a socket has failed: why output did, or why it could not be
 * connected.
 * Returns: how many octets are queued still, or -1. Errors: EBADF (closed), EINVAL (NULL), those of
 *   the failed write or of fsock_connect().  Blocks: no.  Threads: any.
 */
FSOCK_API ssize_t fsock_send_pending(fsock *s);

/*
 * Whether the peer reads too slowly: once high_water octets are queued, and until no more than
 * low_water are. Who relays to such a peer should stop reading until FSOCK_OUTPUT is reported of
 * it; of who is served, wait lists report no input meanwhile.
 * Returns: 1 or 0; 0 for NULL.
 */
FSOCK_API int fsock_is_congested(const fsock *s);

/*
 * Connects and returns the stream: fopen() for the network. The stream owns the socket; fclose()
 * ends both. mode is "r", "w" or "r+" (both ways; "w+" is the same), optionally with `b` for
 * FSOCK_BYTE, then optional parts after commas:
 *
 *	timeout=SECONDS   connect, read and write timeout
 *	deadline=SECONDS  limit of the whole exchange
 *	line=OCTETS       line_limit
 *	whole-line        FSOCK_DELIVER_WHOLE_LINE
 *	ccs=CHARSET       the format of both directions (fsock/format.h): "r+,ccs=latin-1,eol=crlf"
 *	eol=STYLE
 *	errors=POLICY     strict, replace, replace=C, ignore, escape, html
 *	bom=WHAT          strip, sniff, write
 *
 * Returns: the FILE, or NULL. Errors: EINVAL for an invalid mode, else
 * fsock_connect()'s.
 * Blocks: as fsock_connect().
 */
FSOCK_API FILE *fsockopen(const char *host, int port, const char *mode);

FSOCK_END_DECLS

#endif

/*
 * fsock/stream.h - the FILE streams of a socket. The conventions are in fsock.h.
 *
 * A connected socket has up to three streams, each created on first use:
 *
 *	fsock_stream(s)   one FILE for both directions ("r+")
 *	fsock_input(s)    a FILE for reading ("r")  \  separate locks: one thread may block in
 *	fsock_output(s)   a FILE for writing ("w")  /  fgets() while another thread writes
 *
 * They are ordinary stdio streams. Every function and every library that accepts a FILE* works with
 * them. fflush() sends the output. The library adds the following to the rules of stdio:
 *
 * Two ways     Reads and writes on the two-way stream may alternate freely. fflush(f) and fseek(f,
 *              0, SEEK_CUR) are allowed between them and lose nothing. ftell() returns the number
 *              of octets read and written so far. Any other seek fails with ESPIPE, unless its
 *              target lies within the input that is still in memory. Do not rely on that exception.
 * Delivery     The delivery mode controls how the library hands input to stdio. FSOCK_DELIVER_LINE
 *              delivers at most one line at a time, so that stdio holds no input when the direction
 *              changes. It delivers more only where none can be lost: to a read that goes straight
 *              into the program's memory, such as a large fread(); and, on glibc, which gives
 *              unread input back at the first write, to a program that only reads. It is the
 *              default for two-way character streams, and for any stream with a line_limit, which
 *              never delivers more than a line. FSOCK_DELIVER_BLOCK delivers all available input.
 *              It is the default for one-way streams and for FSOCK_BYTE. FSOCK_DELIVER_WHOLE_LINE
 *              never delivers less than a complete line, so that an fgets() that times out has
 *              consumed nothing; at end of file it delivers the rest. Use it for text with time
 *              limits, for the reason given under Timeouts. A line longer than line_limit fails
 *              with EMSGSIZE (FSOCK_LINE_TOO_LONG_ERROR), and so does each later read. Only
 *              fsock_read_octets() and similar functions can read past it.
 * Unbuffered   setbuf(f, NULL), before the first read, also ends the library's read-ahead: octets
 *              are received one at a time, and input that was not read stays in the kernel.
 *              Programs that wait with select(2) or poll(2) and read one line each time then work,
 *              at the price of one system call per octet. This applies to functions that return
 *              characters and lines, and on glibc to fread(). Whole lines and records, layers and
 *              the LF that may follow a CR with "auto" are read ahead nevertheless;
 *              fsock_wait_for_input() counts everything and needs none of this.
 * Records      Whole lines are one kind of whole records. The option `record`, and
 *              fsock_set_record() on an open stream, select another (struct fsock_record): it ends
 *              with an octet such as NUL or ';', has a fixed number of octets, or has a length that
 *              a function of the program returns. The rules for FSOCK_DELIVER_WHOLE_LINE,
 *              line_limit and readiness then apply to these records: a getdelim(), or an fread() of
 *              as many octets as the record has, either returns all of it or consumes nothing. The
 *              same is true of fsock_read_octets(), except for lines. A read of more octets than
 *              the record has continues with the next one. At most one counted or measured record
 *              is passed to stdio at a time. fsock_receive() ignores records: the next one begins
 *              after the octets that it has returned. Records that are not lines also work with the
 *              format "binary". If the input has another format, delimiters are found in its text.
 *              They must be ASCII, not CR or LF if the format has line ends, and below 32 unless
 *              the charset is a UTF or has one octet per character. Text cannot have counted or
 *              measured records (EINVAL).
 * Timeouts     A read that times out returns EOF or NULL, with ferror() set and errno ETIMEDOUT.
 *              Call clearerr(f) to continue. getc(), fread(), fscanf() and the functions of
 *              fsock/format.h lose nothing: the program already has all input that they have read.
 *              If fgets() times out in the middle of a line, stdio discards the part that it has
 *              read; so does musl's getline(). With FSOCK_DELIVER_WHOLE_LINE these functions lose
 *              nothing, either. All of this also applies to a read that fsock_interrupt() ended.
 * Write errors A failed write is final for the output side. Octets may be lost, so all later writes
 *              fail with the same errno, and so does fclose(). The connection then ends with a
 *              reset: see fsock_close().
 * Half-close   fclose() of the last stream that writes flushes it and shuts down the writing side,
 *              if a stream that reads is still open. fclose() of the last open stream closes the
 *              connection. In a process that has not used the socket since the last fork(2), the
 *              first case shuts nothing down, because the other process may still write;
 *              fsock_shutdown() does shut down in that process.
 * Two readers  The streams of a socket all read the same input. A stream can take over from the one
 *              that was read last only while no other thread is using that one. Otherwise the read
 *              fails with EBUSY.
 * exit         exit() and fflush(NULL) lock every FILE. exit() does not hang because a thread is
 *              blocked in a read: the library ends that read. fflush(NULL) does wait for it. Output
 *              that another thread is writing when exit() is called may not be sent, depending on
 *              the libc; the peer then gets a reset. After _exit(2) or a fatal signal the peer gets
 *              no such notice.
 * Handlers     A signal handler may call exit() while a write waits for the peer. exit() then
 *              flushes the output that stdio holds, after the octets that were already sent. A
 *              handler may also leave the write by siglongjmp(). Output then continues if stdio
 *              passes the same octets again, as it does in fflush() and fclose(). Otherwise output
 *              has failed with EINTR, and the peer gets a reset. Output has also failed if the
 *              signal arrived during the system call that sends, if the stream has a format for
 *              output, or if the write was a call of fsock_send(): in these cases it is unknown
 *              which octets were sent. Leaving a read by siglongjmp() keeps the stream intact,
 *              except that a part of a line may be lost as described under Timeouts.
 *
 * Non-blocking streams are created with `.nonblocking` in struct fsock_options, or by
 * fsock_set_nonblocking():
 *
 * Reading      A read fails with EAGAIN (FSOCK_WOULD_BLOCK) if no input is available. Call
 *              clearerr(f), and read again when a wait list reports input. Text of a socket that
 *              was created with `.nonblocking` is delivered in whole lines by default, so fgets()
 *              and getline() either return a line or consume nothing. With another delivery mode,
 *              the functions of glibc return the available part of a line; those of other systems
 *              lose it.
 * Writing      A write never waits. Output that the kernel does not accept is queued, in order.
 *              Waits on a wait list that contains the socket send it (fsock/wait.h); otherwise
 *              later writes and fsock_send_pending() send it. At most output_limit octets are
 *              queued. Output beyond that fails with ENOBUFS. The failure is final, because stdio
 *              has discarded octets. fsock_send() queues either all octets or none, so its ENOBUFS
 *              is not final. A write through a FILE also fails for good, with EBUSY, while
 *              another thread is blocked in a write that it began when the socket was blocking.
 * Closing      Closing the socket and shutting down output take effect once the queued output has
 *              been sent: see fsock_close(). The same is true of fclose() of the last stream.
 *              exit() does not wait for that: it sends what the kernel accepts at once, and the
 *              peer gets a reset if output remains. To lose nothing, a program closes its sockets
 *              and waits until fsock_waitlist_closing() returns 0.
 *
 * Batched output is an option of the socket: `.batched` in struct fsock_options, or the word
 * `batched` of fsockopen(). stdio passes its output on whenever the direction of the two-way stream
 * changes. If several requests arrive together, each answer is therefore sent alone. With the
 * option, output of the two-way stream is held back in the queue, and fflush() only passes it on.
 * Output that is held back is sent
 *
 *	before a read of any stream of the socket, or fsock_receive(), asks the system for input;
 *	input that is in memory already is read without that
 *	in fsock_wait_for_input() for the socket, and in waits on a list that contains it, unless
 *	the wait is for input and finds some in memory: then it does not sleep
 *	before 16 KiB, or high_water, would be held back
 *	by fsock_send_pending(); by fsock_send(), even of 0 octets; before output that is written
 *	to the one-way stream; before a new output format or a layer takes effect
 *	by fclose(3), and by all functions that close or release the socket or shut down output
 *	by exit(3), in the process that wrote it
 *
 * and at once while another thread waits for input in one of these calls. So no call waits for the
 * socket before what was written has been sent. Calls that wait for anything else, such as another
 * socket, a list without this socket or a child process, send nothing: call fsock_send_pending()
 * before them. On a blocking socket, reads and closing wait until the peer takes the output, as a
 * write would; waits on lists and fsock_wait_for_input() send what it takes meanwhile.
 *
 * If the output cannot be sent, the call that sends it fails (a read as well), or a wait reports
 * FSOCK_FAILED. As after any failed write, later writes and the close fail, too. fflush() of the
 * one-way stream sends, with and without the option.
 * Before fork(2), call fsock_send_pending() and not only fflush(). A read that waits for room is
 * ended by fsock_shutdown(s, FSOCK_IO), and not by ending input alone. What another thread writes
 * during fsock_wait_for_input() is sent at once as far as the peer takes it, and completed by the
 * next call. If a thread is cancelled in, or jumps out of, one of these calls, output of the socket
 * is sent as without the option from then on.
 *
 * Some limits come from the libc's own stdio. A library on top of it cannot remove them:
 *
 * glibc     Wide functions (fgetwc, fwprintf ...) fail or crash on these streams: text in a stream
 *           is bytes. On a two-way stream, ungetc() between a write and the first read after it
 *           returns stale output and corrupts the heap, as with fdopen(): read once before pushing
 *           back, call fseek(f, 0, SEEK_CUR) first, or use fsock_input(). After a timeout getline()
 *           does not continue until clearerr(). fflush() forgets a pushed-back character that
 *           differs from the one read. setvbuf() corrupts memory if a character is pushed back;
 *           ISO C permits it for new streams only. freopen() of any FILE that fopencookie(3)
 *           created crashes.
 *           __fpurge() discards what stdio has read ahead, which may be more than a line.
 * musl      fread() of a block first requests the block less one octet, then the rest. A switch
 *           from reading to writing without fflush() drops the input that stdio holds. This affects
 *           FSOCK_DELIVER_BLOCK on a two-way stream: call fflush() in between.
 * BSDs      Also macOS: a switch without fflush() behaves as on musl. On OpenBSD fflush() of a
 *           stream that is being read fails with EBADF and loses nothing.
 *
 * fileno(f) returns the descriptor on glibc, FreeBSD, NetBSD and macOS, and -1 elsewhere. The last
 * three have a short for it, and return -1 for a descriptor above 32767. fsock_fileno(f) works
 * everywhere.
 */
#ifndef FSOCK_STREAM_H
#define FSOCK_STREAM_H

#include <stdio.h>
#include <sys/types.h>
#include <fsock/api.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

/*
 * Return the two-way stream, the input stream and the output stream of a connected socket. The
 * first call creates the stream. Later calls return the same FILE until it is closed.
 * Returns: the FILE, or NULL.
 * Errors: EINVAL (NULL, a listener or a datagram socket; kind FSOCK_INVALID_SOCKET_ERROR), EBADF
 *   (closed), EPIPE (output: its stream was closed before, or the output was shut down before a
 *   stream was created), ENOMEM.
 * Ownership: the stream belongs to the socket; close it with fclose(), or leave that to
 *   fsock_close().
 * Blocks: no.
 */
FSOCK_API FILE *fsock_stream(fsock *s);
FSOCK_API FILE *fsock_input(fsock *s);
FSOCK_API FILE *fsock_output(fsock *s);

/*
 * Finds the socket of a stream.
 * Returns: the handle, without taking a new reference; NULL if `f` is not an open stream of this
 *   library (EINVAL, FSOCK_INVALID_SOCKET_STREAM_ERROR).
 */
FSOCK_API fsock *fsock_of(FILE *f);

/* The descriptor of a stream: fsock_socket(fsock_of(f)). Returns: 0 or more, or -1. */
FSOCK_API int fsock_fileno(FILE *f);

/*
 * Sets what a record is, from the octet that the program reads next: input that stdio has read
 * ahead becomes a part of the new records. From then on the socket delivers whole records, whatever
 * its delivery was. The setting applies to all streams of the socket, and to all records that
 * follow, until it is changed. `record` is copied.
 * Returns: 0; or -1, with nothing changed.
 * Errors: EINVAL (NULL; an invalid kind; a count that is 0 or more than line_limit; no function; a
 *   record that the format of the input does not permit: see Records), EBUSY (another thread is
 *   using the FILE that was read last), those of a failed flush.
 * Blocks: no; as fflush(3) if the two-way stream holds both input and output.
 */
FSOCK_API int fsock_set_record(FILE *f, const struct fsock_record *record);

/*
 * Returns the number of octets of queued output: those that stdio has passed on and the kernel has
 * not accepted yet, including batched output. Output that stdio itself holds counts only after a
 * flush.
 * Returns: 0 or more; 0 also once output has failed, and if the socket has no streams; -1 (EINVAL)
 *   for NULL.
 * Blocks: no.  Threads: any.
 */
FSOCK_API ssize_t fsock_pending_output(const fsock *s);

/*
 * Sends as much queued output as the kernel accepts now. An event loop without a wait list calls
 * this function when the descriptor becomes writable. A program with batched output calls it, after
 * fflush(3), before it waits for anything but the socket. If another thread is waiting for the
 * peer, this function sends nothing and leaves the sending to that thread. It also reports why the
 * socket has failed: why output failed, or why the socket could not be connected.
 * Returns: the number of octets that are still queued, or -1.
 * Errors: EBADF (closed), EINVAL (NULL), those of the failed write or of fsock_connect().
 * Blocks: no.  Threads: any.
 */
FSOCK_API ssize_t fsock_send_pending(fsock *s);

/*
 * Tells whether the peer reads too slowly. A socket becomes congested once high_water octets are
 * queued, and remains so until no more than low_water are queued. A program that relays data to a
 * congested socket should stop reading its source until FSOCK_OUTPUT is reported for that socket.
 * Wait lists report no input for a congested socket, so a client is not served until it reads.
 * Returns: 1 or 0; 0 for NULL.
 */
FSOCK_API int fsock_is_congested(const fsock *s);

/*
 * Connects and returns the stream: fopen() for the network. The stream owns the socket, and
 * fclose() ends both. `mode` is "r", "w" or "r+" (both directions), optionally with `b` for
 * FSOCK_BYTE. Other modes of fopen() are accepted where they change nothing: "a" is "w", "w+" and
 * "a+" are "r+", and `t` and `e` have no effect. Optional parts follow after commas:
 *
 *	timeout=SECONDS   timeout for connecting, reading and writing
 *	deadline=SECONDS  time limit for the whole exchange
 *	line=OCTETS       line_limit
 *	whole-line        FSOCK_DELIVER_WHOLE_LINE
 *	batched           batched output
 *	ccs=CHARSET       the format of both directions (fsock/format.h): "r+,ccs=latin-1,eol=crlf"
 *	eol=STYLE
 *	errors=POLICY     strict, replace, replace=C, ignore, escape, html
 *	bom=WHAT          strip, sniff, write
 *	WORD              a word of a format without its prefix: "r+,latin-1,crlf"
 *
 * Blanks after a comma are ignored.
 *
 * Returns: the FILE, or NULL.
 * Errors: EINVAL for an invalid mode, otherwise those of fsock_connect().
 * Blocks: as fsock_connect().
 */
FSOCK_API FILE *fsockopen(const char *host, int port, const char *mode);

/*
 * Returns the stream of a descriptor: fdopen() for sockets. It is fsock_adopt(), the stream and
 * fsock_disown() in one. The stream owns the descriptor, and fclose() closes it. `mode` is as for
 * fsockopen().
 * Returns: the FILE, or NULL; the caller then still owns the descriptor, which is unchanged.
 * Errors: EINVAL (an invalid mode, or the socket is not a stream), those of fsock_adopt().
 * Blocks: no.
 */
FSOCK_API FILE *fsock_fdopen(int descriptor, const char *mode);

FSOCK_END_DECLS

#endif

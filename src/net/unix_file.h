/*
 * The file of a listening or bound Unix-domain socket: replaced when stale, unlinked when its owner
 * ends.
 */
#ifndef FSOCK_NET_UNIX_FILE_H
#define FSOCK_NET_UNIX_FILE_H

#include <fsock/addr.h>

struct fsock__unix_file;

/* Whether the address names a file: a Unix-domain path that is not abstract or empty. */
int fsock__unix_file_is_path(const struct fsock_addr *);

/*
 * Unlinks the socket file at the address if no socket is bound to it any more. `type` is that of
 * the socket that is to be: SOCK_STREAM or SOCK_DGRAM.
 * Returns 1 if it was unlinked, else 0 with errno as it was.
 */
int fsock__unix_file_remove_stale(const struct fsock_addr *, int type);

/*
 * The record of the file that is about to be bound; once it is, fsock__unix_file_bound() takes note
 * of which one it is. Returns NULL for want of memory.
 */
struct fsock__unix_file *fsock__unix_file_new(const struct fsock_addr *);
void fsock__unix_file_bound(struct fsock__unix_file *);

/*
 * Unlinks the file, if it was bound by this process and is still the same one, and frees the
 * record. NULL: nothing.
 */
void fsock__unix_file_remove(struct fsock__unix_file *);

#endif

/*
 * The file of a listening or bound Unix-domain socket: replaced when stale, unlinked when its owner
 * ends. However many processes bind to a path at once, by this, one of them owns it.
 */
#ifndef FSOCK_NET_UNIX_FILE_H
#define FSOCK_NET_UNIX_FILE_H

#include <fsock/addr.h>

struct fsock__unix_file;

/* Whether the address names a file: a Unix-domain path that is not abstract or empty. */
int fsock__unix_file_is_path(const struct fsock_addr *);

/*
 * Binds the descriptor to such an address. The file gets the permissions `mode`, unless that is
 * 0: for a stream before anybody can connect, as it does not listen yet. A socket file there is
 * replaced if no socket of any type is bound to it any more; anything else is left, and so is
 * one in a directory that cannot be locked: one that may not be read, or is locked by others for
 * a second.
 * Returns the record of the file, which is to be removed before the descriptor is closed; or NULL
 * with errno: ENOMEM, bind(2)'s or chmod(2)'s.
 */
struct fsock__unix_file *fsock__unix_file_bind(int fd, const struct fsock_addr *, unsigned mode);

/*
 * Unlinks the file, if it was bound by this process and is still the same one, and frees the
 * record. NULL: nothing.
 */
void fsock__unix_file_remove(struct fsock__unix_file *);

#endif

/* The hosts file, hosts(5), looked at for what it names: what is there needs no nameserver. */
#ifndef FSOCK_NET_HOSTS_FILE_H
#define FSOCK_NET_HOSTS_FILE_H

#define FSOCK__HOSTS_FILE "/etc/hosts"

/* How much of the file is read at most: somebody may be waiting for other things. */
#define FSOCK__HOSTS_FILE_MAX (256 * 1024)

/* Whether a file of that form names the host. Keeps errno. */
int fsock__hosts_file_has(const char *path, const char *host);

#endif

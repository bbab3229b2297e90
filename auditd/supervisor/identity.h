/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_IDENTITY_H
#define TX_SUPERVISOR_IDENTITY_H

/*
 * Who is at the other end of a socket: pid, uid and gid as the kernel recorded them at connect;
 * comm, exe and unit from /proc, only when that is provably still the same process. What cannot be
 * read is left empty. The texts are limited and hold no control characters.
 */

#include "auditd/ipc/control.h"
#include "libtx/base/limits.h"

struct tx_identity {
    struct tx_ipc_identity peer; /* its texts lie in the memory below */
    char comm[TX_LIMIT_COMM_BYTES];
    char exe[TX_LIMIT_EXE_BYTES];
    char unit[TX_LIMIT_UNIT_BYTES];
};

/* `since_ns` (tx_clock_boot): the connection was there then. Where the kernel has no SO_PEERPIDFD,
 * a process that started later is not the one that connected. -errno when the socket itself cannot
 * be asked. */
TX_MUST_USE int tx_identity_read(int socket_fd, int64_t since_ns, struct tx_identity *ret);

/* The unit in the text of /proc/<pid>/cgroup: of the first path (of systemd's own hierarchy, else
 * of version 2) the first part that is not a slice, when it is a service or scope. Its length; 0:
 * none. */
size_t tx_identity_unit(struct tx_text cgroup, char ret[TX_LIMIT_UNIT_BYTES]);

/* The start of a process in the text of /proc/<pid>/stat, ns since boot. -EBADMSG. */
TX_MUST_USE int tx_identity_start(struct tx_text stat, int64_t *ret_ns);

#endif

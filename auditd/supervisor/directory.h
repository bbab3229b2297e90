/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_DIRECTORY_H
#define TX_SUPERVISOR_DIRECTORY_H

/*
 * The daemon's directories: made when they are missing, given to the user whom the children become.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "libtx/base/error.h"

struct tx_directory_wish {
    mode_t mode;      /* of a new one */
    mode_t forbidden; /* bits that are taken from one that exists */
    bool set_owner;   /* needs root; what lies in it is given too, when it belonged to another */
    uid_t uid;
    gid_t gid;
    /* `..` of what is opened leads nowhere: it is the root of a mount of its own. For children
     * without Landlock, who could otherwise leave their chroot by it. Left out where we may not. */
    bool detached;
};

/* Makes the directory and those above it (0755, the caller's), and opens it. *ret_fd is owned by
 * the caller. -ENOTDIR when something else has its name. */
TX_MUST_USE int tx_directory_open(const char *path, const struct tx_directory_wish *wish,
                                  int *ret_fd);

/* Makes the directories above a file's path. */
TX_MUST_USE int tx_directory_make_above(const char *path);

/* An exclusive lock on an open directory; waits up to wait_ns for another to let go. The lock lives
 * as long as any duplicate of the descriptor. -EBUSY. */
TX_MUST_USE int tx_directory_lock(int fd, int64_t wait_ns);

#endif

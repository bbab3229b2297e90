/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_SPAWN_H
#define TX_SUPERVISOR_SPAWN_H

/*
 * Starting a program with exactly the descriptors that are named, an empty environment but for what
 * messages need (LANG, JOURNAL_STREAM), default signals, and no way to outlive us unnoticed. It
 * knows nothing of what the programs do.
 */

#include <sys/types.h>

#include "libtx/base/error.h"

#define TX_SPAWN_FDS 16

struct tx_spawn_fd {
    int fd;     /* ours, borrowed */
    int target; /* the child's; 3 or more */
};

struct tx_spawn {
    const char *program; /* its path */
    char *const *argv;
    size_t n_fds; /* TX_SPAWN_FDS at most */
    struct tx_spawn_fd fds[TX_SPAWN_FDS];
};

/* Exit status of a child whose program could not be executed. */
#define TX_SPAWN_EXIT_NO_PROGRAM 127

/* *ret_pidfd becomes readable when the child ends; owned by the caller. */
TX_MUST_USE int tx_spawn(const struct tx_spawn *spawn, pid_t *ret_pid, int *ret_pidfd);

/* Finds `tracex-<name>`: beside our own program, in the build tree's ../<name>/, or in libexec.
 * -ENOENT. */
#define TX_SPAWN_PATH_BYTES 4096
TX_MUST_USE int tx_spawn_find(const char *name, char ret[TX_SPAWN_PATH_BYTES]);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_KEPT_FD_H
#define TX_CLIENT_KEPT_FD_H

/*
 * A descriptor of ours in a program that may close any: it is ours while it is the same file. What
 * stands here lies where a fork leaves it, so that a child can close its parent's.
 */

#include <stdbool.h>
#include <sys/stat.h>

/* Written in an order that makes sense at any moment: the first member last, and taken back first.
 */
struct tx_kept_fd {
    int fd_and_one; /* 0: none */
    dev_t device;
    ino_t inode;
};

void tx_kept_fd_set(struct tx_kept_fd *kept, int fd);
/* Whether `fd` is that descriptor still. */
bool tx_kept_fd_is(const struct tx_kept_fd *kept, int fd);
/* Closes it, unless the number means something else by now. `wake`: threads that wait in poll for
 * it notice; not in a child, since it would end the parent's connection. */
void tx_kept_fd_close(struct tx_kept_fd *kept, bool wake);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_BASE_FD_H
#define TX_BASE_FD_H

/*
 * Descriptors: closing them once, and reading or writing all of something. Every loop here goes on
 * after EINTR; none blocks on a descriptor that is non-blocking.
 */

#include <sys/types.h>

#include "libtx/base/error.h"

/* For `_cleanup_(tx_fd_closep) int fd = -1;` Keeps errno. */
void tx_fd_closep(int *fd);

/* Hands over a descriptor: returns it and leaves -1 behind. */
static inline int tx_fd_steal(int *fd) {
    int stolen = *fd;
    *fd = -1;
    return stolen;
}

/* Writes all n bytes, at the descriptor's position or at an offset. -errno; -EIO when the kernel
 * takes nothing. */
TX_MUST_USE int tx_fd_write_all(int fd, const void *p, size_t n);
TX_MUST_USE int tx_fd_pwrite_all(int fd, const void *p, size_t n, off_t offset);

/* Reads until n bytes or the end of the file; *ret_n is how many. */
TX_MUST_USE int tx_fd_read_full(int fd, void *p, size_t n, size_t *ret_n);
TX_MUST_USE int tx_fd_pread_full(int fd, void *p, size_t n, off_t offset, size_t *ret_n);

TX_MUST_USE int tx_fd_set_nonblocking(int fd, int on);

#endif

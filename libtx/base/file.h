/* SPDX-License-Identifier: MIT */
#ifndef TX_BASE_FILE_H
#define TX_BASE_FILE_H

/*
 * Whole small files: read with a limit, replaced atomically and durably.
 */

#include <sys/types.h>

#include "libtx/base/bytes.h"
#include "libtx/base/error.h"

/* Appends the whole regular file to *b. -EFBIG when it has more than limit bytes, -EINVAL when it
 * is not a regular file; a FIFO does not block. dirfd as for openat(2). */
TX_MUST_USE int tx_file_read_at(int dirfd, const char *path, size_t limit, struct tx_bytes *b);

/* The same of an open descriptor, from its beginning, without moving its position. */
TX_MUST_USE int tx_file_read_fd(int fd, size_t limit, struct tx_bytes *b);

/* Writes <path>.tmp, syncs it, renames it over path and syncs the directory: after a crash either
 * the old content stands there or the new. `path` is a plain name within dirfd. */
TX_MUST_USE int tx_file_replace_at(int dirfd, const char *path, const void *p, size_t n,
                                   mode_t mode);

#endif

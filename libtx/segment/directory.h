/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_DIRECTORY_H
#define TX_SEGMENT_DIRECTORY_H

/*
 * The files of a log directory, by name, as they are now. What is in them is not its matter.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "libtx/base/bytes.h"
#include "libtx/base/error.h"

struct tx_directory_segment {
    uint64_t first; /* by its name */
    bool plain;
    bool compressed; /* both: the plain one counts */
};

struct tx_directory {
    size_t n_segments;
    struct tx_directory_segment *segments; /* owned; in order, each once */
    size_t n_set_aside;
    char **set_aside; /* owned; names of torn ends */
};

TX_MUST_USE int tx_directory_read(int dirfd, struct tx_directory *ret);
void tx_directory_deinit(struct tx_directory *directory);

/* Opens a regular file without ever blocking: -EINVAL when it is none. *ret_size may be NULL. */
TX_MUST_USE int tx_directory_open_file(int dirfd, const char *name, int *ret_fd,
                                       uint64_t *ret_size);

/* The segment's file as it is now: it may have been compressed since the directory was read. */
TX_MUST_USE int tx_directory_open_segment(int dirfd, const struct tx_directory_segment *segment,
                                          int *ret_fd, bool *ret_compressed);
/* Bytes on disk; 0 when it is not there. */
uint64_t tx_directory_segment_size(int dirfd, const struct tx_directory_segment *segment);

#endif

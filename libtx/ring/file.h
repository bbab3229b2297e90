/* SPDX-License-Identifier: MIT */
#ifndef TX_RING_FILE_H
#define TX_RING_FILE_H

/*
 * The file of a ring: memory with a descriptor, whose size nobody can change any more, so that who
 * maps it is safe from SIGBUS. It knows nothing of what is in it.
 */

#include "libtx/base/error.h"
#include "libtx/ring/layout.h"

/* A new one, full of zeros. Owned by the caller. */
TX_MUST_USE int tx_ring_file_make(size_t capacity, int *ret_fd);

/* Whether a descriptor that somebody handed over is one, and with how much data. -EINVAL: it is
 * not; a size that is not allowed; or its size could still change. */
TX_MUST_USE int tx_ring_file_check(int fd, size_t *ret_capacity);

/* Maps it with the data twice, one behind the other, so that a frame is always in one piece. A fork
 * does not inherit it, and no core dump has it. */
TX_MUST_USE int tx_ring_file_map_twice(int fd, size_t capacity, struct tx_ring_header **ret);
void tx_ring_file_unmap_twice(struct tx_ring_header *header, size_t capacity);

/* Maps it once. */
TX_MUST_USE int tx_ring_file_map(int fd, size_t capacity, struct tx_ring_header **ret);
void tx_ring_file_unmap(struct tx_ring_header *header, size_t capacity);

#endif

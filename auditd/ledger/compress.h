/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_COMPRESS_H
#define TX_LEDGER_COMPRESS_H

/*
 * Compressing sealed segments with zstd, in a thread of its own, so that it delays no record. The
 * plain file is removed only when the compressed one is durable and was read back and compared;
 * while both exist, the plain one counts.
 */

#include <stdbool.h>

#include "libtx/base/error.h"

struct tx_compress;

/* Starts the thread; its descriptor of the log directory is borrowed. *ret is NULL when `enabled`
 * is 0. */
TX_MUST_USE int tx_compress_new(int dirfd, int enabled, struct tx_compress **ret);
/* Waits for the thread, which leaves what it has begun. NULL is fine. */
void tx_compress_free(struct tx_compress *compress);

/* The sealed segment that begins with this record. Both take NULL. */
void tx_compress_add(struct tx_compress *compress, uint64_t first);
/* The sealed segments that a stop or a crash left uncompressed; those of at least `size` are not
 * closed. */
TX_MUST_USE int tx_compress_add_sealed(struct tx_compress *compress, uint64_t size);
/* Whether a segment that begins before record `end` is still to be compressed. */
bool tx_compress_pending(struct tx_compress *compress, uint64_t end);
size_t tx_compress_backlog(struct tx_compress *compress);

#endif

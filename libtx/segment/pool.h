/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_POOL_H
#define TX_SEGMENT_POOL_H

/*
 * Verifies the segments of a log on several threads and gives out the results in order. At most a
 * few results wait at a time, so that memory does not grow with the log.
 */

#include "libtx/segment/directory.h"
#include "libtx/segment/verify.h"

struct tx_pool;

/* All borrowed until tx_pool_free. `options` holds for all segments but for name, first and stop.
 */
TX_MUST_USE int tx_pool_new(int dirfd, const struct tx_directory *directory,
                            const struct tx_verify_options *options, unsigned n_threads,
                            struct tx_pool **ret);
void tx_pool_free(struct tx_pool *pool);
TX_DEFINE_CLEANUP(struct tx_pool *, tx_pool_free);

/* The result of the next segment; the caller's to deinit. Once for each. */
TX_MUST_USE int tx_pool_next(struct tx_pool *pool, struct tx_segment_result *ret);

/* One segment on this thread; a file that cannot be opened is a finding. start may be NULL. */
TX_MUST_USE int tx_pool_verify_one(struct tx_hasher *hasher, int dirfd,
                                   const struct tx_directory *directory, size_t index,
                                   const struct tx_verify_options *options,
                                   const struct tx_log_state *start, struct tx_segment_result *ret);

/* The same for a descriptor (taken) of a file with any name. */
TX_MUST_USE int tx_pool_verify_file(struct tx_hasher *hasher, int fd, bool compressed,
                                    const struct tx_verify_options *options,
                                    struct tx_segment_result *ret);

#endif

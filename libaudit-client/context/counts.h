/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_CONTEXT_COUNTS_H
#define TX_CLIENT_CONTEXT_COUNTS_H

/* What went wrong with contexts, counted for tx_context_stats(). Any thread adds. */

#include <tracex/context.h>

extern struct tx_context_stats tx_context_counts;

static inline void tx_context_count(uint64_t *count, uint64_t n) {
    if (n > 0)
        __atomic_fetch_add(count, n, __ATOMIC_RELAXED);
}

#endif

/* SPDX-License-Identifier: MIT */
#include "libaudit-client/context/counts.h"

#include "libaudit-client/settings.h"

struct tx_context_stats tx_context_counts;

int tx_context_stats(struct tx_context_stats *ret_stats) {
    struct tx_context_stats stats = {
        .restarted = __atomic_load_n(&tx_context_counts.restarted, __ATOMIC_RELAXED),
        .tracestate_dropped =
            __atomic_load_n(&tx_context_counts.tracestate_dropped, __ATOMIC_RELAXED),
        .baggage_dropped = __atomic_load_n(&tx_context_counts.baggage_dropped, __ATOMIC_RELAXED),
        .misnested = __atomic_load_n(&tx_context_counts.misnested, __ATOMIC_RELAXED),
    };

    return ret_stats ? tx_sized_write(ret_stats, &stats, sizeof(stats)) : -EINVAL;
}

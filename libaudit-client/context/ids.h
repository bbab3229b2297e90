/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_IDS_H
#define TX_CLIENT_IDS_H

/*
 * Ids of traces and spans. A trace's comes from the kernel. A span's comes from a thread's own
 * counter with a random beginning and a random step, mixed: a few instructions, since one is made
 * for each function that is traced. A word that the kernel wipes in a child tells that the process
 * has forked, so that no two processes give out the same.
 */

#include <string.h>

#include "libtx/base/error.h"

/* A thread's; all zero before the first. */
struct tx_ids {
    uint64_t epoch; /* what the word was when it was seeded; 0: never */
    uint64_t counter;
    uint64_t step; /* odd */
};

/* Zero after a fork, and before anything. */
extern const uint64_t *tx_ids_epoch;

/* -EAGAIN before the system has random numbers; -ENOMEM, -EINVAL (Linux before 4.14). */
TX_MUST_USE int tx_ids_seed(struct tx_ids *ids);

/* Random bytes of the kernel's, not all zero; n <= 256. -EAGAIN. */
TX_MUST_USE int tx_ids_trace(uint8_t *ret, size_t n);

/* Whether that was this process's. */
static inline int tx_ids_is_epoch(uint64_t epoch) {
    return epoch != 0 && __atomic_load_n(tx_ids_epoch, __ATOMIC_RELAXED) == epoch;
}

static inline TX_MUST_USE int tx_ids_span(struct tx_ids *ids, uint8_t ret[8]) {
    uint64_t z = 0;

    if (!tx_ids_is_epoch(ids->epoch)) {
        int r = tx_ids_seed(ids);
        if (r < 0)
            return r;
    }
    while (z == 0) { /* an id is never zero */
        z = ids->counter += ids->step;
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
    }
    memcpy(ret, &z, sizeof(z));
    return 0;
}

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_PACE_H
#define TX_LEDGER_PACE_H

/*
 * How much may be on its way to the disk while somebody waits for his record to be there: so many
 * bytes as take no longer than the sync of a small batch does, a quarter to half a millisecond.
 * It is told what each sync took, and knows neither records nor who waits.
 */

#include <stddef.h>
#include <stdint.h>

struct tx_pace {
    int64_t small_ns; /* a sync of next to nothing; 0: not known yet */
    int64_t mib_ns;   /* what a MiB adds to it; 0: not known yet */
};

/* A batch of n bytes was written and synced. */
void tx_pace_synced(struct tx_pace *pace, size_t n, int64_t took_ns);

size_t tx_pace_window(const struct tx_pace *pace);
/* Within these it always is. */
#define TX_PACE_LEAST (16u * 1024u)
#define TX_PACE_MOST (1024u * 1024u)

#endif

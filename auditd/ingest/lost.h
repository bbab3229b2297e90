/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_LOST_H
#define TX_INGEST_LOST_H

/*
 * Numbers of clients that were dropped and are still to be declared in the log that they were meant
 * for: a bounded table of ranges. Beyond its bound, a client's last range is stretched over numbers
 * that may stand in a log, and says so; of a client that has none, they are only counted. It knows
 * no link and no clock.
 */

#include <stdbool.h>

#include "libtx/base/error.h"

#define TX_LOST_MAX 1024

struct tx_lost_range {
    uint8_t client[8];
    uint64_t first, last;
    bool is_stretched;
};

struct tx_lost {
    size_t n;
    size_t latest; /* that was added to */
    uint64_t n_untold;
    struct tx_lost_range ranges[TX_LOST_MAX];
};

/* Numbers first … last of this client. Returns how many are new. */
uint64_t tx_lost_add(struct tx_lost *lost, const uint8_t client[8], uint64_t first, uint64_t last);

/* Takes out a range of this client, without what comes before `from`; false when there is none that
 * has anything left. Oldest first. */
bool tx_lost_take(struct tx_lost *lost, const uint8_t client[8], uint64_t from,
                  struct tx_lost_range *ret);

#endif

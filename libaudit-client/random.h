/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_RANDOM_H
#define TX_CLIENT_RANDOM_H

/*
 * Random bytes for records' ids, fetched many at a time: one getrandom a record would cost a third
 * of the whole call. All zero is an empty one, so a fork that wipes it empties it, and no two
 * processes give out the same bytes.
 */

#include "libtx/base/error.h"

struct tx_random {
    size_t n_left;
    uint8_t bytes[2560];
};

/* n <= 256. -EAGAIN before the system has random numbers. */
TX_MUST_USE int tx_random_take(struct tx_random *random, uint8_t *ret, size_t n);

#endif

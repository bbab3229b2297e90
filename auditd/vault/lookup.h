/* SPDX-License-Identifier: MIT */
#ifndef TX_VAULT_LOOKUP_H
#define TX_VAULT_LOOKUP_H

/*
 * From 16 random bytes to the number of a slot: a hash table of 8 bytes an entry, at most half
 * full. It keeps four of the bytes, so what it finds is a candidate that the caller compares with
 * the slot itself. It knows no file.
 */

#include <stdbool.h>

#include "libtx/base/error.h"

#define TX_LOOKUP_ID_BYTES 16
#define TX_LOOKUP_SLOTS_MAX (UINT32_MAX / 2) /* numbers below it */

struct tx_lookup {
    struct tx_lookup_entry *entries; /* owned */
    size_t n_entries;                /* a power of two; 0: nothing was added yet */
    size_t n_used;
};

void tx_lookup_deinit(struct tx_lookup *lookup);

/* Room for so many more, so that adding them cannot fail. -ENOMEM leaves it as it was. */
TX_MUST_USE int tx_lookup_reserve(struct tx_lookup *lookup, size_t n_more);

/* Nothing is added twice. -ENOMEM. */
TX_MUST_USE int tx_lookup_add(struct tx_lookup *lookup, const uint8_t id[TX_LOOKUP_ID_BYTES],
                              uint32_t slot);
void tx_lookup_remove(struct tx_lookup *lookup, const uint8_t id[TX_LOOKUP_ID_BYTES],
                      uint32_t slot);

/* The candidates in turn: *at begins as 0. False: there are no more. */
bool tx_lookup_next(const struct tx_lookup *lookup, const uint8_t id[TX_LOOKUP_ID_BYTES],
                    size_t *at, uint32_t *ret_slot);

#endif

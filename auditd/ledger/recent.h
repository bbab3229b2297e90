/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_RECENT_H
#define TX_LEDGER_RECENT_H

/*
 * Where recent records stand, by client and number, so that the receipt of one that is sent again
 * costs no search in files. A table of fixed size: of what falls into one place the later stays.
 */

#include <stdbool.h>

#include "libtx/crypto/hash.h"

#define TX_RECENT_MAX 8192

struct tx_recent;

TX_MUST_USE int tx_recent_new(struct tx_recent **ret);
void tx_recent_free(struct tx_recent *recent);
TX_DEFINE_CLEANUP(struct tx_recent *, tx_recent_free);

void tx_recent_put(struct tx_recent *recent, const uint8_t client[8], uint64_t n, uint64_t seq,
                   const struct tx_digest *leaf);
bool tx_recent_get(const struct tx_recent *recent, const uint8_t client[8], uint64_t n,
                   uint64_t *ret_seq, struct tx_digest *ret_leaf);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_FOUND_H
#define TX_SEGMENT_FOUND_H

/*
 * Records that somebody asked for by their seq, as they stand in the log: what a receipt is held
 * against. Whether they are proven is said elsewhere. Data only.
 */

#include <stdbool.h>

#include "libtx/base/text.h"
#include "libtx/crypto/hash.h"

struct tx_found_leaf {
    uint64_t seq;
    struct tx_digest leaf;
    bool has_id; /* it stands where a record of a client has its id */
    uint8_t id[16];
};

struct tx_found {
    struct tx_found_leaf *items; /* owned */
    size_t n;
    size_t cap;
};

void tx_found_deinit(struct tx_found *found);

/* Whether `seq` is one of them; they rise. */
bool tx_found_is_wanted(const uint64_t *wanted, size_t n_wanted, uint64_t seq);

/* Takes the record's line down. -ENOMEM. */
TX_MUST_USE int tx_found_add(struct tx_found *found, struct tx_hasher *hasher, uint64_t seq,
                             struct tx_text line);
/* Moves all of `from` to the end of `to`. -ENOMEM. */
TX_MUST_USE int tx_found_move(struct tx_found *to, struct tx_found *from);

/* Takes out those from `seq` on. */
void tx_found_drop_from(struct tx_found *found, uint64_t seq);

/* By their seq, for tx_found_first. */
void tx_found_sort(struct tx_found *found);
/* The index of the first with that seq; n when there is none. Others of that seq follow it. */
size_t tx_found_first(const struct tx_found *found, uint64_t seq);

#endif

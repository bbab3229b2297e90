/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_GROUPS_H
#define TX_TRACEX_GROUPS_H

/*
 * What was read, by name: how often, how long, how often it failed. Made from a linked model.
 */

#include "tools/tracex/model.h"

struct tx_group {
    uint8_t kind; /* enum tx_item_kind */
    uint32_t name;
    uint64_t count;
    uint64_t failed;
    uint64_t total; /* ns, as of those below; sums stop at UINT64_MAX */
    uint64_t self;
    uint64_t p50;
    uint64_t p99;
    uint64_t max;
};

struct tx_groups {
    struct tx_group *items; /* owned; the longest `self` first, then the most */
    size_t n;
};

/* -ENOMEM. */
TX_MUST_USE int tx_groups_make(const struct tx_model *model, struct tx_groups *ret);
void tx_groups_deinit(struct tx_groups *groups);

#endif

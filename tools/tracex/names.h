/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_NAMES_H
#define TX_TRACEX_NAMES_H

/*
 * Texts that come again and again, each kept once, under a number: 0, 1, 2 … in the order in which
 * they came. A balanced tree, so that nobody who chooses the texts can make it slow.
 */

#include "libtx/base/error.h"
#include "libtx/base/text.h"

struct tx_names {
    void *tree;             /* of tsearch(3) */
    struct tx_name **items; /* owned, by number */
    uint32_t n;
    size_t cap;
};

#define TX_NAMES_INIT ((struct tx_names){.tree = NULL})

/* The number of the text, which is kept if it is new. -ENOMEM. */
TX_MUST_USE int tx_names_add(struct tx_names *names, struct tx_text text, uint32_t *ret);
/* Borrowed. */
struct tx_text tx_names_text(const struct tx_names *names, uint32_t number);
void tx_names_deinit(struct tx_names *names);

/* For an array that has one item for each name, with new ones all zero: makes room for that of
 * `number`, which is the number that was added last or an earlier one. -ENOMEM. */
TX_MUST_USE int tx_names_make_room(void *items, size_t *cap, size_t n_item, uint32_t number);

#endif

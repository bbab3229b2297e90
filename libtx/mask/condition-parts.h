/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_CONDITION_PARTS_H
#define TX_MASK_CONDITION_PARTS_H

/*
 * What conditions are made of: for conditions.c, which makes them, and conditions-match.c, which
 * asks them, and nobody else.
 */

#include "libtx/mask/conditions.h"
#include "libtx/mask/glob-index.h"

struct tx_named_pointer {
    struct tx_pointer *pointer;
    uint16_t condition;
};

struct tx_condition_parts {
    size_t n;
    uint16_t *index;
};

struct tx_condition {
    int64_t expires;
    struct tx_masking_list events, units, exes; /* owned copies */
    struct tx_masking_ids uids, gids;
    struct tx_condition_parts all, any, none;
};

#endif

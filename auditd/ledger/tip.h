/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_TIP_H
#define TX_LEDGER_TIP_H

/*
 * What a segment's header states, at any point of the log: the tree, the epoch, the count and
 * digest of checkpoints since it began, the last checkpoint's note. It grows by lines and does no
 * input or output.
 */

#include <stdbool.h>

#include "libtx/base/bytes.h"
#include "libtx/segment/control.h"

struct tx_tip {
    struct tx_range tree; /* [0, size) */
    uint64_t epoch;
    struct tx_vkey epoch_vkey;
    struct tx_vkey next_vkey; /* while epoch_open: of the tracex.epoch record before */
    bool epoch_open;          /* the last line is a tracex.epoch record without its checkpoint */
    uint64_t n_checkpoints;
    struct tx_digest digest;
    struct tx_bytes note;     /* of the last checkpoint; len 0: none yet */
    uint64_t checkpoint_size; /* that note's */
};

void tx_tip_deinit(struct tx_tip *tip);
TX_MUST_USE int tx_tip_copy(struct tx_tip *to, const struct tx_tip *from);

/* The empty log of an epoch 0 key. */
void tx_tip_begin(struct tx_tip *tip, const struct tx_vkey *epoch0);
TX_MUST_USE int tx_tip_from_header(struct tx_tip *tip, const struct tx_control_header *header);
void tx_tip_to_header(const struct tx_tip *tip, struct tx_text origin,
                      struct tx_control_header *ret);

/* A record's line; its leaf hash comes back. An epoch record of the ledger opens the next epoch.
 * -EBADMSG when it says so in another spelling. */
TX_MUST_USE int tx_tip_add_record(struct tx_tip *tip, struct tx_hasher *hasher, struct tx_text line,
                                  struct tx_digest *ret_leaf);
/* The note of a checkpoint or seal line. */
TX_MUST_USE int tx_tip_add_note(struct tx_tip *tip, struct tx_hasher *hasher, struct tx_text note);

#endif

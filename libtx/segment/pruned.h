/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_PRUNED_H
#define TX_SEGMENT_PRUNED_H

/*
 * The tracex.pruned record: the ledger's word that it removes the log's oldest segments, and what
 * they held. It is durable and under a checkpoint before the first of their files goes. One valid
 * spelling; nothing here looks at a file.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"
#include "libtx/crypto/hash.h"

struct tx_pruned {
    uint64_t seq;   /* of the record itself */
    uint64_t first; /* of the records that go */
    uint64_t end;   /* the first one that stays */
    uint64_t n_segments;
    uint64_t n_bytes;      /* on disk */
    struct tx_digest root; /* of the log's first `end` records */
    struct tx_text why;    /* "age", "size" or "space"; parsed: static */
};

/* By its first bytes: {"seq":<seq>,"by":"ledger", */
bool tx_line_is_own(struct tx_text line);

/* What stands within the braces of `data`. */
void tx_pruned_render(const struct tx_pruned *pruned, struct tx_buf *b);

/* TX_PRUNED_E_OTHER: it is another record. -EBADMSG: it says so and is no record of the ledger. */
enum { TX_PRUNED_E_OTHER = 1 };
TX_MUST_USE int tx_pruned_parse(struct tx_text line, struct tx_pruned *ret);

#endif

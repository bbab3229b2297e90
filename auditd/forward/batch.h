/* SPDX-License-Identifier: MIT */
#ifndef TX_FORWARD_BATCH_H
#define TX_FORWARD_BATCH_H

/*
 * What is on its way to the journal and not confirmed yet: some records and checkpoints in the
 * log's order, with their bytes, so that each can be sent again. Bounded in number and in memory.
 */

#include <stdbool.h>

#include "libtx/base/bytes.h"
#include "libtx/crypto/hash.h"
#include "libtx/record/record.h"
#include "libtx/segment/follow.h"

#define TX_BATCH_ITEMS 512
/* Filling ends when so much is there; the last line may go past it. */
#define TX_BATCH_BYTES (512u * 1024u)

struct tx_batch_item {
    enum tx_follow_kind kind;
    uint64_t number;         /* a record's seq; a checkpoint's size */
    struct tx_digest digest; /* the leaf hash; of a checkpoint the same function of its note */
    size_t offset;           /* of its line or note in `bytes` */
    size_t n;
    bool arrived; /* the journal holds it */
};

struct tx_batch {
    size_t n_items;
    size_t n_arrived;
    size_t hint; /* where the next look-up begins */
    struct tx_batch_item items[TX_BATCH_ITEMS];
    struct tx_bytes bytes;
    /* Where the log is when all of this is confirmed; what was filtered counts. */
    uint64_t next;
    uint64_t checkpoint;
};

void tx_batch_deinit(struct tx_batch *batch);

/* Empties the batch and fills it with what follows in the log and is at least as grave as
 * `min_severity`. TX_BATCH_E_NOTHING: the log has nothing new. An empty batch with 0: all of it was
 * filtered. -errno: reading failed; the batch holds what came before. */
enum { TX_BATCH_E_NOTHING = 1 };
TX_MUST_USE int tx_batch_fill(struct tx_batch *batch, struct tx_follow *follow,
                              struct tx_hasher *hasher, enum tx_record_severity min_severity);

struct tx_text tx_batch_text(const struct tx_batch *batch, const struct tx_batch_item *item);

/* Marks the item that has this digest (and this seq, if it is a record) as arrived; false when
 * there is none that has not arrived yet. */
bool tx_batch_mark(struct tx_batch *batch, enum tx_follow_kind kind, uint64_t seq,
                   const struct tx_digest *digest);

#endif

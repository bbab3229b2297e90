/* SPDX-License-Identifier: MIT */
#include "auditd/forward/batch.h"

#include <string.h>

#include "auditd/forward/journal-entry.h"

void tx_batch_deinit(struct tx_batch *batch) {
    tx_bytes_deinit(&batch->bytes);
}

static int add(struct tx_batch *batch, struct tx_hasher *hasher,
               const struct tx_follow_item *followed) {
    struct tx_text text = followed->kind == TX_FOLLOW_RECORD ? followed->line : followed->note;
    struct tx_batch_item *item = &batch->items[batch->n_items];

    *item = (struct tx_batch_item){.kind = followed->kind,
                                   .number = followed->number,
                                   .offset = batch->bytes.len,
                                   .n = text.n};
    int r = tx_bytes_append(&batch->bytes, text.p, text.n);
    if (r < 0)
        return r;
    tx_hash_leaf(hasher, text.p, text.n, &item->digest);
    batch->n_items++;
    return 0;
}

static bool wanted(const struct tx_follow_item *item, enum tx_record_severity min_severity) {
    return item->kind == TX_FOLLOW_CHECKPOINT || min_severity == TX_SEVERITY_DEBUG ||
           tx_journal_priority(item->line) <= (unsigned)min_severity;
}

int tx_batch_fill(struct tx_batch *batch, struct tx_follow *follow, struct tx_hasher *hasher,
                  enum tx_record_severity min_severity) {
    struct tx_follow_item item;
    size_t n_seen = 0;
    int r = 0;

    batch->n_items = batch->n_arrived = batch->hint = 0;
    batch->bytes.len = 0;
    while (batch->n_items < TX_BATCH_ITEMS && batch->bytes.len < TX_BATCH_BYTES &&
           (r = tx_follow_next(follow, &item)) == 0) {
        if (wanted(&item, min_severity))
            r = add(batch, hasher, &item);
        if (r < 0)
            return r;
        n_seen++;
        if (item.kind == TX_FOLLOW_RECORD)
            batch->next = item.number + 1;
        else
            batch->checkpoint = item.number;
        /* A long stretch of what is filtered moves the cursor too. */
        if (n_seen == 64 * TX_BATCH_ITEMS)
            break;
    }
    if (r < 0)
        return r;
    return n_seen == 0 ? TX_BATCH_E_NOTHING : 0;
}

struct tx_text tx_batch_text(const struct tx_batch *batch, const struct tx_batch_item *item) {
    return (struct tx_text){.p = (const char *)batch->bytes.data + item->offset, .n = item->n};
}

bool tx_batch_mark(struct tx_batch *batch, enum tx_follow_kind kind, uint64_t seq,
                   const struct tx_digest *digest) {
    for (size_t i = 0; i < batch->n_items; i++) {
        size_t at = (batch->hint + i) % batch->n_items;
        struct tx_batch_item *item = &batch->items[at];
        if (item->arrived || item->kind != kind ||
            (kind == TX_FOLLOW_RECORD && item->number != seq) ||
            memcmp(item->digest.bytes, digest->bytes, TX_HASH_BYTES) != 0)
            continue;
        item->arrived = true;
        batch->n_arrived++;
        batch->hint = at + 1;
        return true;
    }
    return false;
}

/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/rejections.h"

static struct tx_rejection *slot_of(struct tx_rejections *rejections, uint32_t uid, int64_t now) {
    struct tx_rejection *slots = rejections->slots;
    struct tx_rejection *unused = NULL;

    for (size_t i = 0; i < TX_REJECTIONS_UIDS; i++) {
        if (slots[i].in_use && slots[i].uid == uid)
            return &slots[i];
        bool idle = !slots[i].in_use || (slots[i].count == 0 && slots[i].due <= now);
        if (!unused && idle)
            unused = &slots[i];
    }
    if (unused) {
        *unused = (struct tx_rejection){.in_use = true, .uid = uid};
        return unused;
    }
    slots[TX_REJECTIONS_UIDS].in_use = true;
    slots[TX_REJECTIONS_UIDS].several = true;
    return &slots[TX_REJECTIONS_UIDS];
}

void tx_rejections_count(struct tx_rejections *rejections, uint32_t uid, const char *reason,
                         int64_t now) {
    struct tx_rejection *slot = slot_of(rejections, uid, now);
    slot->count++;
    slot->reason = reason;
}

struct tx_rejection *tx_rejections_due(struct tx_rejections *rejections, int64_t now, bool all) {
    for (size_t i = 0; i <= TX_REJECTIONS_UIDS; i++) {
        struct tx_rejection *slot = &rejections->slots[i];
        if (slot->count > 0 && (all || slot->due <= now))
            return slot;
    }
    return NULL;
}

void tx_rejections_said(struct tx_rejection *rejection, int64_t now) {
    rejection->count = 0;
    rejection->due = now + TX_REJECTIONS_INTERVAL_NS;
}

int64_t tx_rejections_next(const struct tx_rejections *rejections) {
    int64_t next = 0;

    for (size_t i = 0; i <= TX_REJECTIONS_UIDS; i++) {
        const struct tx_rejection *slot = &rejections->slots[i];
        if (slot->count > 0 && (next == 0 || slot->due < next))
            next = slot->due ? slot->due : 1;
    }
    return next;
}

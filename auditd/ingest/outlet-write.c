/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/outlet-write.h"

#include <string.h>

#include "auditd/ingest/own-records.h"
#include "libtx/record/line.h"

int tx_outlet_write_record(struct tx_outlet *outlet, const struct tx_record *record,
                           struct tx_text host, uint64_t *ret_ticket) {
    struct tx_bodies_frame frame = {
        .flags = TX_BODIES_FLAG_CLIENT, .first = record->n, .last = record->n};
    struct tx_buf body;

    memcpy(frame.client, record->source.client, sizeof(frame.client));
    if (record->wants_receipt)
        frame.flags |= TX_BODIES_FLAG_RECEIPT;
    int r = tx_link_body_begin(&outlet->link, &body);
    if (r == 0)
        r = tx_line_write_body(record, host, &body);
    if (r < 0)
        return r;
    /* The ledger ends the stream for a body that is none: a mistake of ours must not reach it. */
    if (!tx_bodies_body_valid((struct tx_text){.p = (char *)body.data, .n = body.len}))
        return -ENOSPC;
    *ret_ticket = tx_link_body_end(&outlet->link, &frame, &body);
    return 0;
}

int tx_outlet_write_lost(struct tx_outlet *outlet, const uint8_t client[8], uint64_t first,
                         uint64_t last, const char *why) {
    struct tx_bodies_frame frame = {.flags = TX_BODIES_FLAG_CLIENT, .first = first, .last = last};
    struct tx_buf body;

    int r = tx_link_body_begin(&outlet->link, &body);
    if (r < 0)
        return r;
    tx_own_render_lost(&body, client, first, last, why);
    memcpy(frame.client, client, sizeof(frame.client));
    tx_link_body_end(&outlet->link, &frame, &body);
    return 0;
}

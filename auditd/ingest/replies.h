/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_REPLIES_H
#define TX_INGEST_REPLIES_H

/*
 * What one client is told: receipts and rejections in order, and the latest acknowledgement after
 * them. Nothing here waits for a client: what its socket does not take is kept, up to a limit, and
 * sent when it reads. Past the limit receipts and rejections are dropped and counted; an
 * acknowledgement is never lost, since the next one says the same.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/wire/wire.h"

/* For one client. Each belongs to a caller that waits, or to a mistake. */
#define TX_REPLIES_MAX 256

/* RECEIPT or REJECT; `reason` is a constant. */
struct tx_replies {
    struct tx_wire_reply *queue; /* owned, a ring of TX_REPLIES_MAX; made when first needed */
    size_t first;
    size_t n;
    bool has_ack; /* `ack` is to be sent */
    uint64_t ack;
    uint8_t ack_client[8]; /* whose numbers `ack` counts */
    bool is_gone;          /* the other side does not read any more */
};

void tx_replies_deinit(struct tx_replies *replies);

/* Sends it now, or keeps it. TX_REPLIES_E_DROPPED when neither is possible. */
enum { TX_REPLIES_E_DROPPED = 1 };
TX_MUST_USE int tx_replies_add(struct tx_replies *replies, int fd,
                               const struct tx_wire_reply *reply);

/* Everything of this client below `next` is durable. A smaller number than before says nothing. */
void tx_replies_ack(struct tx_replies *replies, const uint8_t client[8], uint64_t next);

/* Sends what there is. False when something is left: wait until the socket takes more. */
bool tx_replies_flush(struct tx_replies *replies, int fd);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_IPC_BODIES_H
#define TX_IPC_BODIES_H

/*
 * Ingest ↔ ledger: frames on a STREAM socket, non-blocking on both sides. Header of 32 bytes,
 * little-endian: u32 payload length, u8 type, u8 flags, u16 zero, client[8], u64 first, u64 last.
 *
 * Every BODY gets a ticket: 0 for the first on this stream, then 1, 2 … A body with a client covers
 * that client's numbers first … last (for a tracex.lost body those that were lost). The ledger
 * keeps the last number of each client; a body whose `last` it already has is not stored again, but
 * its ticket becomes durable like any other (and its receipt is that of the line that stands). A
 * new stream begins with ticket 0; ingest sends again what was not durable.
 */

#include <stdbool.h>

#include "libtx/base/buf.h"
#include "libtx/base/cursor.h"
#include "libtx/base/limits.h"
#include "libtx/base/text.h"

enum tx_bodies_type {
    /* ingest → ledger */
    TX_BODIES_BODY = 1, /* payload = the body as libtx/record/line.h writes it */
    TX_BODIES_QUERY,    /* client; answered by LAST, in order with bodies */
    TX_BODIES_POLICY,   /* payload = a policy's text, for policies/<sha256>.yaml; comes before the
                           first body   that names it */

    /* ledger → ingest; no payload but where said */
    TX_BODIES_DURABLE = 65, /* first = number of tickets that are durable and in the tree, last =
                               bytes of their payloads */
    TX_BODIES_RECEIPT, /* first = ticket, last = seq, payload = leaf hash, 32 bytes. Comes before
                          the DURABLE that covers the ticket */
    TX_BODIES_LAST,    /* client; flag KNOWN: last = its last number; flag FORGOTTEN: not known, but
                          the ledger has forgotten clients, and it may be one of them */
    TX_BODIES_PACE,    /* first = payload bytes that may be sent and not be durable; 0: any */
};

enum {
    TX_BODIES_FLAG_RECEIPT = 1,   /* BODY: a receipt is wanted */
    TX_BODIES_FLAG_CLIENT = 2,    /* BODY: client, first and last are set */
    TX_BODIES_FLAG_KNOWN = 4,     /* LAST */
    TX_BODIES_FLAG_FORGOTTEN = 8, /* LAST */
};

#define TX_BODIES_HEADER_BYTES 32
#define TX_BODIES_PAYLOAD_BYTES                                                                    \
    (1024u * 1024u) /* a policy; a body has at most TX_LIMIT_BODY_BYTES */

struct tx_bodies_frame {
    enum tx_bodies_type type;
    uint8_t flags;
    uint8_t client[8];
    uint64_t first;
    uint64_t last;
    struct tx_text payload; /* borrowed */
};

void tx_bodies_render_header(const struct tx_bodies_frame *frame, struct tx_buf *b);

/* Takes one whole frame from the cursor. TX_BODIES_E_MORE when it is not whole yet (*ret_need:
 * bytes of the whole frame, or the header's while that is not whole); -EBADMSG when it can never be
 * valid. */
enum { TX_BODIES_E_MORE = 1 };
TX_MUST_USE int tx_bodies_parse(struct tx_cursor *c, struct tx_bodies_frame *ret, size_t *ret_need);

/* What the ledger takes: begins `"id":"` or `"by":"ingest",`, ends `}`, no byte below 0x20, 1 to
 * TX_LIMIT_BODY_BYTES bytes. */
bool tx_bodies_body_valid(struct tx_text body);

#endif

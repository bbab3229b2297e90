/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_LINKS_H
#define TX_SUPERVISOR_LINKS_H

/*
 * The two links of a stream's children: ingest ↔ ledger (STREAM) and ledger ↔ signer (SEQPACKET).
 * Both ends of a link are made at once; an end waits here until the child that it is for takes it,
 * and the other side learns of a death by the end of its own. We keep no end that a child has.
 */

#include "libtx/base/error.h"

/* Of the ledger's and the signer's messages, which hold a compact range and a note. */
#define TX_LINKS_NOTARY_BUFFER (256 * 1024)
/* Of the stream of bodies: some thousand records on the way. */
#define TX_LINKS_BODIES_BUFFER (1024 * 1024)

struct tx_link {
    int ends[2]; /* -1: taken, or not made */
};

struct tx_links {
    struct tx_link bodies; /* TX_LINK_INGEST, TX_LINK_LEDGER */
    struct tx_link notary; /* TX_LINK_SIGNER, TX_LINK_LEDGER */
};

enum { TX_LINK_INGEST = 0, TX_LINK_SIGNER = 0, TX_LINK_LEDGER = 1 };

#define TX_LINKS_INIT ((struct tx_links){.bodies = {{-1, -1}}, .notary = {{-1, -1}}})

/* Makes both ends unless this side's already waits. */
TX_MUST_USE int tx_links_need_bodies(struct tx_links *links, int side);
TX_MUST_USE int tx_links_need_notary(struct tx_links *links, int side);

/* Closes the ends that wait: their other side is gone. */
void tx_link_drop(struct tx_link *link);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_INBOX_PARTS_H
#define TX_INGEST_INBOX_PARTS_H

/*
 * What inbox.c and inbox-landing.c share, and nobody else includes. Invariant: an entry's state is
 * set when all that it stands for is in its place.
 */

#include "auditd/ingest/inbox.h"

enum tx_inbox_state {
    TX_INBOX_EMPTY = 0, /* nothing follows */
    TX_INBOX_RECEIVING,
    TX_INBOX_RECEIVED,
    TX_INBOX_FREED, /* wiped; its room comes back when those before it are freed */
    TX_INBOX_WRAP,  /* the next entry is at the ring's beginning */
};

size_t tx_inbox_entry_size(size_t n_identity, size_t n_datagram);
void tx_inbox_set_state(struct tx_inbox_entry *entry, enum tx_inbox_state state);
/* Makes it one that is RECEIVING. */
void tx_inbox_set_up(struct tx_inbox_entry *entry, uint64_t connection, struct tx_text identity);

/* Whether n bytes are free at the tail, in one piece. */
bool tx_inbox_make_room(struct tx_inbox *inbox, size_t n);

/* Makes a RECEIVING entry RECEIVED, when its datagram has come and is within `room`. */
bool tx_inbox_complete(struct tx_inbox_entry *entry, size_t room);

/* --- inbox-landing.c --- */

/* Which part of n bytes from the ring on is the ring. */
void tx_inbox_divide(struct tx_inbox *inbox, size_t n);
/* Into the ring with what had been received when the process before died; the rest is wiped. False:
 * there was no room for some. */
bool tx_inbox_land_rest(struct tx_inbox *inbox);

#endif

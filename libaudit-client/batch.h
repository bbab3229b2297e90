/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_BATCH_H
#define TX_CLIENT_BATCH_H

/*
 * A datagram of several records while it is written, at its place in the ring. It is sent at once,
 * for threads that call at the same moment, and then its numbers are taken back when it cannot be;
 * or it stays open from call to call (buffer.h), and is kept until it can be. Invariant: its
 * numbers follow each other, so it is closed before any other is given. With the lock held.
 */

#include "libtx/base/buf.h"
#include "libtx/record/record.h"

/* A datagram is sent when it has so many records or bytes: more saves nothing. */
#define TX_BATCH_RECORDS 32
#define TX_BATCH_BYTES (64u * 1024u)

struct tx_client;

struct tx_batch {
    struct tx_buf b; /* data == NULL: none is open */
    uint32_t count;
    uint64_t first;
    int64_t since; /* wall clock, ns */
};

/* Opens one if none is. TX_BATCH_E_FULL: the record does not fit beside the others, which are to be
 * sent first. TX_BATCH_E_ALONE: it is too large to share a datagram, or the ring is full. */
enum { TX_BATCH_E_FULL = 1, TX_BATCH_E_ALONE };
TX_MUST_USE int tx_batch_add(struct tx_client *client, const struct tx_record *record);

/* Sends it; there is none any more. When it fails (tx_connection_send has the errors), its records
 * are gone, and have no number. */
TX_MUST_USE int tx_batch_send(struct tx_client *client);

/* Closes it, if one is open: it stands in the ring and is to be sent (tx_connection_resend). */
void tx_batch_close(struct tx_client *client);

#endif

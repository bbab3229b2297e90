/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_DRAIN_H
#define TX_INGEST_DRAIN_H

/*
 * One turn of a socket: its datagrams into the inbox, several in one call where they come together,
 * and what is of the trace lane to the rings. Which socket's turn it is it does not know.
 */

#include "auditd/ingest/ingest.h"

enum tx_drained {
    TX_DRAINED_SOME,    /* there may be more */
    TX_DRAINED_ALL,     /* the socket is empty */
    TX_DRAINED_ENDED,   /* nothing more comes */
    TX_DRAINED_FULL,    /* no room in the inbox; ingest->waits_for_room is set */
    TX_DRAINED_RUBBISH, /* what came is no datagram of ours */
};

/* At most so many bytes of the inbox; the last datagram may go beyond. */
TX_MUST_USE enum tx_drained tx_drain(struct tx_ingest *ingest, struct tx_connection *connection,
                                     size_t most);

#endif

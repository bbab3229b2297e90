/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_SETTLE_H
#define TX_INGEST_SETTLE_H

/*
 * The way back: what the ledger answers, and what clients are told of it. A receipt comes before
 * the acknowledgement that covers it; nobody is acknowledged anything that is not durable.
 */

#include "auditd/ingest/ingest.h"

/* Takes the descriptor of a new stream to the ledger of that log and begins anew with the oldest
 * entry of the inbox. < 0: nothing can go on. */
TX_MUST_USE int tx_settle_connect(struct tx_outlet *outlet, int fd);

/* The inbox is gone through anew, from its oldest entry on: what a ledger has already, it takes for
 * that. Processing is to be run after it. */
void tx_settle_forget(struct tx_ingest *ingest);

/* Writes what waits in the links. TX_LINK_E_FULL: the audit log's ledger does not take it all now;
 * also 0 when its link turned out to be down. */
TX_MUST_USE int tx_settle_flush(struct tx_ingest *ingest);

/* The handler of a timer that runs while there is no stream: a ledger that ended only the stream
 * brings none, so after a while a new start has to. */
int tx_settle_on_no_ledger(void *data, uint32_t events);

/* Frees what is durable, and tells its clients. */
TX_MUST_USE int tx_settle_entries(struct tx_ingest *ingest);

/* Tells a client, now or when it reads. */
TX_MUST_USE int tx_settle_reply(struct tx_ingest *ingest, struct tx_connection *connection,
                                const struct tx_wire_reply *reply);

/* While stopping: answers STOPPED and ends the loop when everything is durable. */
TX_MUST_USE int tx_settle_check_stopped(struct tx_ingest *ingest);

#endif

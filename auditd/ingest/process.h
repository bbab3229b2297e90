/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_PROCESS_H
#define TX_INGEST_PROCESS_H

/*
 * From the inbox to the link: decode → check → mask → encode → frame, a record at a time, as long
 * as there is something in the inbox and room in the link. Users take turns (work.h); records of
 * one client keep their order. While somebody waits for the disk, no more is handed on than may be
 * on its way there (the ledger says how much), but for users of whom next to nothing is. What
 * cannot be a record is answered by REJECT, counted, and leaves a tracex.lost; a malformed datagram
 * ends its connection.
 */

#include "auditd/ingest/ingest.h"

/* Processes what it can and hands it to the ledger. < 0: nothing can go on (no memory). */
TX_MUST_USE int tx_process_run(struct tx_ingest *ingest);

/* The handler of the timer that goes on where a run ended. */
int tx_process_on_timer(void *data, uint32_t events);

/* Forgets the datagrams in work; they stay in the inbox. */
void tx_process_abort(struct tx_ingest *ingest);

/* Whether the connection by which a client spoke last is there and speaks for it still (clients.h).
 */
bool tx_process_is_open(void *ingest, const struct tx_client *client);

/* Who somebody is who knows the secret (docs/wire.md). */
void tx_process_hash_client(struct tx_ingest *ingest, const uint8_t *secret, uint32_t uid,
                            uint8_t ret[8]);

/* Counts a rejection and says so in the log when it is due. */
TX_MUST_USE int tx_process_reject(struct tx_ingest *ingest, uint32_t uid, const char *reason);

/* Says what was counted; `all`: also what is not due yet. */
TX_MUST_USE int tx_process_say_rejections(struct tx_ingest *ingest, bool all);

#endif

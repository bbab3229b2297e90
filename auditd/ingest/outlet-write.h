/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_OUTLET_WRITE_H
#define TX_INGEST_OUTLET_WRITE_H

/*
 * Bodies for the ledger of one log: a client's record, and numbers of his that will not come. It
 * knows nothing of how a record came here.
 */

#include "auditd/ingest/outlet.h"
#include "libtx/record/record.h"

/* -ENOSPC: it cannot be written. */
TX_MUST_USE int tx_outlet_write_record(struct tx_outlet *outlet, const struct tx_record *record,
                                       struct tx_text host, uint64_t *ret_ticket);

/* As tracex.lost: `why` is one of docs/format.md section 4. */
TX_MUST_USE int tx_outlet_write_lost(struct tx_outlet *outlet, const uint8_t client[8],
                                     uint64_t first, uint64_t last, const char *why);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_TAKE_RECORD_H
#define TX_INGEST_TAKE_RECORD_H

/*
 * One record of the datagram in work: which log it goes to, whether that takes it now, what is
 * missing before it; then mask → encode → link, or a rejection, or it is dropped. It knows nothing
 * of datagrams.
 */

#include "auditd/ingest/check-record.h"
#include "auditd/ingest/ingest.h"

/* `fault` NULL: it can be a record. TX_TAKE_E_WAITS: its client waits, with the datagram, which is
 * to be forgotten here; it comes again from its beginning, and what went out of it already is taken
 * for what it is. */
enum { TX_TAKE_E_WAITS = 1 };
TX_MUST_USE int tx_take_record(struct tx_ingest *ingest, struct tx_record *record,
                               const struct tx_record_fault *fault);

#endif

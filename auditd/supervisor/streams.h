/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_STREAMS_H
#define TX_SUPERVISOR_STREAMS_H

/*
 * The processes of each log: a ledger and a signer, which start and end as a pair, and a forward
 * where its records are copied. Those of the audit log run always. Those of another are started
 * when its log is there at the start (it has to be kept in order), or when ingest has records for
 * it; and whatever becomes of them, the audit log goes on.
 */

#include "auditd/supervisor/children.h"

struct tx_supervisor;

/* Whether the daemon can do without this child. */
static inline bool tx_streams_is_other(const struct tx_child *child) {
    return child->stream != TX_STREAM_AUDIT;
}

/* Whether it runs from the start on. */
bool tx_streams_wants(const struct tx_supervisor *supervisor, const struct tx_child *child);

/* Ingest has records for this log: its processes are started, or, when they run, a new stream is
 * made between its ledger and ingest. */
TX_MUST_USE int tx_streams_want(struct tx_supervisor *supervisor, uint64_t stream);

/* Ingest was started: it gets a stream to each ledger that runs, but the audit log's, which it has.
 */
TX_MUST_USE int tx_streams_offer(struct tx_supervisor *supervisor);

/* The child said that it cannot go on: it and its partner are not started again. */
void tx_streams_fail(struct tx_supervisor *supervisor, struct tx_child *child);

#endif

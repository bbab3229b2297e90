/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_STOP_H
#define TX_SUPERVISOR_STOP_H

/*
 * The end, in order: no new clients → ingest drains what is there and waits until it is durable →
 * the ledger writes its last checkpoint → forward makes a last pass, the signer ends with the
 * ledger, and the vault ends. A child that crashes on the way is started again and stopped again.
 * All of it is bounded.
 */

#include <stdbool.h>

#include "auditd/ipc/loop.h"
#include "libtx/base/error.h"

struct tx_supervisor;

enum tx_stop_phase {
    TX_STOP_NONE,
    TX_STOP_INGEST,
    TX_STOP_LEDGER,
    TX_STOP_REST,
    TX_STOP_DONE,
};

struct tx_stop {
    enum tx_stop_phase phase;
    struct tx_source_handle *timer; /* of everything */
    struct tx_source_handle *rest_timer;
};

#define TX_STOP_SECONDS 10
/* For forward's last pass, which no record depends on. */
#define TX_STOP_REST_SECONDS 3

TX_MUST_USE int tx_stop_init(struct tx_supervisor *supervisor);
TX_MUST_USE int tx_stop_begin(struct tx_supervisor *supervisor);
/* At once: nothing can be drained, or the operator asks a second time. */
TX_MUST_USE int tx_stop_now(struct tx_supervisor *supervisor);
/* After each thing that happened to a child. */
TX_MUST_USE int tx_stop_advance(struct tx_supervisor *supervisor);

static inline bool tx_stop_is_under_way(const struct tx_stop *stop) {
    return stop->phase != TX_STOP_NONE;
}

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_STATUS_H
#define TX_LEDGER_STATUS_H

/*
 * What `tracexctl status` shows of the ledger, as one JSON object: docs/operations.md.
 */

#include "auditd/ledger/ledger.h"

void tx_ledger_status_render(struct tx_ledger *ledger, struct tx_buf *b);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_ENDS_H
#define TX_SUPERVISOR_ENDS_H

/*
 * What a child's end means for the others: whether it was wanted, who ends with it, and when it
 * starts again. Ledger and signer are a pair: when one ends, so does the other, and both start
 * anew.
 */

#include "auditd/supervisor/children.h"

struct tx_supervisor;

TX_MUST_USE int tx_ends_init(struct tx_supervisor *supervisor);

/* `ended` of struct tx_children_events; data is the supervisor. */
TX_MUST_USE int tx_ends_of_child(void *data, struct tx_child *child, int wait_status);

#endif

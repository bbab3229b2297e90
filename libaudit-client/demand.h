/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_DEMAND_H
#define TX_CLIENT_DEMAND_H

/*
 * What the daemon's configuration demands of classes of events (libtx/wire/policy.h), as this
 * process learned it last. It outlives the connection, tx_close and a fork: while there is no
 * daemon, what it said last holds. With the lock held.
 */

#include "libtx/wire/policy.h"

/* Where to read a new one into; then tx_demand_learn, or nothing changes. */
struct tx_wire_policy *tx_demand_prepare(void);
void tx_demand_learn(void);

/* Grows with each one that was learned. */
uint32_t tx_demand_generation(void);

/* False when nothing was said of such events. */
bool tx_demand_find(struct tx_text event, struct tx_wire_demand *ret);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACE_LANE_CONNECTION_H
#define TX_TRACE_LANE_CONNECTION_H

/*
 * The trace lane's connection: rings go over it, and word that there is something in them. All with
 * the lane's lock held. Nothing is received there.
 */

#include "libaudit-client/trace/lane.h"

/* There is one, or there is one now; else none before lane->due. -ENOTCONN. */
TX_MUST_USE int tx_lane_connection_ensure(struct tx_lane *lane, int64_t now);
/* Hands over a ring. -EPIPE: the connection is gone, and so is its generation. */
TX_MUST_USE int tx_lane_connection_hand(struct tx_lane *lane, const uint8_t *secret, int fd);
/* Tells the daemon to look. */
void tx_lane_connection_ring(struct tx_lane *lane);
/* Closes it: what is not drained has to be handed over again. */
void tx_lane_connection_drop(struct tx_lane *lane);
/* In a child: closes what its parent had. */
void tx_lane_connection_forget(void);

#endif

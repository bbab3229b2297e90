/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_SUPERVISOR_LINK_H
#define TX_INGEST_SUPERVISOR_LINK_H

/*
 * What the supervisor tells ingest and hears from it (auditd/ipc/control.h). A lost supervisor ends
 * the process at once; clients and inbox can do without.
 */

#include "auditd/ingest/ingest.h"

/* The control socket's handler. */
int tx_supervisor_on_control(void *data, uint32_t events);

TX_MUST_USE int tx_supervisor_say_closed(struct tx_ingest *ingest, uint64_t connection);
/* It keeps the ring from now on, and gives it back. -EAGAIN: it cannot be told now. */
TX_MUST_USE int tx_supervisor_say_ring_found(struct tx_ingest *ingest, uint64_t connection,
                                             const uint8_t client[8], int fd);
TX_MUST_USE int tx_supervisor_say_ring_ended(struct tx_ingest *ingest, uint64_t ring);
/* Of records that it awaits and that are durable now. */
TX_MUST_USE int tx_supervisor_say_recorded(struct tx_ingest *ingest);
/* There are records for the log of that stream, and no link. */
TX_MUST_USE int tx_supervisor_say_wanted(struct tx_ingest *ingest, enum tx_stream_id stream);
/* And ends the loop. */
TX_MUST_USE int tx_supervisor_say_stopped(struct tx_ingest *ingest);

/* Puts a policy in force: the log learns of it before the first record that it masked. Taken. The
 * supervisor awaits its record by `number`; 0: it does not. */
TX_MUST_USE int tx_supervisor_set_policy(struct tx_ingest *ingest, struct tx_policy *policy,
                                         const struct tx_ipc_policy_change *change,
                                         uint64_t number);

#endif

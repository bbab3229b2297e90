/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_HEALTH_H
#define TX_SUPERVISOR_HEALTH_H

/*
 * Whether the children do their work: each is asked once a second, and answers from its main loop
 * with what it has done and whether it has work that it could do. One that does not answer, or that
 * has work and does nothing, for TX_HEALTH_SECONDS is replaced; but not while it waits for a disk,
 * or for another that does not answer. The service manager's watchdog is fed only while all that a
 * record needs are well. Every end of a child becomes a record, told to the ledger here.
 */

#include <stdbool.h>

#include "auditd/ipc/loop.h"
#include "libtx/base/error.h"
#include "libtx/base/text.h"

struct tx_supervisor;
struct tx_child;

/* So long without an answer or progress is too long. */
#define TX_HEALTH_SECONDS 10
/* The same for a start, which may have to read much. */
#define TX_HEALTH_START_SECONDS 300

struct tx_health {
    struct tx_source_handle *timer;
    int64_t round_ns; /* when the last round was */
};

/* Starts the rounds. */
TX_MUST_USE int tx_health_init(struct tx_supervisor *supervisor);

/* Whether the child has answered, and moved on, within the time. */
bool tx_health_is_well(const struct tx_supervisor *supervisor, int id, int64_t now_ns);

/* Its process has ended, unasked: `how`, as text for people, is for the log. */
void tx_health_note_end(struct tx_child *child, const char *how);
/* Tells the ledger of all ends that it has not been told of; each round does, and whoever sends it
 * STOP has to before that. */
TX_MUST_USE int tx_health_tell_ledger(struct tx_supervisor *supervisor);
/* However it ended: what it was told, and has not confirmed, is told to the next one. */
void tx_health_ledger_ended(struct tx_supervisor *supervisor);
/* The ledger says that the log has what it was told of this process. */
void tx_health_end_recorded(struct tx_supervisor *supervisor, struct tx_text process);

#endif

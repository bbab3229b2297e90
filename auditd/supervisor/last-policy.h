/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_LAST_POLICY_H
#define TX_SUPERVISOR_LAST_POLICY_H

/*
 * What was masked by until the daemon ended: a copy of the rules in <state_dir>/policy.yaml, so
 * that a start can tell, like a reload, that it masks less. A start goes on all the same, since a
 * log with a hole is worse; it tells, and the log has a record of it. Invariant: the copy is
 * replaced only when all that its rules loosened is durable in the log, so that nothing is
 * forgotten whatever ends in between.
 */

#include "auditd/ipc/policy.h"
#include "auditd/supervisor/setup.h"
#include "libtx/base/bytes.h"

struct tx_supervisor;

#define TX_LAST_POLICY_FILE "policy.yaml"

struct tx_last_policy {
    struct tx_conf *before; /* owned: what the copy says; NULL: there is none that can be read */
    bool is_lost;           /* there was a log, and there is none */
    bool is_kept;           /* what is in force is what the copy says */
    uint64_t n_given;       /* the last number that was given out */
    uint64_t number;        /* of the record that all is recorded with; 0: nothing ever changed */
    struct tx_bytes change; /* of the last one, rendered, until it is durable; empty: nothing is
                               to be recorded */
};

/* -ENOMEM. */
TX_MUST_USE int tx_last_policy_load(const struct tx_conf *conf, const struct tx_setup *setup,
                                    struct tx_last_policy *ret);
void tx_last_policy_deinit(struct tx_last_policy *last);

/* A number that ingest is to say when the record of a change is durable. */
uint64_t tx_last_policy_next(struct tx_last_policy *last);

/* The start's rules are in force, or would be if ingest ran; once. A lockdown that nobody wrote
 * into the file is nothing that later rules are held against. */
TX_MUST_USE int tx_last_policy_started(struct tx_supervisor *supervisor);

/* Rules are in force that loosened something; or that did not, and are kept at once: n == 0. The
 * number is that of their record. */
TX_MUST_USE int tx_last_policy_changed(struct tx_supervisor *supervisor, uint64_t number,
                                       struct tx_text change);

/* Ingest was started: it records what the one before may not have. */
TX_MUST_USE int tx_last_policy_tell_ingest(struct tx_supervisor *supervisor);

/* A record with that number is durable. */
void tx_last_policy_recorded(struct tx_supervisor *supervisor, uint64_t number);

#endif

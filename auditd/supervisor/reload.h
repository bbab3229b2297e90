/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_RELOAD_H
#define TX_SUPERVISOR_RELOAD_H

/*
 * SIGHUP and the control socket's `reload`:
 *
 *   file → read here → keys opened → tried, and compared with what is in force (trial.h) → ingest,
 *   which switches between two records
 *
 * Whatever fails on the way changes nothing, is told, and is recorded. What masks less than before
 * is refused, unless the caller allows it; a signal never does. Only masking is reloaded; what else
 * has changed in the file is named, since it needs a restart.
 */

#include "auditd/ipc/loop.h"
#include "auditd/supervisor/policy-keys.h"
#include "auditd/supervisor/trial.h"
#include "libtx/base/buf.h"
#include "libtx/conf/conf.h"

struct tx_supervisor;

enum tx_reload_state {
    TX_RELOAD_IDLE,
    TX_RELOAD_TRYING,
    TX_RELOAD_TAKING, /* ingest was asked to take it */
};

struct tx_reload {
    enum tx_reload_state state;
    bool again;          /* a signal came meanwhile */
    bool allow_weaker;   /* of the one that is under way */
    struct tx_conf *new; /* owned: that one's */
    struct tx_policy_keys keys;
    struct tx_trial trial;
    struct tx_source_handle *source, *timer;
    int policy_fd;            /* what ingest is asked to take, */
    uint64_t number;          /* and says when its record is durable */
    char needs_restart[4096]; /* JSON: ["log.dir",…] */

    struct tx_conf *in_force; /* owned: of the last one that was taken; NULL: the start's */
};

#define TX_RELOAD_INIT ((struct tx_reload){.policy_fd = -1, .trial = {.fd = -1}})
void tx_reload_deinit(struct tx_supervisor *supervisor);

/* What the control server is told of the end. All borrowed. */
struct tx_reload_outcome {
    const char *error; /* NULL: the new rules are in force; else why not */
    const char *needs_restart;
    size_t n_weakened; /* what was loosened, and was allowed */
    const struct tx_text *weakened;
};

/* Begins. What becomes of it is told to the operator and to the control server, perhaps before this
 * returns. -EBUSY: one is under way. */
TX_MUST_USE int tx_reload_begin(struct tx_supervisor *supervisor, bool allow_weaker);

/* SIGHUP: begins, or does it again after the one that is under way. */
TX_MUST_USE int tx_reload_by_signal(struct tx_supervisor *supervisor);

/* Ingest's answer: an empty text is consent. */
TX_MUST_USE int tx_reload_answered(struct tx_supervisor *supervisor, struct tx_text why_not);

/* Ingest ended, perhaps because of the new rules: the next one starts with those before. */
TX_MUST_USE int tx_reload_ingest_ended(struct tx_supervisor *supervisor);

/* Appends a JSON list of the keys other than masking in which the two differ. */
void tx_reload_compare(const struct tx_conf *a, const struct tx_conf *b, struct tx_buf *names);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_START_POLICY_H
#define TX_SUPERVISOR_START_POLICY_H

/*
 * What is masked by at the start. A section `masking:` that is wrong, does not do what its own
 * tests say, or names a key that is not there is not used: every string is masked then (lockdown),
 * so that auditing goes on and nothing leaks; or, when the file wants that (`on_bad_config:
 * refuse`) or it is only checked, the program ends.
 */

#include "auditd/supervisor/last-policy.h"
#include "auditd/supervisor/policy-keys.h"
#include "auditd/supervisor/setup.h"
#include "auditd/supervisor/trial.h"

struct tx_start_policy {
    bool may_lock_down; /* it is a start, not a check */
    char *lockdown_why; /* owned: the first error; NULL: the file's own rules are in force */
    bool has_sha256;    /* of what was tried */
    uint8_t sha256[32];
    struct tx_policy_keys keys; /* owned, until they are handed on */
    struct tx_trial trial;      /* what it found: what is loosened, until a reload */
};

#define TX_START_POLICY_INIT ((struct tx_start_policy){.trial = {.fd = -1}})

/* Of a file whose `masking:` is wrong: `conf` has a policy of lockdown already. -EINVAL: it is to
 * end. Errors have been told. */
TX_MUST_USE int tx_start_policy_wrong(struct tx_start_policy *start, const struct tx_conf *conf,
                                      const struct tx_bytes *errors);

/* Opens the keys and tries the policy of a file without errors; tells what is wrong, and locks
 * *conf down; tells what masks less than `last`. -EINVAL: it is to end. */
TX_MUST_USE int tx_start_policy_try(struct tx_start_policy *start, struct tx_conf *conf,
                                    const char *name, const struct tx_setup *setup,
                                    const struct tx_last_policy *last);

/* Of a start that loosened something, for the log; nothing otherwise. */
void tx_start_policy_render_change(const struct tx_start_policy *start, struct tx_buf *b);
void tx_start_policy_deinit(struct tx_start_policy *start);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_POLICY_H
#define TX_INGEST_POLICY_H

/*
 * The masking policy in force: read from a configuration's bytes, compiled, with its effective text
 * and name. It does not know how the log learns of it.
 */

#include "libtx/base/bytes.h"
#include "libtx/conf/conf.h"
#include "libtx/mask/mask.h"

struct tx_policy {
    struct tx_conf *conf;               /* owned; the mask borrows from it */
    struct tx_mask *mask;               /* owned */
    struct tx_bytes text;               /* owned: of policies/<sha256>.yaml */
    char sha256[2 * TX_HASH_BYTES + 1]; /* lower-case hex */
};

/* Reads what auditd/ipc/policy.h describes, which somebody has tried, and compiles it. `name` is
 * the configuration file's path; `subjects` is borrowed as long as the policy is. *errors gets text
 * for people. -EINVAL when the configuration is bad, or the policy not the one that was tried. */
TX_MUST_USE int tx_policy_load(int fd, const char *name, const struct tx_subject_keys *subjects,
                               struct tx_bytes *errors, struct tx_policy **ret);
void tx_policy_free(struct tx_policy *policy);
TX_DEFINE_CLEANUP(struct tx_policy *, tx_policy_free);

#endif

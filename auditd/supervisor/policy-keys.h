/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_POLICY_KEYS_H
#define TX_SUPERVISOR_POLICY_KEYS_H

/*
 * The keys that `masking.keys` names, read from files and credentials of the service manager. Their
 * bytes lie in secret memory here, and go to ingest alone. No message has any of them.
 */

#include "auditd/supervisor/setup.h"
#include "libtx/base/bytes.h"

struct tx_policy_keys {
    size_t n;                             /* as many as the policy names, in its order */
    uint8_t *bytes;                       /* owned, secret; NULL: n == 0 */
    uint8_t n_bytes[TX_MASKING_KEYS_MAX]; /* of each; 0: the installation's, which setup has */
};

/* Each bad key is told in *errors, with its place in the file `name`: TX_POLICY_KEYS_E_UNUSABLE
 * when there was one. A credential is passed by with a warning when the service manager gave none
 * and `may_lack_credentials` (a check by hand). */
enum { TX_POLICY_KEYS_E_UNUSABLE = 1 };
TX_MUST_USE int tx_policy_keys_open(const struct tx_masking *masking, const struct tx_setup *setup,
                                    const char *name, bool may_lack_credentials,
                                    struct tx_bytes *errors, struct tx_policy_keys *ret);
void tx_policy_keys_deinit(struct tx_policy_keys *keys);

/* What ingest is given: the configuration's text with these keys and the installation's, sealed.
 * `sha256` is of the policy that was tried, or NULL. *ret_fd is owned by the caller. */
TX_MUST_USE int tx_policy_keys_seal(const struct tx_conf *conf, const struct tx_policy_keys *keys,
                                    const struct tx_setup *setup, const uint8_t *sha256,
                                    int *ret_fd);

#endif

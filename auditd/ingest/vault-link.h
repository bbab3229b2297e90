/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_VAULT_LINK_H
#define TX_INGEST_VAULT_LINK_H

/*
 * Our end of the pipe to the vault (auditd/ipc/vault.h), as what libtx/mask asks for a person's
 * key. A question waits for its answer, for a bounded time: whoever asked redacts when there is
 * none. After a failure nothing is asked for a while, so that a vault that is gone does not hold
 * up the log.
 */

#include "auditd/ingest/key-cache.h"
#include "libtx/crypto/aead.h"

#define TX_VAULT_LINK_WAIT_MS 250
/* The first answer of a vault, which reads its table and may make its first key. */
#define TX_VAULT_LINK_FIRST_WAIT_MS 5000
#define TX_VAULT_LINK_PAUSE_NS (INT64_C(1) * 1000000000)

struct tx_vault_link {
    int fd; /* owned; -1: down */
    bool has_answered;
    uint32_t number; /* of the last question */
    int64_t pause_until_ns;
    struct tx_key_cache *cache; /* owned */
    struct tx_aead
        *aead; /* owned; only so that it is looked up before the sandbox: later that would
                  read files, and a reload may bring the first rule that encrypts */
    struct tx_subject_keys keys;
    uint64_t n_asked, n_failed;
};

TX_MUST_USE int tx_vault_link_init(struct tx_vault_link *link);
void tx_vault_link_deinit(struct tx_vault_link *link);

/* A new vault; `fd` is taken. Keys in the cache stay good. */
void tx_vault_link_connect(struct tx_vault_link *link, int fd);

#endif

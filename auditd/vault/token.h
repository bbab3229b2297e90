/* SPDX-License-Identifier: MIT */
#ifndef TX_VAULT_TOKEN_H
#define TX_VAULT_TOKEN_H

/*
 * What stands in the log in place of an encrypted value (docs/format.md section 4):
 * txe1:<ref>:<nonce>:<ciphertext ‖ tag>, each in base64url without padding. It holds no key.
 */

#include "auditd/ipc/vault.h"
#include "libtx/crypto/aead.h"

struct tx_token {
    uint8_t ref[TX_VAULT_REF_BYTES];
    uint8_t nonce[TX_AEAD_NONCE_BYTES];
    size_t n_sealed;
    uint8_t *sealed; /* in the caller's memory */
};

/* -EBADMSG. `memory` has room for text.n bytes. */
TX_MUST_USE int tx_token_parse(struct tx_text text, uint8_t *memory, struct tx_token *ret);

/* What the value is bound to: the record, the field, the policy, and which of the field's tokens it
 * is, from 1. */
#define TX_TOKEN_BOUND_BYTES (13 + TX_VAULT_ID_BYTES + 2 + TX_LIMIT_NAME_BYTES + 8 + 2)
void tx_token_render_bound(const struct tx_vault_reveal *reveal, uint16_t ordinal,
                           struct tx_buf *b);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_VAULT_SLOT_H
#define TX_VAULT_SLOT_H

/*
 * The bytes of the vault's table, which have fixed places:
 *
 *   0      header: magic, 16 bytes that belong to the key-encryption key, checksum
 *   4096   64 intents of 256 bytes: erasures that have begun and are not in the log yet
 *   20480  slots of 128 bytes, one for each key of a person that there ever was
 *
 * A checksum is the first 16 bytes of SHA-256 over the place's number and the bytes before it, so
 * that one that was torn or moved is known. Bytes of zero are a free place. It knows no file.
 */

#include <stdbool.h>

#include "auditd/ipc/vault.h"
#include "libtx/crypto/aead.h"
#include "libtx/crypto/hash.h"

#define TX_SLOT_HEADER_BYTES 4096u
#define TX_SLOT_N_INTENTS 64u
#define TX_SLOT_INTENT_BYTES 256u
#define TX_SLOT_INTENTS_AT TX_SLOT_HEADER_BYTES
#define TX_SLOT_BYTES 128u
#define TX_SLOTS_AT (TX_SLOT_INTENTS_AT + TX_SLOT_N_INTENTS * TX_SLOT_INTENT_BYTES)

#define TX_SLOT_INDEX_BYTES 16
#define TX_SLOT_SEALED_BYTES (TX_AEAD_NONCE_BYTES + TX_VAULT_KEY_BYTES + TX_AEAD_TAG_BYTES)
/* What an erasure overwrites: who it was, and the key. */
#define TX_SLOT_SECRET_BYTES (TX_SLOT_INDEX_BYTES + TX_SLOT_SEALED_BYTES)

enum tx_slot_state { TX_SLOT_FREE, TX_SLOT_LIVE, TX_SLOT_ERASED };

struct tx_slot {
    enum tx_slot_state state;
    int64_t time; /* made, or erased; ns since 1970 */
    uint8_t ref[TX_VAULT_REF_BYTES];
    union {
        struct { /* LIVE */
            uint8_t index[TX_SLOT_INDEX_BYTES];
            uint8_t sealed[TX_SLOT_SEALED_BYTES]; /* nonce ‖ the wrapped key ‖ tag */
        };
        uint8_t secret[TX_SLOT_SECRET_BYTES]; /* ERASED: random bytes */
    };
};

struct tx_intent {
    bool used;
    uint32_t slot;
    struct tx_vault_erasure erasure; /* its text lies in the memory below */
    char reference[TX_VAULT_REFERENCE_BYTES];
};

/* -EBADMSG: torn, damaged, or of another place. `place` is the number of the slot or intent. */
void tx_slot_render(struct tx_hasher *hasher, uint64_t place, const struct tx_slot *slot,
                    uint8_t ret[TX_SLOT_BYTES]);
TX_MUST_USE int tx_slot_parse(struct tx_hasher *hasher, uint64_t place,
                              const uint8_t bytes[TX_SLOT_BYTES], struct tx_slot *ret);
void tx_intent_render(struct tx_hasher *hasher, uint64_t place, const struct tx_intent *intent,
                      uint8_t ret[TX_SLOT_INTENT_BYTES]);
TX_MUST_USE int tx_intent_parse(struct tx_hasher *hasher, uint64_t place,
                                const uint8_t bytes[TX_SLOT_INTENT_BYTES], struct tx_intent *ret);

/* *ret is not to be copied as it is: the erasure's text borrows from it. */
void tx_intent_set(struct tx_intent *ret, uint32_t slot, const struct tx_vault_erasure *erasure);

/* `mark` are the 16 bytes of the key-encryption key's. */
void tx_slot_header_render(struct tx_hasher *hasher, const uint8_t mark[16],
                           uint8_t ret[TX_SLOT_HEADER_BYTES]);
TX_MUST_USE int tx_slot_header_parse(struct tx_hasher *hasher,
                                     const uint8_t bytes[TX_SLOT_HEADER_BYTES],
                                     uint8_t ret_mark[16]);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_CRYPTO_AEAD_H
#define TX_CRYPTO_AEAD_H

/*
 * AES-256-GCM (NIST SP 800-38D) by OpenSSL: encrypts a text and binds further data to it, so that
 * neither can be changed or moved elsewhere. It chooses no nonce and knows no format. The algorithm
 * is fetched once and a key's context is reused; both belong to one thread.
 *
 * The caller never seals twice with the same key and nonce. Random nonces allow 2^32 texts under
 * one key (section 8.3 there).
 *
 * As in hash.h, OpenSSL fails only when something is made; afterwards a failure is a broken machine
 * (assert).
 */

#include "libtx/base/error.h"

#define TX_AEAD_KEY_BYTES 32
#define TX_AEAD_NONCE_BYTES 12
#define TX_AEAD_TAG_BYTES 16
#define TX_AEAD_PART_BYTES (1u << 30) /* a text or its further data at most, as asserted */

struct tx_aead; /* the algorithm */

/* -ENOTSUP when OpenSSL has no AES-256-GCM, -ENOMEM. */
TX_MUST_USE int tx_aead_new(struct tx_aead **ret);
void tx_aead_free(struct tx_aead *aead);
TX_DEFINE_CLEANUP(struct tx_aead *, tx_aead_free);

/* A key, set up; wiped when freed. It may outlive the algorithm. */
struct tx_aead_key;

TX_MUST_USE int tx_aead_key_new(const struct tx_aead *aead, const uint8_t key[TX_AEAD_KEY_BYTES],
                                struct tx_aead_key **ret);
void tx_aead_key_free(struct tx_aead_key *key);
TX_DEFINE_CLEANUP(struct tx_aead_key *, tx_aead_key_free);

/* Another key in place of this one: dearer than sealing, cheaper than a new object. */
void tx_aead_key_set(struct tx_aead_key *key, const uint8_t bytes[TX_AEAD_KEY_BYTES]);

/* Writes n_text + TX_AEAD_TAG_BYTES bytes: ciphertext ‖ tag. ret may be text. */
void tx_aead_seal(struct tx_aead_key *key, const uint8_t nonce[TX_AEAD_NONCE_BYTES],
                  const void *aad, size_t n_aad, const void *text, size_t n_text, void *ret);

/* The inverse: writes n_sealed - TX_AEAD_TAG_BYTES bytes. ret may be sealed. TX_AEAD_E_FORGED: key,
 * nonce, further data or a byte is another, or it is too short; nothing of ret means anything then,
 * and it is wiped. */
enum { TX_AEAD_E_FORGED = 1 };
TX_MUST_USE int tx_aead_open(struct tx_aead_key *key, const uint8_t nonce[TX_AEAD_NONCE_BYTES],
                             const void *aad, size_t n_aad, const void *sealed, size_t n_sealed,
                             void *ret);

#endif

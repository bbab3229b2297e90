/* SPDX-License-Identifier: MIT */
#ifndef TX_CRYPTO_HASH_H
#define TX_CRYPTO_HASH_H

/*
 * SHA-256 by OpenSSL, and a MAC on the heap (mac.h has it by value). Memory is wanted only when a
 * hasher is made; a hash cannot fail. A hasher belongs to one thread. It knows nothing of keys that
 * sign: see libtx/crypto/signing.h.
 */

#include "libtx/base/error.h"

#define TX_HASH_BYTES 32

struct tx_digest {
    uint8_t bytes[TX_HASH_BYTES];
};

struct tx_hasher; /* one thread's context */

/* -ENOMEM. */
TX_MUST_USE int tx_hasher_new(struct tx_hasher **ret);
void tx_hasher_free(struct tx_hasher *hasher);
TX_DEFINE_CLEANUP(struct tx_hasher *, tx_hasher_free);

/* H(a ‖ b ‖ c); each part may be empty. */
void tx_hash(struct tx_hasher *hasher, const void *a, size_t n_a, const void *b, size_t n_b,
             const void *c, size_t n_c, struct tx_digest *ret);

/* RFC 6962 section 2.1: H(0x00 ‖ leaf). */
void tx_hash_leaf(struct tx_hasher *hasher, const void *leaf, size_t n_leaf, struct tx_digest *ret);

/* RFC 6962 section 2.1: H(0x01 ‖ left ‖ right). ret may be left or right. */
void tx_hash_node(struct tx_hasher *hasher, const struct tx_digest *left,
                  const struct tx_digest *right, struct tx_digest *ret);

/* RFC 2104. A key that is set up once; wiped when freed. */
struct tx_hmac;
TX_MUST_USE int tx_hmac_new(const void *key, size_t n_key, struct tx_hmac **ret);
void tx_hmac_free(struct tx_hmac *hmac);
TX_DEFINE_CLEANUP(struct tx_hmac *, tx_hmac_free);
void tx_hmac(struct tx_hmac *hmac, const void *p, size_t n, struct tx_digest *ret);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_CRYPTO_MAC_H
#define TX_CRYPTO_MAC_H

/*
 * HMAC-SHA-256 (RFC 2104) with a key that is set up once, and keys that are derived from others
 * (HKDF, RFC 5869). A key is plain data of a fixed size, so that its owner decides in which memory
 * it lies (secret.h) and how many there are; a MAC allocates nothing. The owner wipes it.
 *
 * It uses SHA-256's own functions of OpenSSL, not EVP: a context of EVP is on the heap, where it
 * cannot be locked, and copying the two that a MAC needs takes longer than the MAC (50 bytes: 242
 * ns against 110).
 */

#include "libtx/base/error.h"
#include "libtx/base/text.h"
#include "libtx/crypto/hash.h"

/* SHA-256's state after the padded key, for both passes. */
struct tx_mac {
    uint64_t inner[14], outer[14];
};

void tx_mac_init(struct tx_mac *mac, const void *key, size_t n_key);

/* Over the parts one behind the other; each may be empty. */
void tx_mac(const struct tx_mac *mac, const struct tx_text *parts, size_t n_parts,
            struct tx_digest *ret);

/* SHA-256 of the parts, without a hasher. */
void tx_mac_hash(const struct tx_text *parts, size_t n_parts, struct tx_digest *ret);

/* HKDF-SHA-256. The first step makes the pseudorandom key, set up; an empty salt is zeros. The
 * second gives n bytes for an info, 255 * 32 at most. */
void tx_hkdf_extract(struct tx_text salt, struct tx_text key, struct tx_mac *ret);
void tx_hkdf_expand(const struct tx_mac *pseudorandom, const struct tx_text *info, size_t n_info,
                    void *ret, size_t n);

#endif

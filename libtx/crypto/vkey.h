/* SPDX-License-Identifier: MIT */
#ifndef TX_CRYPTO_VKEY_H
#define TX_CRYPTO_VKEY_H

/*
 * A verifier key of C2SP signed-note: "<name>+<key id, 8 hex>+<base64(type ‖ public key)>". Only
 * Ed25519 (type 0x01) and Ed25519 cosignature/v1 (type 0x04) are known; others are -ENOTSUP.
 * Key id = SHA-256(name ‖ 0x0A ‖ type ‖ public key), first four bytes.
 */

#include <stdbool.h>

#include "libtx/base/buf.h"
#include "libtx/base/limits.h"
#include "libtx/base/text.h"
#include "libtx/crypto/hash.h"

enum tx_key_type {
    TX_KEY_ED25519 = 0x01,
    TX_KEY_COSIGNATURE = 0x04,
};

#define TX_PUBLIC_KEY_BYTES 32
#define TX_SIGNATURE_BYTES 64
#define TX_KEY_NAME_BYTES (TX_LIMIT_ORIGIN_BYTES + 32) /* <origin>/epoch/<E> */
#define TX_VKEY_TEXT_BYTES (TX_KEY_NAME_BYTES + 64)

struct tx_vkey {
    char name[TX_KEY_NAME_BYTES + 1]; /* NUL-terminated */
    size_t n_name;
    uint8_t type;
    uint8_t id[4];
    uint8_t public_key[TX_PUBLIC_KEY_BYTES];
};

/* -EINVAL when name or type cannot be a key's. */
TX_MUST_USE int tx_vkey_make(struct tx_hasher *hasher, struct tx_text name, uint8_t type,
                             const uint8_t public_key[TX_PUBLIC_KEY_BYTES], struct tx_vkey *ret);

/* -EBADMSG when malformed or when the id is not that of name and key, -ENOTSUP for another type. */
TX_MUST_USE int tx_vkey_parse(struct tx_hasher *hasher, struct tx_text text, struct tx_vkey *ret);
void tx_vkey_render(const struct tx_vkey *vkey, struct tx_buf *b);
bool tx_vkey_equal(const struct tx_vkey *a, const struct tx_vkey *b);

/* A name: non-empty UTF-8, no white space (Unicode's), no '+'. */
bool tx_key_name_valid(struct tx_text name);

/* Verifies one Ed25519 signature (RFC 8032). 0 verified, TX_VKEY_E_BAD otherwise, < 0 on no memory.
 */
enum { TX_VKEY_E_BAD = 1 };
TX_MUST_USE int tx_vkey_verify(const struct tx_vkey *vkey, const void *message, size_t n_message,
                               const uint8_t signature[TX_SIGNATURE_BYTES]);

#endif

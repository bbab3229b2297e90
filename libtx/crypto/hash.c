/* SPDX-License-Identifier: MIT */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "libtx/crypto/hash.h"

#include <assert.h>
#include <openssl/sha.h>
#include <string.h>

#include "libtx/crypto/mac.h"
#include "libtx/crypto/secret.h"

/*
 * A context of EVP is given back and allocated anew for each hash (OpenSSL 3.0.19, also by
 * EVP_DigestInit_ex2 without a digest): where memory is short, a leaf could not be hashed.
 */
struct tx_hasher {
    SHA256_CTX ctx;
};

/* OpenSSL 3 has these return 1 always. */
static void begin(struct tx_hasher *hasher) {
    int ok = SHA256_Init(&hasher->ctx);
    assert(ok == 1);
}

static void update(struct tx_hasher *hasher, const void *p, size_t n) {
    int ok = n == 0 || SHA256_Update(&hasher->ctx, p, n) == 1;
    assert(ok);
}

static void finish(struct tx_hasher *hasher, struct tx_digest *ret) {
    int ok = SHA256_Final(ret->bytes, &hasher->ctx);
    assert(ok == 1);
}

int tx_hasher_new(struct tx_hasher **ret) {
    struct tx_hasher *hasher = calloc(1, sizeof(*hasher));
    if (!hasher)
        return -ENOMEM;
    begin(hasher);
    *ret = hasher;
    return 0;
}

void tx_hasher_free(struct tx_hasher *hasher) {
    if (!hasher)
        return;
    tx_wipe(hasher, sizeof(*hasher));
    free(hasher);
}

void tx_hash(struct tx_hasher *hasher, const void *a, size_t n_a, const void *b, size_t n_b,
             const void *c, size_t n_c, struct tx_digest *ret) {
    begin(hasher);
    update(hasher, a, n_a);
    update(hasher, b, n_b);
    update(hasher, c, n_c);
    finish(hasher, ret);
}

void tx_hash_leaf(struct tx_hasher *hasher, const void *leaf, size_t n_leaf,
                  struct tx_digest *ret) {
    static const uint8_t prefix = 0x00;
    tx_hash(hasher, &prefix, 1, leaf, n_leaf, NULL, 0, ret);
}

void tx_hash_node(struct tx_hasher *hasher, const struct tx_digest *left,
                  const struct tx_digest *right, struct tx_digest *ret) {
    uint8_t node[1 + 2 * TX_HASH_BYTES];
    node[0] = 0x01;
    memcpy(node + 1, left->bytes, TX_HASH_BYTES);
    memcpy(node + 1 + TX_HASH_BYTES, right->bytes, TX_HASH_BYTES);
    tx_hash(hasher, node, sizeof(node), NULL, 0, NULL, 0, ret);
}

/* Its memory is locked and left out of core dumps. */
struct tx_hmac {
    struct tx_mac mac;
};

int tx_hmac_new(const void *key, size_t n_key, struct tx_hmac **ret) {
    struct tx_hmac *hmac = tx_secret_alloc(sizeof(*hmac));
    if (!hmac)
        return -ENOMEM;
    tx_mac_init(&hmac->mac, key, n_key);
    *ret = hmac;
    return 0;
}

void tx_hmac_free(struct tx_hmac *hmac) {
    tx_secret_free(hmac, sizeof(*hmac));
}

void tx_hmac(struct tx_hmac *hmac, const void *p, size_t n, struct tx_digest *ret) {
    tx_mac(&hmac->mac, &(struct tx_text){.p = p, .n = n}, 1, ret);
}

/* SPDX-License-Identifier: MIT */
#include "libtx/crypto/aead.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

#include "libtx/crypto/secret.h"

struct tx_aead {
    EVP_CIPHER *cipher;
};

/* GCM runs the block cipher in one direction only, so one context seals and opens. OpenSSL wipes it
 * when it frees it. */
struct tx_aead_key {
    EVP_CIPHER_CTX *ctx;
};

int tx_aead_new(struct tx_aead **ret) {
    _cleanup_(tx_aead_freep) struct tx_aead *aead = calloc(1, sizeof(*aead));
    if (!aead)
        return -ENOMEM;
    aead->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (!aead->cipher)
        return -ENOTSUP;
    *ret = TX_STEAL(aead);
    return 0;
}

void tx_aead_free(struct tx_aead *aead) {
    if (!aead)
        return;
    EVP_CIPHER_free(aead->cipher);
    free(aead);
}

int tx_aead_key_new(const struct tx_aead *aead, const uint8_t bytes[TX_AEAD_KEY_BYTES],
                    struct tx_aead_key **ret) {
    _cleanup_(tx_aead_key_freep) struct tx_aead_key *key = calloc(1, sizeof(*key));
    if (!key)
        return -ENOMEM;
    key->ctx = EVP_CIPHER_CTX_new();
    if (!key->ctx || EVP_EncryptInit_ex2(key->ctx, aead->cipher, bytes, NULL, NULL) != 1)
        return -ENOMEM;
    *ret = TX_STEAL(key);
    return 0;
}

void tx_aead_key_free(struct tx_aead_key *key) {
    if (!key)
        return;
    EVP_CIPHER_CTX_free(key->ctx);
    free(key);
}

void tx_aead_key_set(struct tx_aead_key *key, const uint8_t bytes[TX_AEAD_KEY_BYTES]) {
    int ok = EVP_EncryptInit_ex2(key->ctx, NULL, bytes, NULL, NULL);
    assert(ok == 1);
}

/* GCM takes and gives any number of bytes at once; `to` NULL: further data. */
static void pass(EVP_CIPHER_CTX *ctx, const void *from, size_t n, uint8_t *to) {
    int written = 0;
    assert(n <= TX_AEAD_PART_BYTES);
    if (n == 0)
        return;
    int ok = EVP_CipherUpdate(ctx, to, &written, from, (int)n);
    assert(ok == 1 && (size_t)written == n);
}

void tx_aead_seal(struct tx_aead_key *key, const uint8_t nonce[TX_AEAD_NONCE_BYTES],
                  const void *aad, size_t n_aad, const void *text, size_t n_text, void *ret) {
    uint8_t *out = ret;
    int none = 0;

    int ok = EVP_EncryptInit_ex2(key->ctx, NULL, NULL, nonce, NULL);
    assert(ok == 1);
    pass(key->ctx, aad, n_aad, NULL);
    pass(key->ctx, text, n_text, out);
    ok = EVP_EncryptFinal_ex(key->ctx, out + n_text, &none);
    assert(ok == 1 && none == 0);
    ok = EVP_CIPHER_CTX_ctrl(key->ctx, EVP_CTRL_AEAD_GET_TAG, TX_AEAD_TAG_BYTES, out + n_text);
    assert(ok == 1);
}

int tx_aead_open(struct tx_aead_key *key, const uint8_t nonce[TX_AEAD_NONCE_BYTES], const void *aad,
                 size_t n_aad, const void *sealed, size_t n_sealed, void *ret) {
    uint8_t tag[TX_AEAD_TAG_BYTES];
    int none = 0;

    if (n_sealed < sizeof(tag))
        return TX_AEAD_E_FORGED;
    size_t n = n_sealed - sizeof(tag);
    memcpy(tag, (const uint8_t *)sealed + n, sizeof(tag));
    int ok = EVP_DecryptInit_ex2(key->ctx, NULL, NULL, nonce, NULL);
    assert(ok == 1);
    pass(key->ctx, aad, n_aad, NULL);
    pass(key->ctx, sealed, n, ret);
    ok = EVP_CIPHER_CTX_ctrl(key->ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag);
    assert(ok == 1);
    if (EVP_DecryptFinal_ex(key->ctx, tag, &none) == 1)
        return 0;
    tx_wipe(ret, n);
    return TX_AEAD_E_FORGED;
}

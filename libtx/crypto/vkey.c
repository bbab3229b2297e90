/* SPDX-License-Identifier: MIT */
#include "libtx/crypto/vkey.h"

#include <openssl/evp.h>
#include <string.h>

#define TYPE_AND_KEY_BYTES (1 + TX_PUBLIC_KEY_BYTES)

static uint32_t code_point(const char *p, size_t n) {
    static const uint8_t first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t v = (uint8_t)p[0] & first_mask[n];
    for (size_t i = 1; i < n; i++)
        v = v << 6 | ((uint8_t)p[i] & 0x3f);
    return v;
}

/* Unicode's White_Space property. */
static bool is_white_space(uint32_t c) {
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

bool tx_key_name_valid(struct tx_text name) {
    if (name.n == 0 || name.n > TX_KEY_NAME_BYTES)
        return false;
    for (size_t i = 0; i < name.n;) {
        size_t length = tx_utf8_char(name.p + i, name.n - i);
        if (length == 0)
            return false;
        uint32_t c = code_point(name.p + i, length);
        /* Control characters cannot stand in a note. */
        if (is_white_space(c) || c == '+' || c < 0x20)
            return false;
        i += length;
    }
    return true;
}

static bool is_known(uint8_t type) {
    return type == TX_KEY_ED25519 || type == TX_KEY_COSIGNATURE;
}

int tx_vkey_make(struct tx_hasher *hasher, struct tx_text name, uint8_t type,
                 const uint8_t public_key[TX_PUBLIC_KEY_BYTES], struct tx_vkey *ret) {
    uint8_t tail[1 + TYPE_AND_KEY_BYTES];
    struct tx_digest digest;

    if (!tx_key_name_valid(name) || !is_known(type))
        return -EINVAL;
    tail[0] = '\n';
    tail[1] = type;
    memcpy(tail + 2, public_key, TX_PUBLIC_KEY_BYTES);
    tx_hash(hasher, name.p, name.n, tail, sizeof(tail), NULL, 0, &digest);

    memset(ret, 0, sizeof(*ret));
    memcpy(ret->name, name.p, name.n);
    ret->n_name = name.n;
    ret->type = type;
    memcpy(ret->id, digest.bytes, sizeof(ret->id));
    memcpy(ret->public_key, public_key, TX_PUBLIC_KEY_BYTES);
    return 0;
}

/* Splits at the first '+'; false when there is none. */
static bool cut(struct tx_text *text, struct tx_text *ret_before) {
    const char *plus = text->n ? memchr(text->p, '+', text->n) : NULL;
    if (!plus)
        return false;
    ret_before->p = text->p;
    ret_before->n = (size_t)(plus - text->p);
    text->p += ret_before->n + 1;
    text->n -= ret_before->n + 1;
    return true;
}

int tx_vkey_parse(struct tx_hasher *hasher, struct tx_text text, struct tx_vkey *ret) {
    struct tx_text name, id_hex;
    uint8_t id[4], type, key[TYPE_AND_KEY_BYTES];
    struct tx_vkey vkey;
    size_t n;

    if (!cut(&text, &name) || !cut(&text, &id_hex) || !tx_key_name_valid(name) ||
        tx_hex_decode(id_hex, id, sizeof(id)) < 0)
        return -EBADMSG;
    /* Keys of other types have other sizes. */
    uint8_t start[3];
    if (text.n < 4 || tx_base64_decode((struct tx_text){text.p, 4}, start, 3, &n) < 0 || n == 0)
        return -EBADMSG;
    type = start[0];
    if (!is_known(type))
        return -ENOTSUP;
    if (tx_base64_decode(text, key, sizeof(key), &n) < 0 || n != sizeof(key))
        return -EBADMSG;
    int r = tx_vkey_make(hasher, name, type, key + 1, &vkey);
    if (r < 0)
        return r;
    if (memcmp(vkey.id, id, sizeof(id)) != 0)
        return -EBADMSG;
    *ret = vkey;
    return 0;
}

void tx_vkey_render(const struct tx_vkey *vkey, struct tx_buf *b) {
    uint8_t key[TYPE_AND_KEY_BYTES];
    key[0] = vkey->type;
    memcpy(key + 1, vkey->public_key, TX_PUBLIC_KEY_BYTES);
    tx_buf_put(b, vkey->name, vkey->n_name);
    tx_buf_char(b, '+');
    tx_buf_hex(b, vkey->id, sizeof(vkey->id));
    tx_buf_char(b, '+');
    tx_buf_base64(b, key, sizeof(key));
}

bool tx_vkey_equal(const struct tx_vkey *a, const struct tx_vkey *b) {
    return a->n_name == b->n_name && memcmp(a->name, b->name, a->n_name) == 0 &&
           a->type == b->type && memcmp(a->id, b->id, sizeof(a->id)) == 0 &&
           memcmp(a->public_key, b->public_key, sizeof(a->public_key)) == 0;
}

static void pkey_freep(EVP_PKEY **p) {
    EVP_PKEY_free(*p);
}

static void md_ctx_freep(EVP_MD_CTX **p) {
    EVP_MD_CTX_free(*p);
}

int tx_vkey_verify(const struct tx_vkey *vkey, const void *message, size_t n_message,
                   const uint8_t signature[TX_SIGNATURE_BYTES]) {
    /* Making these anew costs 2 of 120 µs, and so threads share nothing. */
    _cleanup_(pkey_freep) EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, vkey->public_key, TX_PUBLIC_KEY_BYTES);
    _cleanup_(md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!key || !ctx || EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) != 1)
        return -ENOMEM;
    int ok = EVP_DigestVerify(ctx, signature, TX_SIGNATURE_BYTES, message, n_message);
    return ok == 1 ? 0 : TX_VKEY_E_BAD;
}

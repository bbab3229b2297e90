/* SPDX-License-Identifier: MIT */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "libtx/crypto/mac.h"

#include <assert.h>
#include <openssl/sha.h>
#include <string.h>

#include "libtx/crypto/secret.h"

#define BLOCK_BYTES SHA256_CBLOCK
#define INFO_PARTS_MAX 8

static_assert(sizeof(SHA256_CTX) <= sizeof(((struct tx_mac *)0)->inner), "a state fits");
static_assert(_Alignof(SHA256_CTX) <= _Alignof(uint64_t), "and is aligned");

/* OpenSSL 3 has these return 1 always. */
static void update(SHA256_CTX *ctx, const void *p, size_t n) {
    int ok = n == 0 || SHA256_Update(ctx, p, n) == 1;
    assert(ok);
}

static void finish(SHA256_CTX *ctx, uint8_t ret[TX_HASH_BYTES]) {
    int ok = SHA256_Final(ret, ctx); /* wipes the block */
    assert(ok == 1);
}

static void begin(SHA256_CTX *ctx) {
    int ok = SHA256_Init(ctx);
    assert(ok == 1);
}

static void absorb_key(const uint8_t key[BLOCK_BYTES], uint8_t pad, uint64_t ret[14]) {
    uint8_t block[BLOCK_BYTES];
    SHA256_CTX ctx;

    for (size_t i = 0; i < BLOCK_BYTES; i++)
        block[i] = key[i] ^ pad;
    begin(&ctx);
    update(&ctx, block, sizeof(block));
    memset(ret, 0, sizeof(((struct tx_mac *)0)->inner));
    memcpy(ret, &ctx, sizeof(ctx));
    tx_wipe(block, sizeof(block));
    tx_wipe(&ctx, sizeof(ctx));
}

void tx_mac_hash(const struct tx_text *parts, size_t n_parts, struct tx_digest *ret) {
    SHA256_CTX ctx;
    begin(&ctx);
    for (size_t i = 0; i < n_parts; i++)
        update(&ctx, parts[i].p, parts[i].n);
    finish(&ctx, ret->bytes);
    tx_wipe(&ctx, sizeof(ctx));
}

void tx_mac_init(struct tx_mac *mac, const void *key, size_t n_key) {
    uint8_t block[BLOCK_BYTES] = {0};

    if (n_key > BLOCK_BYTES) { /* is replaced by its hash */
        struct tx_digest digest;
        tx_mac_hash(&(struct tx_text){.p = key, .n = n_key}, 1, &digest);
        memcpy(block, digest.bytes, sizeof(digest.bytes));
        tx_wipe(&digest, sizeof(digest));
    } else if (n_key > 0) {
        memcpy(block, key, n_key);
    }
    absorb_key(block, 0x36, mac->inner);
    absorb_key(block, 0x5c, mac->outer);
    tx_wipe(block, sizeof(block));
}

void tx_mac(const struct tx_mac *mac, const struct tx_text *parts, size_t n_parts,
            struct tx_digest *ret) {
    SHA256_CTX ctx;
    uint8_t middle[TX_HASH_BYTES];

    memcpy(&ctx, mac->inner, sizeof(ctx));
    for (size_t i = 0; i < n_parts; i++)
        update(&ctx, parts[i].p, parts[i].n);
    finish(&ctx, middle);
    memcpy(&ctx, mac->outer, sizeof(ctx));
    update(&ctx, middle, sizeof(middle));
    finish(&ctx, ret->bytes);
    tx_wipe(&ctx, sizeof(ctx));
    tx_wipe(middle, sizeof(middle));
}

void tx_hkdf_extract(struct tx_text salt, struct tx_text key, struct tx_mac *ret) {
    struct tx_mac salted;
    struct tx_digest pseudorandom;

    tx_mac_init(&salted, salt.p, salt.n);
    tx_mac(&salted, &key, 1, &pseudorandom);
    tx_mac_init(ret, pseudorandom.bytes, sizeof(pseudorandom.bytes));
    tx_wipe(&salted, sizeof(salted));
    tx_wipe(&pseudorandom, sizeof(pseudorandom));
}

/* T(i) = HMAC(PRK, T(i-1) ‖ info ‖ i) */
void tx_hkdf_expand(const struct tx_mac *pseudorandom, const struct tx_text *info, size_t n_info,
                    void *ret, size_t n) {
    struct tx_digest block;
    struct tx_text parts[INFO_PARTS_MAX + 2] = {{.p = (const char *)block.bytes, .n = 0}};
    uint8_t i = 0;

    assert(n_info <= INFO_PARTS_MAX && n <= 255 * TX_HASH_BYTES);
    for (size_t k = 0; k < n_info; k++)
        parts[1 + k] = info[k];
    parts[1 + n_info] = (struct tx_text){.p = (const char *)&i, .n = 1};
    for (size_t done = 0, take; done < n; done += take) {
        take = n - done < TX_HASH_BYTES ? n - done : TX_HASH_BYTES;
        i++;
        tx_mac(pseudorandom, parts, n_info + 2, &block);
        memcpy((uint8_t *)ret + done, block.bytes, take);
        parts[0].n = TX_HASH_BYTES;
    }
    tx_wipe(&block, sizeof(block));
}

/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/key-cache.h"

#include <string.h>
#include <sys/random.h>

#include "libtx/crypto/hash.h"
#include "libtx/crypto/secret.h"

struct entry {
    uint64_t used; /* 0: free; greater: later */
    struct tx_digest person;
    struct tx_subject_key key;
};

/* In locked memory as a whole. */
struct tx_key_cache {
    struct tx_hasher *hasher;
    uint8_t salt[32];
    uint64_t n_uses;
    struct entry sets[TX_KEY_CACHE_SETS][TX_KEY_CACHE_WAYS];
};

int tx_key_cache_new(struct tx_key_cache **ret) {
    _cleanup_(tx_key_cache_freep) struct tx_key_cache *cache = tx_secret_alloc(sizeof(*cache));
    if (!cache)
        return -ENOMEM;
    if (getrandom(cache->salt, sizeof(cache->salt), 0) != (ssize_t)sizeof(cache->salt))
        return -EIO;
    int r = tx_hasher_new(&cache->hasher);
    if (r < 0)
        return r;
    *ret = TX_STEAL(cache);
    return 0;
}

void tx_key_cache_free(struct tx_key_cache *cache) {
    if (!cache)
        return;
    tx_hasher_free(cache->hasher);
    tx_secret_free(cache, sizeof(*cache));
}

static struct entry *set_of(struct tx_key_cache *cache, struct tx_text person,
                            struct tx_digest *ret) {
    tx_hash(cache->hasher, cache->salt, sizeof(cache->salt), person.p, person.n, NULL, 0, ret);
    return cache->sets[ret->bytes[0] % TX_KEY_CACHE_SETS];
}

bool tx_key_cache_find(struct tx_key_cache *cache, struct tx_text person,
                       struct tx_subject_key *ret) {
    struct tx_digest digest;
    struct entry *set = set_of(cache, person, &digest);

    for (size_t i = 0; i < TX_KEY_CACHE_WAYS; i++)
        if (set[i].used && memcmp(&set[i].person, &digest, sizeof(digest)) == 0) {
            set[i].used = ++cache->n_uses;
            *ret = set[i].key;
            return true;
        }
    return false;
}

void tx_key_cache_put(struct tx_key_cache *cache, struct tx_text person,
                      const struct tx_subject_key *key) {
    struct tx_digest digest;
    struct entry *set = set_of(cache, person, &digest), *oldest = set;

    for (size_t i = 1; i < TX_KEY_CACHE_WAYS; i++)
        if (set[i].used < oldest->used)
            oldest = &set[i];
    *oldest = (struct entry){.used = ++cache->n_uses, .person = digest, .key = *key};
}

void tx_key_cache_forget(struct tx_key_cache *cache, const uint8_t ref[TX_SUBJECT_REF_BYTES]) {
    for (size_t s = 0; s < TX_KEY_CACHE_SETS; s++)
        for (size_t i = 0; i < TX_KEY_CACHE_WAYS; i++) {
            struct entry *entry = &cache->sets[s][i];
            if (entry->used && memcmp(entry->key.ref, ref, sizeof(entry->key.ref)) == 0)
                tx_wipe(entry, sizeof(*entry));
        }
}

/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_KEY_CACHE_H
#define TX_INGEST_KEY_CACHE_H

/*
 * The keys of persons that were used last, so that the vault is not asked for each value. It lies
 * in locked memory and is wiped at its end. Who a person is does not stand in it, only a salted
 * hash. It knows no vault.
 */

#include <stdbool.h>

#include "libtx/mask/action/subject.h"

#define TX_KEY_CACHE_WAYS 8u
#define TX_KEY_CACHE_SETS                                                                          \
    128u /* each keeps the WAYS that were used last of those that fall in it */

struct tx_key_cache;

TX_MUST_USE int tx_key_cache_new(struct tx_key_cache **ret);
void tx_key_cache_free(struct tx_key_cache *cache);
TX_DEFINE_CLEANUP(struct tx_key_cache *, tx_key_cache_free);

bool tx_key_cache_find(struct tx_key_cache *cache, struct tx_text person,
                       struct tx_subject_key *ret);
void tx_key_cache_put(struct tx_key_cache *cache, struct tx_text person,
                      const struct tx_subject_key *key);

/* The key with that ref was destroyed: it is wiped. */
void tx_key_cache_forget(struct tx_key_cache *cache, const uint8_t ref[TX_SUBJECT_REF_BYTES]);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_TESTS_TAMPER_H
#define TX_TESTS_TAMPER_H

/*
 * What the tamper tests share: a cache of checked signatures, so that half a million verifications
 * take seconds, a log in a directory that is spoiled and mended, and its verdict.
 */

#include "libtx/segment/chain.h"
#include "tests/lib/log-writer.h"

/* Signatures that were checked once; a changed note or key is never found in it. */
struct tamper_cache;
struct tamper_cache *tamper_cache_new(void);
void tamper_cache_free(struct tamper_cache *cache);
struct tx_signature_checker tamper_cache_checker(struct tamper_cache *cache);

struct tamper_log {
    struct log_writer *w;
    char directory[64];
    struct tamper_cache *cache;
    struct tx_chain_options options;
    struct tx_chain_verdict verdict;
};

/* Three segments of about 64 KiB with epochs and many checkpoints. */
extern const struct log_shape tamper_shape;

void tamper_log_init(struct tamper_log *log, const char *origin, uint8_t seed);
void tamper_log_deinit(struct tamper_log *log);

/* Writes segment i as its lines are now, or as these bytes. */
void tamper_log_store(struct tamper_log *log, size_t i);
void tamper_log_store_bytes(struct tamper_log *log, size_t i, const void *p, size_t n);
void tamper_log_remove(struct tamper_log *log, size_t i);

enum tx_finding_class tamper_log_verify(struct tamper_log *log);
/* The verdict's findings, for a test that fails. */
void tamper_log_show(const struct tamper_log *log);
bool tamper_log_has(const struct tamper_log *log, enum tx_finding_kind kind);

/* xorshift64* with a fixed seed for each test. */
uint64_t tamper_random(uint64_t *state, uint64_t below);

#endif

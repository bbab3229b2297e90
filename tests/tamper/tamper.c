/* SPDX-License-Identifier: MIT */
#include "tests/tamper/tamper.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHE_SLOTS 4096u

const struct log_shape tamper_shape = {
    .n_segments = 3, .n_batches = 22, .n_records = 8, .n_bytes = 320, .batches_per_epoch = 7};

struct slot {
    bool used;
    struct tx_digest key;
    uint64_t time;
};

/* Only good signatures are kept. */
struct tamper_cache {
    struct tx_hasher *hasher;
    struct slot slots[CACHE_SLOTS];
};

struct tamper_cache *tamper_cache_new(void) {
    struct tamper_cache *cache = calloc(1, sizeof(*cache));
    ck_assert_ptr_nonnull(cache);
    ck_assert_int_eq(tx_hasher_new(&cache->hasher), 0);
    return cache;
}

void tamper_cache_free(struct tamper_cache *cache) {
    tx_hasher_free(cache->hasher);
    free(cache);
}

static const struct tx_note_signature *find_signature(const struct tx_note *note,
                                                      const struct tx_vkey *vkey) {
    for (size_t i = 0; i < note->n_signatures; i++)
        if (tx_text_equal(note->signatures[i].name, (struct tx_text){vkey->name, vkey->n_name}) &&
            memcmp(note->signatures[i].id, vkey->id, sizeof(vkey->id)) == 0)
            return &note->signatures[i];
    return NULL;
}

/* The text, the signature and the key: everything that the answer depends on. */
static int verify_cached(void *context, const struct tx_note *note, const struct tx_vkey *vkey,
                         uint64_t *ret_time) {
    struct tamper_cache *cache = context;
    const struct tx_note_signature *signature = find_signature(note, vkey);
    uint8_t tail[8 + sizeof(signature->blob) + 1 + TX_PUBLIC_KEY_BYTES];
    struct tx_digest key;
    if (!signature)
        return TX_NOTE_E_ABSENT;
    memset(tail, 0, 8);
    tail[0] = (uint8_t)signature->n_blob;
    memcpy(tail + 8, signature->blob, sizeof(signature->blob));
    tail[8 + sizeof(signature->blob)] = vkey->type;
    memcpy(tail + 9 + sizeof(signature->blob), vkey->public_key, TX_PUBLIC_KEY_BYTES);
    tx_hash(cache->hasher, note->text.p, note->text.n, tail, sizeof(tail), NULL, 0, &key);
    size_t at = ((size_t)key.bytes[0] << 8 | key.bytes[1]) % CACHE_SLOTS;
    struct slot *slot = &cache->slots[at];
    if (slot->used && memcmp(slot->key.bytes, key.bytes, TX_HASH_BYTES) == 0) {
        *ret_time = slot->time;
        return 0;
    }
    int r = tx_note_verify(note, vkey, ret_time);
    if (r == 0)
        *slot = (struct slot){.used = true, .key = key, .time = *ret_time};
    return r;
}

struct tx_signature_checker tamper_cache_checker(struct tamper_cache *cache) {
    return (struct tx_signature_checker){.verify = verify_cached, .context = cache};
}

void tamper_log_init(struct tamper_log *log, const char *origin, uint8_t seed) {
    *log = (struct tamper_log){.cache = tamper_cache_new()};
    strcpy(log->directory, "/tmp/tx-tamper-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(log->directory));
    log->w = log_writer_of(origin, seed, &tamper_shape);
    log_writer_store(log->w, log->directory);
    log->options = (struct tx_chain_options){.path = log->directory,
                                             .identity = tx_signing_key_vkey(log->w->identity),
                                             .epoch0 = &log->w->epoch0,
                                             .n_threads = 1,
                                             .checker = tamper_cache_checker(log->cache)};
}

void tamper_log_deinit(struct tamper_log *log) {
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", log->directory);
    ck_assert_int_eq(system(command), 0);
    tx_chain_verdict_deinit(&log->verdict);
    log_writer_free(log->w);
    tamper_cache_free(log->cache);
}

void tamper_log_store_bytes(struct tamper_log *log, size_t i, const void *p, size_t n) {
    char name[TX_SEGMENT_NAME_BYTES];
    tx_segment_name(log->w->segments[i].first, ".jsonl", name);
    log_writer_store_file(log->directory, name, p, n);
}

void tamper_log_store(struct tamper_log *log, size_t i) {
    struct tx_bytes b = TX_BYTES_INIT;
    log_segment_bytes(&log->w->segments[i], &b);
    tamper_log_store_bytes(log, i, b.data, b.len);
    tx_bytes_deinit(&b);
}

void tamper_log_remove(struct tamper_log *log, size_t i) {
    char name[TX_SEGMENT_NAME_BYTES], path[256];
    tx_segment_name(log->w->segments[i].first, ".jsonl", name);
    snprintf(path, sizeof(path), "%s/%s", log->directory, name);
    ck_assert_int_eq(unlink(path), 0);
}

enum tx_finding_class tamper_log_verify(struct tamper_log *log) {
    tx_chain_verdict_deinit(&log->verdict);
    ck_assert_int_eq(tx_chain_verify(&log->options, &log->verdict), 0);
    return log->verdict.class;
}

void tamper_log_show(const struct tamper_log *log) {
    for (size_t i = 0; i < log->verdict.findings.n; i++) {
        const struct tx_finding *f = &log->verdict.findings.items[i];
        fprintf(stderr, "%s %s:%llu %lld-%lld %s\n", tx_finding_name(f->kind), f->file,
                (unsigned long long)f->line, (long long)f->first_seq, (long long)f->last_seq,
                f->text);
    }
}

bool tamper_log_has(const struct tamper_log *log, enum tx_finding_kind kind) {
    for (size_t i = 0; i < log->verdict.findings.n; i++)
        if (log->verdict.findings.items[i].kind == kind)
            return true;
    return false;
}

uint64_t tamper_random(uint64_t *state, uint64_t below) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (*state * UINT64_C(0x2545f4914f6cdd1d) >> 16) % below;
}

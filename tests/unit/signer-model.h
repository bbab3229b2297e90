/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_SIGNER_MODEL_H
#define TX_TEST_SIGNER_MODEL_H

/*
 * A small ledger in memory, for tests of the signer: it keeps the leaves and the notes as a log
 * would, goes on after a crash of the signer as the real one does, and checks the whole chain from
 * the two anchors without any of the signer's code.
 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auditd/ipc/notary.h"
#include "auditd/signer/signer.h"
#include "libtx/crypto/note.h"
#include "libtx/merkle/checkpoint.h"

#define MODEL_ORIGIN "web1.example/audit"
#define MODEL_ENTRIES 256

enum model_kind { MODEL_LEAF, MODEL_CHECKPOINT, MODEL_SEAL };

struct model_entry {
    enum model_kind kind;
    struct tx_text text; /* owned */
};

struct model {
    struct tx_hasher *hasher;
    struct tx_signer *signer; /* asked in process, or by */
    int fd;                   /* a socket */
    size_t n_entries;
    struct model_entry entries[MODEL_ENTRIES];
    uint64_t n_leaves;
    uint8_t request[TX_NOTARY_MESSAGE_BYTES];
    uint8_t memory[TX_NOTARY_MESSAGE_BYTES];
};

static inline void model_init(struct model *m) {
    memset(m, 0, sizeof(*m));
    m->fd = -1;
    ck_assert_int_eq(tx_hasher_new(&m->hasher), 0);
}

static inline void model_deinit(struct model *m) {
    for (size_t i = 0; i < m->n_entries; i++)
        free((char *)(uintptr_t)m->entries[i].text.p);
    tx_hasher_free(m->hasher);
}

static inline void model_append(struct model *m, enum model_kind kind, struct tx_text text) {
    char *copy = malloc(text.n + 1);
    ck_assert_uint_lt(m->n_entries, MODEL_ENTRIES);
    memcpy(copy, text.p, text.n);
    m->entries[m->n_entries++] = (struct model_entry){kind, {copy, text.n}};
    if (kind == MODEL_LEAF)
        m->n_leaves++;
}

static inline struct tx_text model_leaf(const struct model *m, uint64_t index) {
    for (size_t i = 0; i < m->n_entries; i++)
        if (m->entries[i].kind == MODEL_LEAF && index-- == 0)
            return m->entries[i].text;
    ck_abort_msg("no such leaf");
}

/* New records that are written and durable. */
static inline void model_write(struct model *m, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        char line[64];
        int n = snprintf(line, sizeof(line), "{\"seq\":%llu,\"id\":\"x\"}",
                         (unsigned long long)m->n_leaves);
        model_append(m, MODEL_LEAF, (struct tx_text){line, (size_t)n});
    }
}

static inline struct tx_range model_range(const struct model *m, uint64_t begin, uint64_t end) {
    struct tx_range range;
    tx_range_init(&range, begin);
    for (uint64_t i = begin; i < end; i++) {
        struct tx_text leaf = model_leaf(m, i);
        struct tx_digest hash;
        tx_hash_leaf(m->hasher, leaf.p, leaf.n, &hash);
        tx_range_append(&range, m->hasher, &hash);
    }
    return range;
}

/* 0, or -EPIPE when the signer is gone. */
static inline int model_ask(struct model *m, const struct tx_notary_request *request,
                            struct tx_notary_reply *reply) {
    struct tx_buf memory = tx_buf_of(m->memory, sizeof(m->memory));
    if (!m->signer)
        return tx_notary_call(m->fd, m->hasher, request, &memory, reply);
    struct tx_buf message = tx_buf_of(m->request, sizeof(m->request));
    ck_assert_int_eq(tx_notary_request_render(request, &message), 0);
    tx_signer_serve(m->signer, (struct tx_text){(char *)message.data, message.len}, &memory);
    ck_assert_int_eq(
        tx_notary_reply_parse(m->hasher, (struct tx_text){(char *)m->memory, memory.len}, reply),
        0);
    return 0;
}

/* A request over all leaves from begin on; `last` apart from the others. */
static inline struct tx_notary_request
model_request(const struct model *m, enum tx_notary_type type, uint64_t begin, uint64_t end) {
    struct tx_notary_request request = {.type = type};
    bool with_last = end > begin && type != TX_NOTARY_REPLAY;
    request.range = model_range(m, begin, with_last ? end - 1 : end);
    if (with_last)
        request.last = model_leaf(m, end - 1);
    return request;
}

static inline uint64_t model_note_size(struct tx_text text) {
    struct tx_note note;
    struct tx_checkpoint checkpoint;
    ck_assert_int_eq(tx_note_parse(text, &note), 0);
    ck_assert_int_eq(tx_checkpoint_parse(note.text, &checkpoint), 0);
    return checkpoint.size;
}

/* The last entry that is not a leaf, or NULL. */
static inline const struct model_entry *model_last_note(const struct model *m) {
    for (size_t i = m->n_entries; i > 0; i--)
        if (m->entries[i - 1].kind != MODEL_LEAF)
            return &m->entries[i - 1];
    return NULL;
}

static inline uint64_t model_covered(const struct model *m) {
    const struct model_entry *last = model_last_note(m);
    return last ? model_note_size(last->text) : 0;
}

static inline int model_grow(struct model *m, bool seal) {
    struct tx_notary_reply reply;
    struct tx_notary_request request =
        model_request(m, TX_NOTARY_GROW, model_covered(m), m->n_leaves);
    request.seal = seal;
    int r = model_ask(m, &request, &reply);
    if (r < 0)
        return r;
    ck_assert_int_eq(reply.type, TX_NOTARY_NOTE);
    model_append(m, seal ? MODEL_SEAL : MODEL_CHECKPOINT, reply.note);
    return 0;
}

/* The first checkpoint of an epoch. */
static inline int model_finish_rotation(struct model *m) {
    struct tx_notary_reply reply;
    struct tx_notary_request request = {.type = TX_NOTARY_GROW};
    tx_range_init(&request.range, m->n_leaves);
    int r = model_ask(m, &request, &reply);
    if (r < 0)
        return r;
    ck_assert_int_eq(reply.type, TX_NOTARY_NOTE);
    model_append(m, MODEL_CHECKPOINT, reply.note);
    return 0;
}

static inline int model_rotate(struct model *m) {
    struct tx_notary_reply reply;
    struct tx_notary_request request =
        model_request(m, TX_NOTARY_ROTATE, model_covered(m), m->n_leaves);
    int r = model_ask(m, &request, &reply);
    if (r < 0)
        return r;
    ck_assert_int_eq(reply.type, TX_NOTARY_LINE);
    model_append(m, MODEL_LEAF, reply.line);
    return model_finish_rotation(m);
}

/* What the real ledger does after a restart: writes what the signer has given and the log does not
 * have, and ends a rotation that was begun. */
static inline int model_recover(struct model *m) {
    static struct tx_notary_reply reply;
    const struct tx_notary_request hello = {.type = TX_NOTARY_HELLO};
    const struct model_entry *last = model_last_note(m);
    int r = model_ask(m, &hello, &reply);
    if (r < 0)
        return r;
    ck_assert_int_eq(reply.type, TX_NOTARY_STATE);
    const struct tx_notary_state *state = &reply.state;
    bool has_note = state->note.n > 0;
    bool lacks_note = has_note && (!last || !tx_text_equal(last->text, state->note));
    bool lacks_seal = has_note && !lacks_note && state->last_was_seal && last->kind != MODEL_SEAL;
    if (lacks_note || lacks_seal)
        model_append(m, state->last_was_seal ? MODEL_SEAL : MODEL_CHECKPOINT, state->note);
    if (state->pending_line.n == 0)
        return 0;
    if (m->n_leaves < state->range.end)
        model_append(m, MODEL_LEAF, state->pending_line);
    ck_assert_uint_eq(m->n_leaves, state->range.end);
    return model_finish_rotation(m);
}

/* Takes the value of "key": a number, or a string without its quotes. */
static inline struct tx_text model_value(struct tx_text line, const char *key) {
    char pattern[64];
    int n = snprintf(pattern, sizeof(pattern), "\"%s\":", key);
    const char *at = memmem(line.p, line.n, pattern, (size_t)n);
    ck_assert_ptr_nonnull(at);
    at += n;
    size_t start = *at == '"' ? 1 : 0, end = start;
    while (at[end] != '"' && at[end] != ',' && at[end] != '}')
        end++;
    return (struct tx_text){at + start, end - start};
}

struct model_chain {
    const struct tx_vkey *identity;
    struct tx_vkey epoch_vkey;
    struct tx_vkey next_vkey;
    bool ended;  /* the entry before was a tracex.epoch record */
    bool broken; /* and says that its key is lost */
    uint64_t epoch;
    uint64_t n_checkpoints;
    struct tx_digest digest;
    struct tx_range range;
    uint64_t time;
};

static inline void model_check_epoch_record(struct model *m, struct model_chain *c,
                                            struct tx_text line) {
    struct tx_digest digest;
    uint64_t v;
    size_t n;
    ck_assert_int_eq(tx_dec_decode(model_value(line, "seq"), &v), 0);
    ck_assert_uint_eq(v, c->range.end);
    ck_assert_int_eq(tx_dec_decode(model_value(line, "epoch"), &v), 0);
    ck_assert_uint_eq(v, c->epoch + 1);
    ck_assert_int_eq(tx_dec_decode(model_value(line, "checkpoints"), &v), 0);
    ck_assert_uint_eq(v, c->n_checkpoints);
    ck_assert_int_eq(tx_base64_decode(model_value(line, "digest"), digest.bytes, TX_HASH_BYTES, &n),
                     0);
    ck_assert_mem_eq(&digest, &c->digest, sizeof(digest));
    ck_assert_int_eq(tx_vkey_parse(m->hasher, model_value(line, "vkey"), &c->next_vkey), 0);
    c->broken = memmem(line.p, line.n, "\"broken\":", 9) != NULL;
    c->ended = true;
    c->n_checkpoints = 0;
    memset(&c->digest, 0, sizeof(c->digest));
}

static inline void model_check_note(struct model *m, struct model_chain *c,
                                    const struct model_entry *entry) {
    struct tx_note note;
    struct tx_checkpoint checkpoint;
    struct tx_digest root;
    uint64_t time = 0, next_time = 0;
    ck_assert_int_eq(tx_note_parse(entry->text, &note), 0);
    ck_assert_int_eq(tx_checkpoint_parse(note.text, &checkpoint), 0);
    ck_assert(tx_text_equal(checkpoint.origin, TX_TEXT(MODEL_ORIGIN)));
    ck_assert_uint_eq(checkpoint.size, c->range.end);
    tx_range_root(&c->range, m->hasher, &root);
    ck_assert_mem_eq(&checkpoint.root, &root, sizeof(root));
    ck_assert_int_eq(tx_note_verify(&note, c->identity, NULL), 0);
    if (!c->broken)
        ck_assert_int_eq(tx_note_verify(&note, &c->epoch_vkey, &time), 0);
    if (c->ended)
        ck_assert_int_eq(tx_note_verify(&note, &c->next_vkey, &next_time), 0);
    ck_assert_uint_eq(note.n_signatures, 1u + (c->broken ? 0 : 1) + (c->ended ? 1 : 0));
    if (c->ended && !c->broken)
        ck_assert_uint_eq(time, next_time);
    if (c->broken)
        time = next_time;
    ck_assert_uint_ge(time, c->time);
    c->time = time;
    tx_hash(m->hasher, c->digest.bytes, TX_HASH_BYTES, entry->text.p, entry->text.n, NULL, 0,
            &c->digest);
    c->n_checkpoints++;
    if (c->ended) {
        c->epoch_vkey = c->next_vkey;
        c->epoch++;
    }
    c->ended = c->broken = false;
}

/* Checks the whole log from its anchors; returns the number of the epoch that it ends in. */
static inline uint64_t model_check(struct model *m, const struct tx_vkey *identity,
                                   const struct tx_vkey *epoch0) {
    struct model_chain c = {.identity = identity, .epoch_vkey = *epoch0};
    uint64_t covered = 0;
    tx_range_init(&c.range, 0);
    for (size_t i = 0; i < m->n_entries; i++) {
        const struct model_entry *entry = &m->entries[i];
        ck_assert(!c.ended || entry->kind == MODEL_CHECKPOINT);
        if (entry->kind == MODEL_LEAF) {
            struct tx_digest leaf;
            if (memmem(entry->text.p, entry->text.n, "\"tracex.epoch\"", 14))
                model_check_epoch_record(m, &c, entry->text);
            tx_hash_leaf(m->hasher, entry->text.p, entry->text.n, &leaf);
            tx_range_append(&c.range, m->hasher, &leaf);
        } else {
            ck_assert(c.range.end > covered || entry->kind == MODEL_SEAL);
            covered = c.range.end;
            model_check_note(m, &c, entry);
        }
    }
    return c.epoch;
}

#endif

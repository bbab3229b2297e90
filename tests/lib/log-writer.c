/* SPDX-License-Identifier: MIT */
#include "tests/lib/log-writer.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libtx/merkle/checkpoint.h"
#include "libtx/segment/tlog-proof.h"

#define LINE_BYTES (256u * 1024u)
#define START_TIME 1750000000u

static void need(bool condition) {
    if (!condition)
        abort();
}

static void append(struct tx_bytes *b, const void *p, size_t n) {
    int r = tx_bytes_append(b, p, n);
    need(r == 0);
}

static struct tx_text text_of(const struct tx_bytes *b) {
    return (struct tx_text){(const char *)b->data, b->len};
}

static struct tx_signing_key *make_key(const struct log_writer *w, struct tx_text name,
                                       uint8_t type, uint64_t number) {
    uint8_t seed[32] = {w->seed, type, (uint8_t)number, (uint8_t)(number >> 8)};
    struct tx_signing_key *key = NULL;
    int r = tx_signing_key_from_seed(w->hasher, name, type, seed, &key);
    need(r == 0);
    return key;
}

struct tx_signing_key *log_writer_epoch_key(const struct log_writer *w, uint64_t epoch) {
    char name[96];
    int n = snprintf(name, sizeof(name), "%s/epoch/%llu", w->origin, (unsigned long long)epoch);
    return make_key(w, (struct tx_text){name, (size_t)n}, TX_KEY_COSIGNATURE, epoch);
}

struct log_writer *log_writer_new(const char *origin, uint8_t seed) {
    struct log_writer *w = calloc(1, sizeof(*w));
    need(w != NULL);
    int r = tx_hasher_new(&w->hasher);
    need(r == 0);
    snprintf(w->origin, sizeof(w->origin), "%s", origin);
    w->seed = seed;
    w->time = START_TIME;
    w->identity = make_key(w, (struct tx_text){w->origin, strlen(w->origin)}, TX_KEY_ED25519, 0);
    w->epoch_key = log_writer_epoch_key(w, 0);
    w->epoch0 = *tx_signing_key_vkey(w->epoch_key);
    tx_range_init(&w->range, 0);
    return w;
}

void log_writer_free(struct log_writer *w) {
    if (!w)
        return;
    for (size_t i = 0; i < w->n_segments; i++) {
        for (size_t j = 0; j < w->segments[i].n_lines; j++)
            tx_bytes_deinit(&w->segments[i].lines[j].text);
        free(w->segments[i].lines);
    }
    for (size_t i = 0; i < w->n_proofs; i++)
        tx_bytes_deinit(&w->proofs[i]);
    tx_bytes_deinit(&w->note);
    tx_signing_key_free(w->identity);
    tx_signing_key_free(w->epoch_key);
    tx_hasher_free(w->hasher);
    free(w);
}

/* The line that `b` holds goes to the end of the open segment. */
static void add_line(struct log_writer *w, enum tx_line_kind kind, uint64_t number,
                     struct tx_buf *b) {
    struct log_segment *segment = &w->segments[w->n_segments - 1];
    tx_buf_char(b, '\n');
    need(!b->full);
    if (segment->n_lines == segment->cap) {
        segment->cap = segment->cap ? 2 * segment->cap : 64;
        segment->lines = realloc(segment->lines, segment->cap * sizeof(*segment->lines));
        need(segment->lines != NULL);
    }
    struct log_line *line = &segment->lines[segment->n_lines++];
    *line = (struct log_line){.kind = kind, .number = number, .text = TX_BYTES_INIT};
    append(&line->text, b->data, b->len);
}

static void begin_segment(struct log_writer *w) {
    static char memory[LINE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    need(w->n_segments < TX_COUNT_OF(w->segments));
    w->segments[w->n_segments++] = (struct log_segment){.first = w->range.end};
    tx_range_root(&w->range, w->hasher, &w->segments[w->n_segments - 1].before);
    w->open = true;
    struct tx_control_header header = {.origin = {w->origin, strlen(w->origin)},
                                       .first = w->range.end,
                                       .range = w->range,
                                       .epoch = w->epoch,
                                       .epoch_vkey = *tx_signing_key_vkey(w->epoch_key),
                                       .n_checkpoints = w->n_checkpoints,
                                       .digest = w->digest};
    if (w->note.len > 0)
        header.previous = text_of(&w->note);
    tx_control_render_header(&header, &b);
    add_line(w, TX_LINE_HEADER, w->range.end, &b);
}

static void add_record(struct log_writer *w, struct tx_buf *b) {
    struct tx_digest leaf;
    uint64_t seq = w->range.end;
    tx_hash_leaf(w->hasher, b->data, b->len, &leaf);
    tx_range_append(&w->range, w->hasher, &leaf);
    add_line(w, TX_LINE_RECORD, seq, b);
}

void log_writer_record(struct log_writer *w, size_t n) {
    static char memory[LINE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    if (!w->open)
        begin_segment(w);
    tx_buf_str(&b, "{\"seq\":");
    tx_buf_dec(&b, w->range.end);
    tx_buf_str(&b, ",\"id\":\"0192f0a0-0000-7000-8000-");
    tx_buf_hex(
        &b, (uint8_t[6]){w->seed, 0, 0, 0, (uint8_t)(w->range.end >> 8), (uint8_t)w->range.end}, 6);
    tx_buf_str(&b, "\",\"time\":\"2026-11-23T17:00:15.000000001Z\",\"event\":\"test.event\","
                   "\"outcome\":\"success\",\"message\":\"a b\xc3\xa9\",\"data\":{\"pad\":\"");
    while (b.len + 3 < n)
        tx_buf_char(&b, (char)('a' + (b.len + w->range.end) % 26));
    tx_buf_str(&b, "\"}}");
    add_record(w, &b);
}

void log_writer_body(struct log_writer *w, struct tx_text body) {
    static char memory[TX_LIMIT_LINE_BYTES + 64];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    if (!w->open)
        begin_segment(w);
    tx_buf_str(&b, "{\"seq\":");
    tx_buf_dec(&b, w->range.end);
    tx_buf_char(&b, ',');
    tx_buf_put(&b, body.p, body.n);
    add_record(w, &b);
}

void log_writer_pruned(struct log_writer *w, uint64_t first, uint64_t end,
                       const struct tx_digest *root) {
    char memory[512];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    const struct tx_pruned pruned = {.first = first,
                                     .end = end,
                                     .n_segments = 1,
                                     .n_bytes = 1000,
                                     .root = *root,
                                     .why = TX_TEXT("age")};
    tx_buf_str(&b, "\"by\":\"ledger\",\"time\":\"2026-11-23T17:00:15.000000001Z\","
                   "\"event\":\"tracex.pruned\",\"data\":{");
    tx_pruned_render(&pruned, &b);
    tx_buf_str(&b, "}}");
    need(!b.full);
    log_writer_body(w, (struct tx_text){memory, b.len});
}

void log_writer_sign(const struct log_writer *w, const struct tx_signing_key *identity,
                     const struct tx_signing_key *epoch, const struct tx_signing_key *next,
                     struct tx_bytes *note) {
    static char memory[LINE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_checkpoint checkpoint = {.origin = {w->origin, strlen(w->origin)},
                                       .size = w->range.end};
    tx_range_root(&w->range, w->hasher, &checkpoint.root);
    tx_checkpoint_render(&checkpoint, &b);
    struct tx_text text = {memory, b.len};
    tx_buf_char(&b, '\n');
    const struct tx_signing_key *keys[] = {identity, epoch, next};
    for (size_t i = 0; i < TX_COUNT_OF(keys); i++) {
        int r = keys[i] ? tx_signing_key_sign_note(keys[i], text, w->time, &b) : 0;
        need(r == 0);
    }
    note->len = 0;
    append(note, memory, b.len);
}

static void take_note(struct log_writer *w, const struct tx_signing_key *epoch,
                      const struct tx_signing_key *next) {
    w->time++;
    log_writer_sign(w, w->identity, epoch, next, &w->note);
    tx_control_digest_note(w->hasher, &w->digest, text_of(&w->note));
    w->n_checkpoints++;
}

static void add_checkpoint(struct log_writer *w) {
    static char memory[LINE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_control_render_checkpoint(&(struct tx_control_checkpoint){.note = text_of(&w->note)}, &b);
    add_line(w, TX_LINE_CHECKPOINT, w->range.end, &b);
}

void log_writer_checkpoint(struct log_writer *w) {
    take_note(w, w->epoch_key, NULL);
    add_checkpoint(w);
}

static void add_proof(struct log_writer *w, const struct tx_range *before, struct tx_text line) {
    static char memory[2 * LINE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_tlog_proof proof = {.extra = line, .index = before->end, .note = text_of(&w->note)};
    proof.n_path = tx_proof_of_last(before->nodes, before->n_nodes, proof.path);
    tx_tlog_proof_render(&proof, &b);
    need(w->n_proofs < TX_COUNT_OF(w->proofs));
    append(&w->proofs[w->n_proofs++], memory, b.len);
}

void log_writer_epoch(struct log_writer *w, const char *broken) {
    static char memory[LINE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_range before = w->range;
    struct tx_signing_key *next = log_writer_epoch_key(w, w->epoch + 1);
    struct tx_control_epoch epoch = {.seq = w->range.end,
                                     .epoch = w->epoch + 1,
                                     .vkey = *tx_signing_key_vkey(next),
                                     .n_checkpoints = w->n_checkpoints,
                                     .digest = w->digest};
    if (broken)
        epoch.broken = (struct tx_text){broken, strlen(broken)};
    tx_control_render_epoch(&epoch, &b);
    add_record(w, &b);
    w->n_checkpoints = 0;
    memset(&w->digest, 0, sizeof(w->digest));
    take_note(w, broken ? NULL : w->epoch_key, next);
    add_checkpoint(w);
    add_proof(w, &before, (struct tx_text){memory, b.len - 1});
    tx_signing_key_free(w->epoch_key);
    w->epoch_key = next;
    w->epoch++;
}

void log_writer_seal(struct log_writer *w) {
    static char memory[LINE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    take_note(w, w->epoch_key, NULL);
    struct tx_control_seal seal = {.first = w->segments[w->n_segments - 1].first,
                                   .size = w->range.end,
                                   .note = text_of(&w->note)};
    tx_control_render_seal(&seal, &b);
    add_line(w, TX_LINE_SEAL, w->range.end, &b);
    w->open = false;
}

void log_writer_give_up(struct log_writer *w, size_t n_lost) {
    struct tx_range kept = w->range;
    for (size_t i = 0; i < n_lost; i++)
        log_writer_record(w, 200);
    w->range = kept;
    w->open = false;
}

struct log_writer *log_writer_of(const char *origin, uint8_t seed, const struct log_shape *shape) {
    struct log_writer *w = log_writer_new(origin, seed);
    size_t n_batches = 0;
    for (size_t segment = 0; segment < shape->n_segments; segment++) {
        for (size_t batch = 0; batch < shape->n_batches; batch++) {
            for (size_t i = 0; i < shape->n_records; i++)
                log_writer_record(w, shape->n_bytes);
            n_batches++;
            if (shape->batches_per_epoch && n_batches % shape->batches_per_epoch == 0)
                log_writer_epoch(w, NULL);
            else
                log_writer_checkpoint(w);
        }
        if (segment + 1 < shape->n_segments)
            log_writer_seal(w);
    }
    return w;
}

void log_segment_bytes(const struct log_segment *segment, struct tx_bytes *b) {
    for (size_t i = 0; i < segment->n_lines; i++)
        append(b, segment->lines[i].text.data, segment->lines[i].text.len);
}

void log_writer_identity(const struct log_writer *w, struct tx_bytes *b) {
    static char memory[LINE_BYTES];
    struct tx_buf line = tx_buf_of(memory, sizeof(memory));
    struct tx_control_log log = {.origin = {w->origin, strlen(w->origin)},
                                 .identity = *tx_signing_key_vkey(w->identity),
                                 .epoch0 = w->epoch0};
    tx_control_render_log(&log, &line);
    tx_buf_char(&line, '\n');
    append(b, memory, line.len);
}

void log_writer_store_file(const char *directory, const char *name, const void *p, size_t n) {
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    need(file != NULL);
    need(fwrite(p, 1, n, file) == n);
    need(fclose(file) == 0);
}

void log_writer_store(const struct log_writer *w, const char *directory) {
    char name[4096];
    _cleanup_(tx_bytes_deinit) struct tx_bytes b = TX_BYTES_INIT;

    log_writer_identity(w, &b);
    log_writer_store_file(directory, "log.json", b.data, b.len);
    log_writer_store_file(directory, "checkpoint", w->note.data, w->note.len);
    for (size_t i = 0; i < w->n_segments; i++) {
        b.len = 0;
        log_segment_bytes(&w->segments[i], &b);
        tx_segment_name(w->segments[i].first, ".jsonl", name);
        log_writer_store_file(directory, name, b.data, b.len);
    }
    snprintf(name, sizeof(name), "%s/epochs", directory);
    need(mkdir(name, 0755) == 0);
    for (size_t i = 0; i < w->n_proofs; i++) {
        snprintf(name, sizeof(name), "epochs/%zu.tlog-proof", i + 1);
        log_writer_store_file(directory, name, w->proofs[i].data, w->proofs[i].len);
    }
}

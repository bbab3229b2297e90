/* SPDX-License-Identifier: MIT */
#include "libtx/segment/epochs.h"

#include <stdio.h>
#include <string.h>

#include "libtx/base/file.h"
#include "libtx/merkle/checkpoint.h"
#include "libtx/segment/control.h"
#include "libtx/segment/tlog-proof.h"

struct tx_epochs {
    int dirfd;
    struct tx_hasher *hasher;
    const struct tx_signature_checker *checker;
    char origin[TX_LIMIT_ORIGIN_BYTES];
    size_t n_origin;
    bool has_identity;
    struct tx_vkey identity;
    bool has_key;
    uint64_t epoch; /* that is proven so far */
    struct tx_vkey key;
    uint64_t begin;
    struct tx_note note;
};

int tx_epochs_new(int dirfd, struct tx_text origin, const struct tx_vkey *identity,
                  const struct tx_vkey *epoch0, const struct tx_signature_checker *checker,
                  struct tx_epochs **ret) {
    _cleanup_(tx_epochs_freep) struct tx_epochs *epochs = calloc(1, sizeof(*epochs));
    if (!epochs || origin.n > sizeof(epochs->origin))
        return -ENOMEM;
    epochs->dirfd = dirfd;
    epochs->checker = checker;
    memcpy(epochs->origin, origin.p, origin.n);
    epochs->n_origin = origin.n;
    if (identity) {
        epochs->has_identity = true;
        epochs->identity = *identity;
    }
    if (epoch0) {
        epochs->has_key = true;
        epochs->key = *epoch0;
    }
    int r = tx_hasher_new(&epochs->hasher);
    if (r < 0)
        return r;
    *ret = TX_STEAL(epochs);
    return 0;
}

void tx_epochs_free(struct tx_epochs *epochs) {
    if (!epochs)
        return;
    tx_hasher_free(epochs->hasher);
    free(epochs);
}

void tx_epochs_advance(struct tx_epochs *epochs, uint64_t epoch, const struct tx_vkey *vkey,
                       uint64_t begin) {
    if (epochs->has_key && epoch <= epochs->epoch)
        return;
    epochs->has_key = true;
    epochs->epoch = epoch;
    epochs->key = *vkey;
    epochs->begin = begin;
}

static int read_file(int dirfd, uint64_t epoch, struct tx_bytes *b) {
    char name[64];
    snprintf(name, sizeof(name), "epochs/%llu.tlog-proof", (unsigned long long)epoch);
    return tx_file_read_at(dirfd, name, TX_TLOG_PROOF_BYTES, b);
}

/* Behind our n_ours bytes stand signature lines alone. After an empty line our signatures would be
 * a part of what is signed. */
static int check_rest(const struct tx_bytes *file, size_t n_ours) {
    struct tx_tlog_proof proof;
    struct tx_note note;
    _cleanup_(tx_freep) uint8_t *memory = malloc(file->len);
    if (!memory)
        return -ENOMEM;
    struct tx_buf scratch = tx_buf_of(memory, file->len);
    if (tx_tlog_proof_parse((struct tx_text){(const char *)file->data, file->len}, &scratch,
                            &proof) < 0 ||
        tx_note_parse(proof.note, &note) < 0 ||
        (const uint8_t *)note.text.p + note.text.n >= file->data + n_ours)
        return TX_EPOCHS_E_BAD;
    return 0;
}

int tx_epochs_compare_file(int dirfd, struct tx_hasher *hasher, uint64_t epoch, size_t n_ours,
                           const struct tx_digest *ours) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes file = TX_BYTES_INIT;
    struct tx_digest hash;
    int r = read_file(dirfd, epoch, &file);
    if (r < 0)
        return r;
    if (file.len < n_ours)
        return TX_EPOCHS_E_BAD;
    tx_hash(hasher, file.data, n_ours, NULL, 0, NULL, 0, &hash);
    if (memcmp(&hash, ours, sizeof(hash)) != 0)
        return TX_EPOCHS_E_BAD;
    return file.len == n_ours ? 0 : check_rest(&file, n_ours);
}

/* The record is at its index in the tree that the checkpoint is of. */
static bool is_included(struct tx_epochs *epochs, const struct tx_tlog_proof *proof) {
    struct tx_checkpoint checkpoint;
    struct tx_digest leaf;
    if (tx_note_parse(proof->note, &epochs->note) < 0 ||
        tx_checkpoint_parse(epochs->note.text, &checkpoint) < 0 ||
        !tx_text_equal(checkpoint.origin, (struct tx_text){epochs->origin, epochs->n_origin}) ||
        checkpoint.size != proof->index + 1)
        return false;
    tx_hash_leaf(epochs->hasher, proof->extra.p, proof->extra.n, &leaf);
    return tx_proof_check_inclusion(epochs->hasher, &leaf, proof->index, checkpoint.size,
                                    proof->path, proof->n_path, &checkpoint.root) == 0;
}

static int check_signatures(struct tx_epochs *epochs, const struct tx_control_epoch *next) {
    bool broken = next->broken.p != NULL;
    const struct tx_signers signers = {.identity = epochs->has_identity ? &epochs->identity : NULL,
                                       .has_epoch = !broken,
                                       .epoch = &epochs->key,
                                       .has_next = true,
                                       .next_epoch = &next->vkey,
                                       .allow_more = true};
    struct tx_signature_verdict verdict;
    int r = tx_signatures_check(epochs->checker, &epochs->note, &signers, &verdict);
    return r > 0 ? TX_EPOCHS_E_BAD : r;
}

static bool is_accepted(uint64_t epoch, const uint64_t *accepted, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (accepted[i] == epoch)
            return true;
    return false;
}

/* One epoch on. */
static int step(struct tx_epochs *epochs, const uint64_t *accepted, size_t n_accepted) {
    _cleanup_(tx_bytes_deinit) struct tx_bytes file = TX_BYTES_INIT;
    struct tx_tlog_proof proof;
    struct tx_control_epoch next;
    int r = read_file(epochs->dirfd, epochs->epoch + 1, &file);
    if (r == -ENOMEM)
        return r;
    if (r < 0)
        return r == -ENOENT || r == -ENOTDIR ? TX_EPOCHS_E_ABSENT : TX_EPOCHS_E_BAD;
    _cleanup_(tx_freep) uint8_t *memory = malloc(2 * file.len + 1);
    if (!memory)
        return -ENOMEM;
    struct tx_buf scratch = tx_buf_of(memory, 2 * file.len);
    if (tx_tlog_proof_parse((struct tx_text){(const char *)file.data, file.len}, &scratch, &proof) <
            0 ||
        !proof.extra.p ||
        tx_control_parse_epoch(epochs->hasher, proof.extra, &scratch, &next) < 0 ||
        next.seq != proof.index || next.epoch != epochs->epoch + 1 ||
        !tx_key_is_epoch(&next.vkey, (struct tx_text){epochs->origin, epochs->n_origin},
                         next.epoch) ||
        !is_included(epochs, &proof))
        return TX_EPOCHS_E_BAD;
    r = check_signatures(epochs, &next);
    if (r != 0)
        return r;
    if (next.broken.p && !is_accepted(epochs->epoch, accepted, n_accepted))
        return TX_EPOCHS_E_BROKEN;
    tx_epochs_advance(epochs, next.epoch, &next.vkey, next.seq + 1);
    return 0;
}

int tx_epochs_check(struct tx_epochs *epochs, uint64_t epoch, const struct tx_vkey *vkey,
                    const uint64_t *accepted_breaks, size_t n_accepted_breaks, uint64_t *ret_begin,
                    uint64_t *ret_epoch) {
    *ret_epoch = epoch;
    if (!epochs->has_key || epoch < epochs->epoch)
        return TX_EPOCHS_E_ABSENT;
    while (epochs->epoch < epoch) {
        *ret_epoch = epochs->epoch + 1;
        int r = step(epochs, accepted_breaks, n_accepted_breaks);
        if (r != 0)
            return r;
    }
    *ret_begin = epochs->begin;
    return tx_vkey_equal(&epochs->key, vkey) ? 0 : TX_EPOCHS_E_BAD;
}

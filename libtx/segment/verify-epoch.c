/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/segment/tlog-proof.h"
#include "libtx/segment/verify-parts.h"

static bool same_digest(const struct tx_digest *a, const struct tx_digest *b) {
    return memcmp(a->bytes, b->bytes, TX_HASH_BYTES) == 0;
}

/* C and digest of the record against what stands in the file: a checkpoint that was taken out, put
 * in or changed since the epoch began. */
static void check_notes(struct tx_verifier *v, const struct tx_control_epoch *epoch) {
    uint64_t n = v->state.n_checkpoints;
    if (!v->notes_known ||
        (epoch->n_checkpoints == n && same_digest(&epoch->digest, &v->state.digest)))
        return;
    if (epoch->n_checkpoints > n)
        tx_verify_find(v, TX_FINDING_MISSING,
                       "of the %llu checkpoints of epoch %llu, %llu are missing",
                       (unsigned long long)epoch->n_checkpoints, (unsigned long long)v->state.epoch,
                       (unsigned long long)(epoch->n_checkpoints - n));
    else if (epoch->n_checkpoints < n)
        tx_verify_find(v, TX_FINDING_INSERTED, "epoch %llu has %llu checkpoints too many",
                       (unsigned long long)v->state.epoch,
                       (unsigned long long)(n - epoch->n_checkpoints));
    else
        tx_verify_find(v, TX_FINDING_CHANGED,
                       "the checkpoints of epoch %llu are not those that its end tells of",
                       (unsigned long long)v->state.epoch);
}

static void check_epoch(struct tx_verifier *v, const struct tx_control_epoch *epoch) {
    if (epoch->epoch != v->state.epoch + 1)
        tx_verify_find(v, TX_FINDING_CHANGED, "a tracex.epoch record of epoch %llu where %llu ends",
                       (unsigned long long)epoch->epoch, (unsigned long long)v->state.epoch);
    if (!tx_key_is_epoch(&epoch->vkey, v->origin, epoch->epoch))
        tx_verify_find(v, TX_FINDING_CHANGED, "the new epoch's key has a wrong name or type");
    check_notes(v, epoch);
}

/* -EBADMSG: it has not the one valid spelling. */
static int parse(struct tx_verifier *v, struct tx_text text) {
    /* Not the common scratch: a checkpoint that is being looked at may lie in it. */
    _cleanup_(tx_freep) uint8_t *memory = malloc(text.n + 1);
    struct tx_buf scratch = tx_buf_of(memory, text.n);
    struct tx_control_epoch epoch;
    int r = memory ? tx_control_parse_epoch(v->hasher, text, &scratch, &epoch) : -ENOMEM;
    if (r == -ENOMEM)
        tx_verify_fail(v, r);
    if (r < 0)
        return r;
    check_epoch(v, &epoch);
    v->next_known = true;
    v->next_vkey = epoch.vkey;
    v->next_broken = epoch.broken.p != NULL;
    return 0;
}

void tx_verify_epoch_record(struct tx_verifier *v, struct tx_text text, uint64_t seq) {
    v->next_known = false;
    v->next_broken = false;
    v->next_seq = seq;
    if (parse(v, text) < 0) {
        tx_verify_find_records(v, TX_FINDING_MALFORMED, seq, seq, v->line, v->piece.offset,
                               "the tracex.epoch record has not its one valid spelling");
        v->named = true;
    }
    v->state.n_checkpoints = 0;
    memset(&v->state.digest, 0, sizeof(v->state.digest));
    v->notes_known = true;
    v->epoch_due = true;

    v->has_before = !v->lost && v->stretch.in_order && tx_stretch_end(&v->stretch) == seq;
    if (v->has_before)
        v->before = v->stretch.now;
    v->epoch_line.len = 0;
    int r = tx_bytes_append(&v->epoch_line, text.p, text.n);
    if (r < 0)
        tx_verify_fail(v, r);
}

void tx_verify_epoch_was(struct tx_verifier *v, struct tx_text text) {
    if (parse(v, text) < 0)
        return;
    v->epoch_line.len = 0;
    int r = tx_bytes_append(&v->epoch_line, text.p, text.n);
    if (r < 0)
        tx_verify_fail(v, r);
}

static void switch_epoch(struct tx_verifier *v) {
    v->epoch_due = false;
    v->state.epoch++;
    v->epoch_known = v->next_known;
    v->key_missed |= !v->next_known;
    if (v->next_known)
        v->state.epoch_vkey = v->next_vkey;
    v->next_known = false;
}

void tx_verify_epoch_unproven(struct tx_verifier *v) {
    v->epoch_unproven = true;
    switch_epoch(v);
}

void tx_verify_epoch_without_checkpoint(struct tx_verifier *v) {
    tx_verify_find(v, TX_FINDING_MISSING,
                   "the checkpoint that follows the tracex.epoch record %llu is missing",
                   (unsigned long long)v->next_seq);
    tx_verify_epoch_unproven(v);
}

bool tx_verify_break_accepted(const struct tx_verifier *v, uint64_t epoch) {
    for (size_t i = 0; i < v->options->n_accepted_breaks; i++)
        if (v->options->accepted_breaks[i] == epoch)
            return true;
    return false;
}

/* The length and the hash of the file that must stand in epochs/. */
static void hash_proof(struct tx_verifier *v, struct tx_text note, struct tx_segment_epoch *ret) {
    struct tx_tlog_proof proof = {.extra = {(const char *)v->epoch_line.data, v->epoch_line.len},
                                  .index = v->next_seq,
                                  .note = note};
    if (!v->has_before)
        return;
    _cleanup_(tx_freep) uint8_t *memory = malloc(TX_TLOG_PROOF_BYTES);
    if (!memory) {
        tx_verify_fail(v, -ENOMEM);
        return;
    }
    proof.n_path = tx_proof_of_last(v->before.nodes, v->before.n_nodes, proof.path);
    struct tx_buf b = tx_buf_of(memory, TX_TLOG_PROOF_BYTES);
    tx_tlog_proof_render(&proof, &b);
    if (b.full)
        return;
    ret->n_proof = b.len;
    tx_hash(v->hasher, memory, b.len, NULL, 0, NULL, 0, &ret->proof_hash);
}

void tx_verify_epoch_begins(struct tx_verifier *v, struct tx_text note) {
    struct tx_segment_result *result = v->result;
    bool broken = v->next_broken, known = v->next_known;
    switch_epoch(v);
    if (!known)
        return;
    struct tx_segment_epoch *epochs =
        realloc(result->epochs, (result->n_epochs + 1) * sizeof(*epochs));
    if (!epochs) {
        tx_verify_fail(v, -ENOMEM);
        return;
    }
    result->epochs = epochs;
    struct tx_segment_epoch *epoch = &epochs[result->n_epochs++];
    *epoch = (struct tx_segment_epoch){
        .epoch = v->state.epoch, .seq = v->next_seq, .vkey = v->state.epoch_vkey, .broken = broken};
    hash_proof(v, note, epoch);
}

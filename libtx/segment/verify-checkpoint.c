/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/merkle/checkpoint.h"
#include "libtx/segment/verify-parts.h"

/* A checkpoint line, taken apart. */
struct taken {
    struct tx_text note;
    struct tx_checkpoint checkpoint;
    bool is_seal;
    bool is_transition; /* the first of a new epoch */
    bool is_guess;      /* by its signatures alone: no record tells of it */
};

static void find_malformed(struct tx_verifier *v, const char *what) {
    tx_verify_find(v, TX_FINDING_MALFORMED, "%s", what);
    v->notes_known = false;
}

static void count_note(struct tx_verifier *v, struct tx_text note) {
    tx_control_digest_note(v->hasher, &v->state.digest, note);
    v->state.n_checkpoints++;
    v->result->n_checkpoints++;
}

/* The checkpoint that begins an epoch may be here while the record that tells of it was taken out
 * or changed: then the tree will say so. Its key stays unknown. */
static bool begins_epoch(struct tx_verifier *v, struct taken *t) {
    char memory[TX_KEY_NAME_BYTES];
    struct tx_text name = {memory, tx_epoch_key_name(v->origin, v->state.epoch + 1, memory)};
    if (t->is_transition || v->note->n_signatures != 3 || t->checkpoint.size == 0 ||
        !tx_text_equal(v->note->signatures[2].name, name))
        return false;
    t->is_transition = t->is_guess = true;
    v->epoch_due = true;
    v->next_known = false;
    v->next_broken = false;
    v->next_seq = t->checkpoint.size - 1;
    v->has_before = false;
    v->notes_known = false;
    return true;
}

/* False when a signature is not right. */
static bool check_signatures(struct tx_verifier *v, struct taken *t) {
    bool broken = t->is_transition && v->next_known && v->next_broken;
    const struct tx_signers signers = {.identity = v->options->identity,
                                       .has_epoch = !broken,
                                       .epoch = v->epoch_known ? &v->state.epoch_vkey : NULL,
                                       .has_next = t->is_transition,
                                       .next_epoch = v->next_known ? &v->next_vkey : NULL};
    struct tx_signature_verdict verdict;
    int r = tx_signatures_check(&v->options->checker, v->note, &signers, &verdict);
    if (r < 0)
        tx_verify_fail(v, r);
    if (r == 0 || (r > 0 && verdict.kind == TX_FINDING_INSERTED && begins_epoch(v, t))) {
        if (verdict.time < v->state.time && verdict.time > 0)
            tx_verify_find(v, TX_FINDING_TIME_BACKWARDS,
                           "the checkpoint's time is %llu s before that of the one before it",
                           (unsigned long long)(v->state.time - verdict.time));
        v->state.time = verdict.time;
        return true;
    }
    if (r > 0 && verdict.kind == TX_FINDING_WRONG_EPOCH && t->checkpoint.size <= v->last_size)
        tx_verify_find(v, TX_FINDING_OUT_OF_ORDER,
                       "a checkpoint of size %llu, by another epoch's key, stands behind that of "
                       "size %llu",
                       (unsigned long long)t->checkpoint.size, (unsigned long long)v->last_size);
    else if (r > 0)
        tx_verify_find(v, verdict.kind, "the checkpoint of size %llu: %s",
                       (unsigned long long)t->checkpoint.size, verdict.text);
    if (verdict.kind == TX_FINDING_CHANGED || verdict.kind == TX_FINDING_INSERTED)
        v->notes_known = false;
    return false;
}

/* A size that was there before. */
static bool is_repeated(struct tx_verifier *v, const struct taken *t) {
    uint64_t size = t->checkpoint.size;
    if (size > v->last_size || !v->state.has_note)
        return false;
    bool same_root = memcmp(t->checkpoint.root.bytes, v->last_root.bytes, TX_HASH_BYTES) == 0;
    if (size < v->last_size)
        tx_verify_find(v, TX_FINDING_OUT_OF_ORDER,
                       "the checkpoint of size %llu stands behind that of size %llu",
                       (unsigned long long)size, (unsigned long long)v->last_size);
    else if (!same_root)
        tx_verify_find(v, TX_FINDING_FORKED,
                       "a second root is signed for size %llu: the log has two histories",
                       (unsigned long long)size);
    else if (t->is_seal)
        return false;
    else
        tx_verify_find(v, TX_FINDING_INSERTED, "a second checkpoint of size %llu",
                       (unsigned long long)size);
    return true;
}

static void judge_break(struct tx_verifier *v) {
    unsigned long long epoch = v->state.epoch;
    if (tx_verify_break_accepted(v, v->state.epoch)) {
        tx_verify_find(v, TX_FINDING_ACCEPTED_BREAK,
                       "the key of epoch %llu was lost; the break is accepted", epoch);
        return;
    }
    tx_verify_find(v, TX_FINDING_BROKEN_EPOCH,
                   "the key of epoch %llu was lost, so nothing ties what follows to what was "
                   "before (--accept-break %llu, if you know why)",
                   epoch, epoch);
    if (v->trusted)
        v->result->untrusted_from = v->stretch.base.end;
    v->trusted = false;
}

static void add_proven(struct tx_verifier *v, uint64_t begin, uint64_t end) {
    struct tx_segment_result *result = v->result;
    if (begin == end || !v->trusted || !v->epoch_known || v->epoch_unproven)
        return;
    if (result->n_proven > 0 && result->proven[result->n_proven - 1].end == begin) {
        result->proven[result->n_proven - 1].end = end;
        return;
    }
    struct tx_seq_span *spans = realloc(result->proven, (result->n_proven + 1) * sizeof(*spans));
    if (!spans) {
        tx_verify_fail(v, -ENOMEM);
        return;
    }
    result->proven = spans;
    spans[result->n_proven++] = (struct tx_seq_span){begin, end};
}

/* All of [begin, end) but a record whose signed text is known and is not what stands there. */
static void prove_span(struct tx_verifier *v, uint64_t begin, uint64_t end) {
    if (v->repaired >= begin && v->repaired < end) {
        add_proven(v, begin, v->repaired);
        begin = v->repaired + 1;
    }
    add_proven(v, begin, end);
    v->repaired = TX_NO_SEQ;
}

static void keep_last_note(struct tx_verifier *v, struct tx_text note) {
    struct tx_segment_result *result = v->result;
    if (note.n > result->n_last_note || !result->last_note) {
        char *memory = realloc(result->last_note, note.n);
        if (!memory) {
            tx_verify_fail(v, -ENOMEM);
            return;
        }
        result->last_note = memory;
    }
    memcpy(result->last_note, note.p, note.n);
    result->n_last_note = note.n;
}

static void keep_event(struct tx_verifier *v, uint64_t size) {
    const struct tx_stretch_leaf *leaf = size > 0 ? tx_stretch_leaf(&v->stretch, size - 1) : NULL;
    if (leaf && leaf->n_text > 0)
        tx_finding_take_event(tx_stretch_text(&v->stretch, leaf), v->result->last_event);
    else if (size > v->stretch.base.end)
        v->result->last_event[0] = '\0';
}

static void keep_pruned(struct tx_verifier *v, uint64_t size) {
    if (!v->has_pruned || v->pruned.seq >= size)
        return;
    v->result->has_pruned = true;
    v->result->pruned = v->pruned;
    v->has_pruned = false;
}

/* The root is right: everything before it is proven. */
static void prove(struct tx_verifier *v, const struct taken *t) {
    struct tx_segment_result *result = v->result;
    uint64_t size = t->checkpoint.size;

    if (t->is_transition && v->next_broken)
        judge_break(v);
    if (t->is_transition && !v->stretch.in_order) /* something was put right */
        v->has_before = tx_stretch_range(&v->stretch, v->next_seq, &v->before) == 0;
    bool counts = v->trusted && v->epoch_known && !v->epoch_unproven;
    prove_span(v, v->stretch.base.end, size);
    if (counts)
        keep_event(v, size);
    tx_stretch_advance(&v->stretch, size);
    v->named = false;
    if (t->is_transition)
        tx_verify_epoch_begins(v, t->note);
    v->state.range = v->stretch.base;
    result->end = v->state;
    if (counts) {
        result->reach = v->state;
        result->has_reach = true;
        keep_pruned(v, size);
        keep_last_note(v, t->note);
    }
    v->tail_offset = v->piece.offset + v->piece.n_bytes;
    if (v->options->has_stop && size == v->options->stop_at) {
        result->stop = v->state;
        result->has_stop = true;
        result->stop_offset = v->tail_offset;
    }
}

/* The records are what was signed, and none of them begins an epoch: anybody can add a line that
 * looks like a signature, and no key is given up for it. */
static void refuse_guess(struct tx_verifier *v, struct taken *t) {
    if (!t->is_guess || v->next_known)
        return;
    tx_verify_find(v, TX_FINDING_INSERTED,
                   "the checkpoint of size %llu: it carries a signature that the log does not make",
                   (unsigned long long)t->checkpoint.size);
    t->is_transition = false;
    v->epoch_due = false;
}

static bool find_out_of_place(struct tx_verifier *v, const struct taken *t) {
    uint64_t size = t->checkpoint.size;
    struct tx_digest root;
    if (size >= v->expected)
        return false;
    if (tx_stretch_root(&v->stretch, size, &root) == 0 &&
        memcmp(root.bytes, t->checkpoint.root.bytes, TX_HASH_BYTES) == 0) {
        tx_verify_find(v, TX_FINDING_OUT_OF_ORDER,
                       "the checkpoint of size %llu stands behind later records",
                       (unsigned long long)size);
        return false;
    }
    tx_verify_find(v, TX_FINDING_INSERTED,
                   "the checkpoint is of size %llu, but %llu records stand before it",
                   (unsigned long long)size, (unsigned long long)v->expected);
    v->lost = true;
    return true;
}

static bool has_gap(const struct tx_verifier *v, uint64_t size) {
    for (size_t i = 0; i < v->n_gaps; i++)
        if (v->gaps[i].begin < size)
            return true;
    return false;
}

static void check_root(struct tx_verifier *v, struct taken *t) {
    uint64_t size = t->checkpoint.size;
    struct tx_digest root;

    if (v->lost || find_out_of_place(v, t))
        return;
    if (size > v->expected)
        tx_verify_missing_up_to(v, size);
    if (has_gap(v, size))
        return; /* what is missing may stand further on */
    int r = tx_stretch_root(&v->stretch, size, &root);
    bool same = r == 0 && memcmp(root.bytes, t->checkpoint.root.bytes, TX_HASH_BYTES) == 0;
    if (same || tx_verify_explain(v, size, &t->checkpoint.root)) {
        refuse_guess(v, t);
        prove(v, t);
    } else {
        v->lost = true;
    }
}

static void check_note(struct tx_verifier *v, struct taken *t) {
    uint64_t size;

    if (tx_note_parse(t->note, v->note) < 0 ||
        tx_checkpoint_parse(v->note->text, &t->checkpoint) < 0 ||
        t->checkpoint.size > TX_CONTROL_INDEX_MAX) {
        find_malformed(v, "the note is no checkpoint");
        return;
    }
    size = t->checkpoint.size;
    tx_verify_settle_held(v, true, size);
    count_note(v, t->note);
    if (!tx_text_equal(t->checkpoint.origin, v->origin)) {
        tx_verify_find(v, TX_FINDING_FOREIGN, "the checkpoint is of another log");
        return;
    }
    t->is_transition = v->epoch_due && size == v->next_seq + 1;
    if (v->epoch_due && !t->is_transition)
        tx_verify_epoch_without_checkpoint(v);
    bool right = check_signatures(v, t) && !is_repeated(v, t);
    if (right) {
        v->last_size = size;
        v->last_root = t->checkpoint.root;
        v->n_signed_after_hole += v->hole_line > 0;
    }
    tx_hash(v->hasher, t->note.p, t->note.n, NULL, 0, NULL, 0, &v->state.note_hash);
    v->state.has_note = true;
    if (right)
        check_root(v, t);
    /* Whatever became of its checkpoint, the next ones are the new epoch's. */
    if (t->is_transition && v->epoch_due)
        tx_verify_epoch_unproven(v);
}

void tx_verify_checkpoint(struct tx_verifier *v) {
    struct tx_buf scratch = tx_verify_scratch(v);
    struct tx_control_checkpoint checkpoint;
    int r = tx_control_parse_checkpoint(v->piece.text, &scratch, &checkpoint);
    if (r == -ENOMEM)
        tx_verify_fail(v, r);
    else if (r < 0)
        find_malformed(v, "the checkpoint line has not its one valid spelling");
    else
        check_note(v, &(struct taken){.note = checkpoint.note});
}

void tx_verify_seal(struct tx_verifier *v) {
    struct tx_buf scratch = tx_verify_scratch(v);
    struct tx_control_seal seal;
    int r = tx_control_parse_seal(v->piece.text, &scratch, &seal);
    v->result->sealed = true;
    v->after_seal = true;
    if (r == -ENOMEM) {
        tx_verify_fail(v, r);
        return;
    }
    if (r < 0) {
        find_malformed(v, "the seal has not its one valid spelling");
        return;
    }
    if (v->epoch_due) /* its first checkpoint is a line of its own */
        tx_verify_epoch_without_checkpoint(v);
    struct taken t = {.note = seal.note, .is_seal = true};
    check_note(v, &t);
    /* Without its header nothing says where the segment begins. */
    bool other_first = !v->options->headless && seal.first != v->result->start.range.end;
    if (other_first || seal.size != t.checkpoint.size)
        tx_verify_find(v, TX_FINDING_CHANGED,
                       "the seal tells of records %llu to %llu, which are not the segment's",
                       (unsigned long long)seal.first, (unsigned long long)seal.size);
    else if (seal.size == seal.first)
        tx_verify_find(v, TX_FINDING_MALFORMED, "an empty segment is never sealed");
}

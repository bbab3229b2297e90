/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/merkle/checkpoint.h"
#include "libtx/segment/verify-parts.h"

void tx_log_state_init(struct tx_log_state *state, const struct tx_vkey *epoch0) {
    *state = (struct tx_log_state){.epoch = 0, .epoch_vkey = *epoch0};
    tx_range_init(&state->range, 0);
}

static bool same_digest(const struct tx_digest *a, const struct tx_digest *b) {
    return memcmp(a->bytes, b->bytes, TX_HASH_BYTES) == 0;
}

const char *tx_log_state_difference(const struct tx_log_state *a, const struct tx_log_state *b) {
    if (a->range.end != b->range.end)
        return "first";
    if (a->range.n_nodes != b->range.n_nodes ||
        memcmp(a->range.nodes, b->range.nodes, a->range.n_nodes * sizeof(*a->range.nodes)) != 0)
        return "range";
    if (a->epoch != b->epoch)
        return "epoch";
    if (!tx_vkey_equal(&a->epoch_vkey, &b->epoch_vkey))
        return "epoch_vkey";
    if (a->n_checkpoints != b->n_checkpoints)
        return "checkpoints";
    if (!same_digest(&a->digest, &b->digest))
        return "digest";
    if (a->has_note != b->has_note || !same_digest(&a->note_hash, &b->note_hash))
        return "previous";
    return NULL;
}

static void state_of_header(struct tx_verifier *v, const struct tx_control_header *header,
                            struct tx_log_state *ret) {
    *ret = (struct tx_log_state){.range = header->range,
                                 .epoch = header->epoch,
                                 .epoch_vkey = header->epoch_vkey,
                                 .n_checkpoints = header->n_checkpoints,
                                 .digest = header->digest,
                                 .has_note = header->previous.p != NULL};
    if (ret->has_note)
        tx_hash(v->hasher, header->previous.p, header->previous.n, NULL, 0, NULL, 0,
                &ret->note_hash);
}

/* Of an epoch's first checkpoint, the signature in the middle is the old epoch's. Its key is not
 * known here, its name is. */
static bool names_the_old_epoch(const struct tx_note *note,
                                const struct tx_control_header *header) {
    char name[TX_KEY_NAME_BYTES];

    if (header->epoch == 0)
        return false;
    size_t n = tx_epoch_key_name(header->origin, header->epoch - 1, name);
    return n > 0 && tx_text_equal(note->signatures[1].name, (struct tx_text){name, n});
}

/* The note of the checkpoint before: of this log, this size and root, signed by the identity and,
 * as the last signature, by the epoch that the header names. */
static void check_previous(struct tx_verifier *v, const struct tx_control_header *header) {
    struct tx_checkpoint checkpoint;
    struct tx_digest root;
    struct tx_signature_verdict verdict = {.time = 0};

    if (tx_note_parse(header->previous, v->note) < 0 ||
        tx_checkpoint_parse(v->note->text, &checkpoint) < 0) {
        tx_verify_find(v, TX_FINDING_MALFORMED, "the header's previous note is no checkpoint");
        return;
    }
    tx_range_root(&header->range, v->hasher, &root);
    if (!tx_text_equal(checkpoint.origin, header->origin) || checkpoint.size != header->first ||
        !same_digest(&checkpoint.root, &root)) {
        tx_verify_find(v, TX_FINDING_CHANGED,
                       "the header's range is not that of its previous note");
        return;
    }
    bool two = v->note->n_signatures > 2;
    if (two && !names_the_old_epoch(v->note, header)) {
        tx_verify_find(v, TX_FINDING_CHANGED,
                       "the header's previous note is not signed in the name of the epoch before");
        return;
    }
    const struct tx_signers signers = {.identity = v->options->identity,
                                       .has_epoch = true,
                                       .epoch = two ? NULL : &header->epoch_vkey,
                                       .has_next = two,
                                       .next_epoch = &header->epoch_vkey};
    int r = tx_signatures_check(&v->options->checker, v->note, &signers, &verdict);
    if (r < 0)
        tx_verify_fail(v, r);
    else if (r > 0)
        tx_verify_find(v, verdict.kind, "the header's previous note: %s", verdict.text);
    v->state.time = verdict.time;
}

static void check_beginning(struct tx_verifier *v, const struct tx_control_header *header) {
    static const struct tx_digest zero;
    if (header->previous.p || header->epoch != 0 || header->n_checkpoints != 0 ||
        !same_digest(&header->digest, &zero))
        tx_verify_find(v, TX_FINDING_CHANGED,
                       "the header of the first segment tells of a state before it");
}

/* Takes the header's origin, when nobody said which log it is. */
static void take_origin(struct tx_verifier *v, struct tx_text origin) {
    memcpy(v->origin_memory, origin.p, origin.n);
    v->origin = (struct tx_text){v->origin_memory, origin.n};
}

static void check_header(struct tx_verifier *v, const struct tx_control_header *header) {
    if (v->origin.n == 0)
        take_origin(v, header->origin);
    if (!tx_text_equal(header->origin, v->origin)) {
        tx_verify_find(v, TX_FINDING_FOREIGN, "the segment is of another log: its origin differs");
        v->stop = true;
        return;
    }
    if (v->options->has_first && header->first != v->options->first)
        tx_verify_find(v, TX_FINDING_OUT_OF_ORDER,
                       "the header begins at record %llu, which is not what the file's name says",
                       (unsigned long long)header->first);
    if (!tx_key_is_epoch(&header->epoch_vkey, header->origin, header->epoch))
        tx_verify_find(v, TX_FINDING_CHANGED,
                       "the header's epoch key has another epoch's name, or is of another type");
    if (header->first == 0)
        check_beginning(v, header);
    else if (!header->previous.p)
        tx_verify_find(v, TX_FINDING_CHANGED, "the header has no previous note");
    else
        check_previous(v, header);
}

/* The header is damaged or lies; who called knows what it should say. */
static void go_on_from(struct tx_verifier *v, const struct tx_log_state *start) {
    v->state = *start;
    v->result->start = *start;
    v->result->has_header = true;
    v->result->header_first = start->range.end;
}

static void begin(struct tx_verifier *v) {
    v->last_size = v->state.range.end;
    tx_range_root(&v->state.range, v->hasher, &v->last_root);
    tx_stretch_begin(&v->stretch, &v->state.range);
    tx_verify_expect(v, v->state.range.end);
    v->result->end = v->state;
}

void tx_verify_begin_at(struct tx_verifier *v, const struct tx_log_state *start) {
    go_on_from(v, start);
    begin(v);
}

/* What is wrong with a first line that is no header. */
static void find_no_header(struct tx_verifier *v, int error) {
    const struct tx_piece *piece = &v->piece;
    if (piece->kind == TX_PIECE_LINE && error == -ENOTSUP)
        tx_verify_find(v, TX_FINDING_UNSUPPORTED,
                       "the header is of a version, hash or type of key that is not known here");
    else if (piece->kind == TX_PIECE_LINE || piece->kind == TX_PIECE_LONG)
        tx_verify_find(v, TX_FINDING_MALFORMED, "the first line is no segment header");
    else
        tx_verify_find(v, TX_FINDING_UNFINISHED,
                       piece->kind == TX_PIECE_END ? "the file is empty"
                                                   : "the file ends within its header");
}

void tx_verify_header(struct tx_verifier *v) {
    struct tx_buf scratch = tx_verify_scratch(v);
    const struct tx_log_state *start = v->options->start;
    struct tx_control_header header;
    int r = -EBADMSG;

    if (v->piece.kind == TX_PIECE_LINE)
        r = tx_control_parse_header(v->hasher, v->piece.text, &scratch, &header);
    if (r == -ENOMEM) {
        tx_verify_fail(v, r);
        return;
    }
    if (r == 0) {
        struct tx_log_state state;
        state_of_header(v, &header, &state);
        const char *difference = start ? tx_log_state_difference(&state, start) : NULL;
        if (start && v->origin.n > 0 && !tx_text_equal(header.origin, v->origin))
            difference = "origin";
        if (difference)
            tx_verify_find(v, TX_FINDING_CHANGED,
                           "the header's \"%s\" does not follow from the segment before it",
                           difference);
        else {
            v->state = state;
            check_header(v, &header);
            v->result->start = v->state;
            v->result->has_header = !v->stop;
            v->result->header_first = header.first;
        }
        if (difference)
            go_on_from(v, start);
    } else if (start && (v->piece.kind == TX_PIECE_LINE || v->piece.kind == TX_PIECE_LONG)) {
        tx_verify_find(v, TX_FINDING_CHANGED,
                       "the header is not what follows from the segment before it");
        go_on_from(v, start);
    } else {
        find_no_header(v, r);
        v->stop = true;
    }
    begin(v);
}

/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "auditd/signer/signer.h"
#include "libtx/crypto/note.h"
#include "libtx/merkle/checkpoint.h"

/*
 * One request at a time: a copy of the state is changed, saved, and only then becomes the state; so
 * a request that fails leaves all as it was. A handler returns 0 and has filled the reply, or an
 * enum tx_notary_error.
 */

/* So that a ROTATE's two more leaves never overflow the tree. */
#define SIZE_MAX_LEAVES (UINT64_C(1) << 62)

typedef int (*handler)(struct tx_signer *signer, const struct tx_notary_request *request,
                       struct tx_notary_reply *reply);

static struct tx_epoch_now read_now(const struct tx_signer *signer) {
    struct tx_epoch_now now;
    memcpy(now.boot_id, signer->boot_id, sizeof(now.boot_id));
    tx_epoch_read_clocks(&now);
    return now;
}

static bool is_rotate_due(const struct tx_signer *signer, const struct tx_epoch_now *now) {
    if (signer->state.pending)
        return false;
    return !signer->keys.active || tx_epoch_is_due(&signer->state, &signer->options.limits, now);
}

static int save(struct tx_signer *signer, const struct tx_state *next, bool sync) {
    if (tx_state_file_save(signer->file, signer->hasher, next, sync) < 0)
        return TX_NOTARY_E_STORAGE;
    signer->state = *next;
    return 0;
}

/* How many leaves a request has. */
static uint64_t count_leaves(const struct tx_notary_request *request) {
    return request->range.end - request->range.begin + (request->last.n > 0 ? 1 : 0);
}

static int take_leaves(struct tx_signer *signer, struct tx_state *next,
                       const struct tx_notary_request *request, const struct tx_epoch_now *now) {
    struct tx_digest leaf;
    if (request->range.end >= SIZE_MAX_LEAVES ||
        tx_range_merge(&next->range, signer->hasher, &request->range) < 0)
        return TX_NOTARY_E_RANGE;
    if (request->last.n > 0) {
        tx_hash_leaf(signer->hasher, request->last.p, request->last.n, &leaf);
        tx_range_append(&next->range, signer->hasher, &leaf);
    }
    if (count_leaves(request) > 0)
        tx_epoch_mark_first(next, now);
    return 0;
}

/* docs/format.md section 3: d_(i+1) = H(d_i ‖ note). */
static void count_note(struct tx_signer *signer, struct tx_state *state, bool seal) {
    tx_hash(signer->hasher, state->digest.bytes, sizeof(state->digest.bytes), state->note,
            state->n_note, NULL, 0, &state->digest);
    state->n_checkpoints++;
    state->last_was_seal = seal;
}

static void render_text(struct tx_signer *signer, const struct tx_state *state, struct tx_buf *b) {
    struct tx_checkpoint checkpoint = {.origin = signer->options.origin, .size = state->range.end};
    tx_range_root(&state->range, signer->hasher, &checkpoint.root);
    tx_checkpoint_render(&checkpoint, b);
}

/* Signs a checkpoint of the state's tree as its last note: by identity, by the active epoch unless
 * it is broken, and at an epoch's end by the next one. */
static int sign(struct tx_signer *signer, struct tx_state *state, const struct tx_epoch_now *now) {
    const struct tx_signing_key *keys[] = {signer->keys.identity,
                                           state->broken ? NULL : signer->keys.active,
                                           state->pending ? signer->keys.pending : NULL};
    uint64_t time = now->wall_ns > 0 ? (uint64_t)now->wall_ns / 1000000000 : 0;
    char memory[TX_CHECKPOINT_TEXT_BYTES];
    struct tx_buf text = tx_buf_of(memory, sizeof(memory));
    struct tx_buf note = tx_buf_of(state->note, sizeof(state->note));

    if (time > state->last_time)
        state->last_time = time;
    render_text(signer, state, &text);
    tx_buf_put(&note, memory, text.len);
    tx_buf_char(&note, '\n');
    for (size_t i = 0; i < TX_COUNT_OF(keys); i++)
        if (keys[i] && tx_signing_key_sign_note(keys[i], (struct tx_text){memory, text.len},
                                                state->last_time, &note) < 0)
            return TX_NOTARY_E_STORAGE;
    if (text.full || note.full)
        return TX_NOTARY_E_STORAGE;
    state->n_note = note.len;
    return 0;
}

static int erase_old_secret(struct tx_signer *signer) {
    if (!signer->has_old_secret)
        return 0;
    if (tx_keys_erase_epoch(signer->options.dirfd, signer->state.epoch - 1) < 0)
        return TX_NOTARY_E_STORAGE;
    signer->has_old_secret = false;
    return 0;
}

static int reply_note(struct tx_signer *signer, const struct tx_epoch_now *now,
                      struct tx_notary_reply *reply) {
    reply->type = TX_NOTARY_NOTE;
    reply->note = (struct tx_text){signer->state.note, signer->state.n_note};
    reply->rotate_due = is_rotate_due(signer, now);
    return 0;
}

/* The first checkpoint after a tracex.epoch record. From the save on the old secret is not needed
 * any more; it is gone before the note is given. */
static int finish_rotation(struct tx_signer *signer, const struct tx_epoch_now *now) {
    struct tx_state next = signer->state;
    int r = sign(signer, &next, now);
    if (r != 0)
        return r;
    count_note(signer, &next, false);
    next.epoch++;
    next.epoch_vkey = next.pending_vkey;
    next.epoch_begin = next.range.end;
    next.has_first = false;
    next.pending = false;
    next.broken = false;
    next.n_line = 0;
    r = save(signer, &next, true);
    if (r != 0)
        return r;
    tx_signing_key_free(signer->keys.active);
    signer->keys.active = TX_STEAL(signer->keys.pending);
    signer->has_old_secret = true;
    return erase_old_secret(signer);
}

static int seal_again(struct tx_signer *signer) {
    struct tx_state next = signer->state;
    if (next.last_was_seal)
        return 0;
    count_note(signer, &next, true);
    return save(signer, &next, true);
}

static int grow_by_nothing(struct tx_signer *signer, bool seal, const struct tx_epoch_now *now,
                           struct tx_notary_reply *reply) {
    int r = 0;
    if (signer->state.pending)
        r = seal ? TX_NOTARY_E_PENDING : finish_rotation(signer, now);
    else if (signer->state.n_note == 0)
        r = TX_NOTARY_E_RANGE;
    else if (seal)
        r = seal_again(signer);
    return r != 0 ? r : reply_note(signer, now, reply);
}

static int grow(struct tx_signer *signer, const struct tx_notary_request *request,
                struct tx_notary_reply *reply) {
    struct tx_epoch_now now = read_now(signer);
    struct tx_state next = signer->state;

    int r = erase_old_secret(signer);
    if (r != 0)
        return r;
    if (request->range.begin != next.range.end)
        return TX_NOTARY_E_RANGE;
    if (count_leaves(request) == 0)
        return grow_by_nothing(signer, request->seal, &now, reply);
    if (next.pending)
        return TX_NOTARY_E_PENDING;
    if (request->last.n == 0 || tx_epoch_is_line(request->last))
        return TX_NOTARY_E_LEAF;
    r = take_leaves(signer, &next, request, &now);
    if (r != 0)
        return r;
    if (!signer->keys.active || tx_epoch_is_over(&next, &signer->options.limits, &now))
        return TX_NOTARY_E_ROTATE_FIRST;
    r = sign(signer, &next, &now);
    if (r != 0)
        return r;
    count_note(signer, &next, request->seal);
    r = save(signer, &next, request->seal);
    return r != 0 ? r : reply_note(signer, &now, reply);
}

static int reply_line(const struct tx_signer *signer, struct tx_notary_reply *reply) {
    reply->type = TX_NOTARY_LINE;
    reply->line = (struct tx_text){signer->state.line, signer->state.n_line};
    return 0;
}

/* Renders the line for the tree's end and takes it as a leaf. */
static int take_line(struct tx_signer *signer, struct tx_state *next, const struct tx_vkey *vkey) {
    struct tx_buf line = tx_buf_of(next->line, sizeof(next->line));
    struct tx_digest leaf;
    next->pending = true;
    next->pending_vkey = *vkey;
    next->broken = signer->keys.active == NULL;
    tx_epoch_render_line(next, next->range.end, vkey, next->broken, &line);
    if (line.full)
        return TX_NOTARY_E_STORAGE;
    next->n_line = line.len;
    tx_hash_leaf(signer->hasher, line.data, line.len, &leaf);
    tx_range_append(&next->range, signer->hasher, &leaf);
    next->n_checkpoints = 0;
    memset(&next->digest, 0, sizeof(next->digest));
    next->last_was_seal = false;
    return 0;
}

static int rotate(struct tx_signer *signer, const struct tx_notary_request *request,
                  struct tx_notary_reply *reply) {
    _cleanup_(tx_signing_key_freep) struct tx_signing_key *key = NULL;
    struct tx_epoch_now now = read_now(signer);
    struct tx_state next = signer->state;

    int r = erase_old_secret(signer);
    if (r != 0)
        return r;
    if (next.pending)
        return request->range.begin + count_leaves(request) == next.range.end - 1
                   ? reply_line(signer, reply)
                   : TX_NOTARY_E_RANGE;
    if (request->range.begin != next.range.end)
        return TX_NOTARY_E_RANGE;
    r = take_leaves(signer, &next, request, &now);
    if (r != 0)
        return r;
    if (tx_keys_make_epoch(signer->options.dirfd, signer->hasher, signer->options.origin,
                           next.epoch + 1, &key) < 0)
        return TX_NOTARY_E_STORAGE;
    r = take_line(signer, &next, tx_signing_key_vkey(key));
    if (r == 0)
        r = save(signer, &next, true);
    if (r != 0)
        return r;
    signer->keys.pending = TX_STEAL(key);
    return reply_line(signer, reply);
}

/* Whether `text` is a note that this signer gave for the state's tree in the active epoch, in the
 * one spelling that it has. Takes it as the state's last. */
static int take_note(struct tx_signer *signer, struct tx_state *next, struct tx_text text) {
    const struct tx_vkey *vkeys[] = {&next->identity, &next->epoch_vkey};
    struct tx_buf again = tx_buf_of(next->note, sizeof(next->note));
    struct tx_note note;
    uint64_t time = 0;

    if (tx_note_parse(text, &note) < 0 || note.n_signatures != TX_COUNT_OF(vkeys))
        return TX_NOTARY_E_NOTE;
    render_text(signer, next, &again);
    tx_buf_char(&again, '\n');
    for (size_t i = 0; i < TX_COUNT_OF(vkeys); i++) {
        if (tx_note_verify(&note, vkeys[i], &time) != 0)
            return TX_NOTARY_E_NOTE;
        tx_note_render_signature(vkeys[i], note.signatures[i].blob, note.signatures[i].n_blob,
                                 &again);
    }
    next->n_note = again.len;
    if (again.full || !tx_text_equal((struct tx_text){next->note, next->n_note}, text))
        return TX_NOTARY_E_NOTE;
    if (time > next->last_time)
        next->last_time = time;
    return 0;
}

static int replay_seal(struct tx_signer *signer, struct tx_text note) {
    struct tx_text last = {.p = signer->state.note, .n = signer->state.n_note};
    return last.n > 0 && tx_text_equal(note, last) ? seal_again(signer) : TX_NOTARY_E_NOTE;
}

static int replay(struct tx_signer *signer, const struct tx_notary_request *request,
                  struct tx_notary_reply *reply) {
    struct tx_epoch_now now = read_now(signer);
    struct tx_state next = signer->state;

    reply->type = TX_NOTARY_DONE;
    if (next.pending)
        return TX_NOTARY_E_PENDING;
    if (request->range.begin != next.range.end)
        return TX_NOTARY_E_RANGE;
    if (count_leaves(request) == 0)
        return request->seal ? replay_seal(signer, request->note) : TX_NOTARY_E_RANGE;
    int r = take_leaves(signer, &next, request, &now);
    if (r != 0)
        return r;
    r = take_note(signer, &next, request->note);
    if (r != 0)
        return r;
    count_note(signer, &next, request->seal);
    return save(signer, &next, request->seal);
}

static int hello(struct tx_signer *signer, const struct tx_notary_request *request,
                 struct tx_notary_reply *reply) {
    const struct tx_state *state = &signer->state;
    struct tx_epoch_now now = read_now(signer);
    (void)request;
    reply->type = TX_NOTARY_STATE;
    reply->state = (struct tx_notary_state){
        .identity = state->identity,
        .epoch0 = state->epoch0,
        .epoch_vkey = state->epoch_vkey,
        .epoch = state->epoch,
        .range = state->range,
        .n_checkpoints = state->n_checkpoints,
        .digest = state->digest,
        .last_was_seal = state->last_was_seal,
        .rotate_due = is_rotate_due(signer, &now),
        .note = {.p = state->note, .n = state->n_note},
        .pending_line = {.p = state->line, .n = state->pending ? state->n_line : 0},
    };
    return 0;
}

static const handler handlers[] = {
    [TX_NOTARY_HELLO] = hello,
    [TX_NOTARY_GROW] = grow,
    [TX_NOTARY_ROTATE] = rotate,
    [TX_NOTARY_REPLAY] = replay,
};

void tx_signer_serve(struct tx_signer *signer, struct tx_text message, struct tx_buf *reply) {
    struct tx_notary_request request;
    struct tx_notary_reply answer = {.type = TX_NOTARY_ERROR};
    int r = tx_notary_request_parse(message, &request) < 0
                ? TX_NOTARY_E_MALFORMED
                : handlers[request.type](signer, &request, &answer);
    if (r != 0)
        answer = (struct tx_notary_reply){.type = TX_NOTARY_ERROR, .error = r};
    r = tx_notary_reply_render(&answer, reply);
    assert(r == 0);
}

void tx_signer_render_status(const struct tx_signer *signer, struct tx_buf *b) {
    const struct tx_state *state = &signer->state;
    struct tx_epoch_now now = read_now(signer);
    tx_buf_str(b, "{\"size\":");
    tx_buf_dec(b, state->range.end);
    tx_buf_str(b, ",\"epoch\":");
    tx_buf_dec(b, state->epoch);
    tx_buf_str(b, ",\"epoch_records\":");
    tx_buf_dec(b, state->range.end - state->epoch_begin);
    tx_buf_str(b, ",\"epoch_age_s\":");
    tx_buf_dec_signed(b, state->has_first ? (now.boot_ns - state->first_boot_ns) / 1000000000 : 0);
    tx_buf_str(b, ",\"rotate_due\":");
    tx_buf_str(b, is_rotate_due(signer, &now) ? "true" : "false");
    tx_buf_str(b, ",\"rotation_pending\":");
    tx_buf_str(b, state->pending ? "true" : "false");
    tx_buf_str(b, ",\"epoch_key_lost\":");
    tx_buf_str(b, signer->keys.active ? "false" : "true");
    tx_buf_str(b, ",\"old_secret_left\":");
    tx_buf_str(b, signer->has_old_secret ? "true" : "false");
    tx_buf_char(b, '}');
}

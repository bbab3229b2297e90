/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/tip.h"

#include <string.h>

#include "libtx/crypto/note.h"
#include "libtx/merkle/checkpoint.h"

void tx_tip_deinit(struct tx_tip *tip) {
    tx_bytes_deinit(&tip->note);
}

static int set_note(struct tx_tip *tip, const void *note, size_t n) {
    tip->note.len = 0;
    return tx_bytes_append(&tip->note, note, n);
}

int tx_tip_copy(struct tx_tip *to, const struct tx_tip *from) {
    struct tx_bytes note = to->note;
    note.len = 0;
    int r = tx_bytes_append(&note, from->note.data, from->note.len);
    if (r < 0)
        return r;
    *to = *from;
    to->note = note;
    return 0;
}

void tx_tip_begin(struct tx_tip *tip, const struct tx_vkey *epoch0) {
    tx_range_init(&tip->tree, 0);
    tip->epoch = 0;
    tip->epoch_vkey = *epoch0;
    tip->epoch_open = false;
    tip->n_checkpoints = 0;
    memset(&tip->digest, 0, sizeof(tip->digest));
    tip->note.len = 0;
    tip->checkpoint_size = 0;
}

int tx_tip_from_header(struct tx_tip *tip, const struct tx_control_header *header) {
    tx_tip_begin(tip, &header->epoch_vkey);
    tip->tree = header->range;
    tip->epoch = header->epoch;
    tip->n_checkpoints = header->n_checkpoints;
    tip->digest = header->digest;
    tip->checkpoint_size = header->first;
    return header->previous.p ? set_note(tip, header->previous.p, header->previous.n) : 0;
}

void tx_tip_to_header(const struct tx_tip *tip, struct tx_text origin,
                      struct tx_control_header *ret) {
    *ret = (struct tx_control_header){
        .origin = origin,
        .first = tip->tree.end,
        .range = tip->tree,
        .epoch = tip->epoch,
        .epoch_vkey = tip->epoch_vkey,
        .n_checkpoints = tip->n_checkpoints,
        .digest = tip->digest,
    };
    if (tip->note.len)
        ret->previous = (struct tx_text){.p = (const char *)tip->note.data, .n = tip->note.len};
}

static int open_epoch(struct tx_tip *tip, struct tx_hasher *hasher, struct tx_text line) {
    char memory[1024];
    struct tx_buf scratch = tx_buf_of(memory, sizeof(memory));
    struct tx_control_epoch epoch;
    int r = tx_control_parse_epoch(hasher, line, &scratch, &epoch);
    if (r < 0)
        return r == -ENOMEM ? r : -EBADMSG;
    tip->next_vkey = epoch.vkey;
    tip->epoch_open = true;
    tip->epoch++;
    tip->n_checkpoints = 0;
    memset(&tip->digest, 0, sizeof(tip->digest));
    return 0;
}

int tx_tip_add_record(struct tx_tip *tip, struct tx_hasher *hasher, struct tx_text line,
                      struct tx_digest *ret_leaf) {
    if (tip->epoch_open)
        return -EBADMSG;
    if (tx_line_is_epoch(line)) {
        int r = open_epoch(tip, hasher, line);
        if (r < 0)
            return r;
    }
    tx_hash_leaf(hasher, line.p, line.n, ret_leaf);
    tx_range_append(&tip->tree, hasher, ret_leaf);
    return 0;
}

int tx_tip_add_note(struct tx_tip *tip, struct tx_hasher *hasher, struct tx_text note) {
    int r = set_note(tip, note.p, note.n);
    if (r < 0)
        return r;
    tx_control_digest_note(hasher, &tip->digest, note);
    tip->n_checkpoints++;
    tip->checkpoint_size = tip->tree.end;
    if (tip->epoch_open)
        tip->epoch_vkey = tip->next_vkey;
    tip->epoch_open = false;
    return 0;
}

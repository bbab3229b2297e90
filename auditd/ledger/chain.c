/* SPDX-License-Identifier: MIT */
#include "auditd/ledger/chain.h"

#include <string.h>

#include "libtx/crypto/note.h"
#include "libtx/merkle/checkpoint.h"

void tx_chain_deinit(struct tx_chain *chain) {
    tx_bytes_deinit(&chain->note);
}

static int set_note(struct tx_chain *chain, const void *note, size_t n) {
    chain->note.len = 0;
    return tx_bytes_append(&chain->note, note, n);
}

int tx_chain_copy(struct tx_chain *to, const struct tx_chain *from) {
    struct tx_bytes note = to->note;
    note.len = 0;
    int r = tx_bytes_append(&note, from->note.data, from->note.len);
    if (r < 0)
        return r;
    *to = *from;
    to->note = note;
    return 0;
}

void tx_chain_begin(struct tx_chain *chain, const struct tx_vkey *epoch0) {
    tx_range_init(&chain->tree, 0);
    chain->epoch = 0;
    chain->epoch_vkey = *epoch0;
    chain->epoch_open = false;
    chain->n_checkpoints = 0;
    memset(&chain->digest, 0, sizeof(chain->digest));
    chain->note.len = 0;
    chain->checkpoint_size = 0;
}

int tx_chain_from_header(struct tx_chain *chain, const struct tx_control_header *header) {
    tx_chain_begin(chain, &header->epoch_vkey);
    chain->tree = header->range;
    chain->epoch = header->epoch;
    chain->n_checkpoints = header->n_checkpoints;
    chain->digest = header->digest;
    chain->checkpoint_size = header->first;
    return header->previous.p ? set_note(chain, header->previous.p, header->previous.n) : 0;
}

void tx_chain_to_header(const struct tx_chain *chain, struct tx_text origin,
                        struct tx_control_header *ret) {
    *ret = (struct tx_control_header){
        .origin = origin,
        .first = chain->tree.end,
        .range = chain->tree,
        .epoch = chain->epoch,
        .epoch_vkey = chain->epoch_vkey,
        .n_checkpoints = chain->n_checkpoints,
        .digest = chain->digest,
    };
    if (chain->note.len)
        ret->previous = (struct tx_text){.p = (const char *)chain->note.data, .n = chain->note.len};
}

static int open_epoch(struct tx_chain *chain, struct tx_hasher *hasher, struct tx_text line) {
    char memory[1024];
    struct tx_buf scratch = tx_buf_of(memory, sizeof(memory));
    struct tx_control_epoch epoch;
    int r = tx_control_parse_epoch(hasher, line, &scratch, &epoch);
    if (r < 0)
        return r == -ENOMEM ? r : -EBADMSG;
    chain->next_vkey = epoch.vkey;
    chain->epoch_open = true;
    chain->epoch++;
    chain->n_checkpoints = 0;
    memset(&chain->digest, 0, sizeof(chain->digest));
    return 0;
}

int tx_chain_add_record(struct tx_chain *chain, struct tx_hasher *hasher, struct tx_text line,
                        struct tx_digest *ret_leaf) {
    if (chain->epoch_open)
        return -EBADMSG;
    if (tx_line_is_epoch(line)) {
        int r = open_epoch(chain, hasher, line);
        if (r < 0)
            return r;
    }
    tx_hash_leaf(hasher, line.p, line.n, ret_leaf);
    tx_range_append(&chain->tree, hasher, ret_leaf);
    return 0;
}

int tx_chain_add_note(struct tx_chain *chain, struct tx_hasher *hasher, struct tx_text note) {
    int r = set_note(chain, note.p, note.n);
    if (r < 0)
        return r;
    tx_control_digest_note(hasher, &chain->digest, note);
    chain->n_checkpoints++;
    chain->checkpoint_size = chain->tree.end;
    if (chain->epoch_open)
        chain->epoch_vkey = chain->next_vkey;
    chain->epoch_open = false;
    return 0;
}

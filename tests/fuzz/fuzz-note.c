/* SPDX-License-Identifier: MIT */
/* Signed notes, checkpoints and verifier keys: what parses renders to the same bytes. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "libtx/crypto/note.h"
#include "libtx/merkle/checkpoint.h"

static void check_checkpoint(struct tx_text text) {
    char memory[TX_CHECKPOINT_TEXT_BYTES];
    struct tx_checkpoint checkpoint;
    if (tx_checkpoint_parse(text, &checkpoint) < 0)
        return;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_checkpoint_render(&checkpoint, &b);
    assert(!b.full && b.len == text.n && memcmp(memory, text.p, text.n) == 0);
}

static void check_vkey(struct tx_hasher *hasher, struct tx_text text) {
    char memory[TX_VKEY_TEXT_BYTES];
    struct tx_vkey vkey;
    if (tx_vkey_parse(hasher, text, &vkey) < 0)
        return;
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_vkey_render(&vkey, &b);
    assert(!b.full && b.len == text.n && memcmp(memory, text.p, text.n) == 0);
}

static void check_note(struct tx_text text) {
    static struct tx_note note;
    if (tx_note_parse(text, &note) < 0)
        return;
    assert(note.n_signatures >= 1 && note.n_signatures <= TX_LIMIT_NOTE_SIGNATURES);
    assert(note.text.n > 0 && note.text.p[note.text.n - 1] == '\n');
    check_checkpoint(note.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static struct tx_hasher *hasher;
    struct tx_text text = {.p = (const char *)data, .n = n};
    if (!hasher && tx_hasher_new(&hasher) < 0)
        return 0;
    check_note(text);
    check_checkpoint(text);
    check_vkey(hasher, text);
    return 0;
}

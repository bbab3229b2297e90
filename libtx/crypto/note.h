/* SPDX-License-Identifier: MIT */
#ifndef TX_CRYPTO_NOTE_H
#define TX_CRYPTO_NOTE_H

/*
 * C2SP signed-note: a text that ends in a newline, an empty line, and signature lines
 * "— <name> <base64(key id ‖ signature)>\n". Parsing is strict: valid UTF-8, no control characters
 * but newline, canonical base64, at most 100 signatures, no (name, key id) twice. It does not know
 * what a text means: see libtx/merkle/checkpoint.h.
 */

#include "libtx/base/limits.h"
#include "libtx/base/text.h"
#include "libtx/crypto/vkey.h"

struct tx_note_signature {
    struct tx_text name; /* borrowed from the note */
    uint8_t id[4];
    uint8_t
        blob[TX_SIGNATURE_BYTES + 8]; /* what follows the id: 64 bytes, or 72 with a time stamp */
    size_t n_blob; /* larger ones (of types that we do not know) are kept by length only */
};

struct tx_note {
    struct tx_text text; /* with its last newline; borrowed */
    size_t n_signatures;
    struct tx_note_signature signatures[TX_LIMIT_NOTE_SIGNATURES];
};

/* -EBADMSG when malformed. ret borrows from note. */
TX_MUST_USE int tx_note_parse(struct tx_text note, struct tx_note *ret);

/* Finds the key's signature and verifies it. For a cosignature *ret_time is its time stamp (POSIX
 * seconds), else 0; ret_time may be NULL. */
enum {
    TX_NOTE_E_ABSENT = 1, /* no signature by that name and id */
    TX_NOTE_E_BAD,        /* there is one, and it does not verify */
};
TX_MUST_USE int tx_note_verify(const struct tx_note *note, const struct tx_vkey *vkey,
                               uint64_t *ret_time);

/* The bytes that a cosignature/v1 signs: "cosignature/v1\ntime <t>\n" ‖ text. */
void tx_note_cosigned_message(struct tx_text text, uint64_t time, struct tx_buf *b);

/* Appends "— <name> <base64(id ‖ blob)>\n". */
void tx_note_render_signature(const struct tx_vkey *vkey, const uint8_t *blob, size_t n_blob,
                              struct tx_buf *b);

#endif

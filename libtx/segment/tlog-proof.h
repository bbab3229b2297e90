/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_TLOG_PROOF_H
#define TX_SEGMENT_TLOG_PROOF_H

/*
 * A C2SP tlog-proof (c2sp.org/tlog-proof@v1): an entry's index, its inclusion path, the checkpoint
 * as a signed note, and extra data, here always the entry itself. It is a text; whether it proves
 * anything is the caller's question (libtx/merkle/proof.h, libtx/crypto/note.h).
 */

#include "libtx/base/buf.h"
#include "libtx/base/limits.h"
#include "libtx/base/text.h"
#include "libtx/merkle/proof.h"

struct tx_tlog_proof {
    struct tx_text extra; /* p == NULL: none */
    uint64_t index;
    size_t n_path;
    struct tx_digest path[TX_PROOF_MAX_NODES];
    struct tx_text note; /* the checkpoint, signature lines included */
};

/* The longest that we write or read: a record in base64, a path, a note. */
#define TX_TLOG_PROOF_BYTES                                                                        \
    (64 + (TX_LIMIT_LINE_BYTES / 3 + 1) * 4 + TX_PROOF_MAX_NODES * 45 + TX_LIMIT_NOTE_BYTES)

void tx_tlog_proof_render(const struct tx_tlog_proof *proof, struct tx_buf *b);

/* `extra` is put into scratch, the note is borrowed from text. -EBADMSG when it is not the form
 * that tx_tlog_proof_render writes, -ENOBUFS when scratch is too small (text.n bytes are enough).
 */
TX_MUST_USE int tx_tlog_proof_parse(struct tx_text text, struct tx_buf *scratch,
                                    struct tx_tlog_proof *ret);

#endif

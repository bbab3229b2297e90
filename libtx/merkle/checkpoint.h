/* SPDX-License-Identifier: MIT */
#ifndef TX_MERKLE_CHECKPOINT_H
#define TX_MERKLE_CHECKPOINT_H

/*
 * The text of a C2SP tlog-checkpoint: origin, size, base64 root, each on a line, and nothing more.
 * It is what a signed note carries (libtx/crypto/note.h).
 */

#include "libtx/base/buf.h"
#include "libtx/base/limits.h"
#include "libtx/base/text.h"
#include "libtx/crypto/hash.h"

#define TX_CHECKPOINT_TEXT_BYTES (TX_LIMIT_ORIGIN_BYTES + 1 + 20 + 1 + 44 + 1)

struct tx_checkpoint {
    struct tx_text origin; /* borrowed */
    uint64_t size;
    struct tx_digest root;
};

/* -EBADMSG when it is not exactly the three lines. ret borrows from text. */
TX_MUST_USE int tx_checkpoint_parse(struct tx_text text, struct tx_checkpoint *ret);
void tx_checkpoint_render(const struct tx_checkpoint *checkpoint, struct tx_buf *b);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_IPC_NOTARY_H
#define TX_IPC_NOTARY_H

/*
 * Ledger → signer: four requests, each answered by one reply; one SEQPACKET message each,
 * little-endian. The signer has its own compact range [0, size) and computes every root itself, so
 * a ledger that was taken over gets no second root for a size and no key of its own into the chain.
 *
 *   HELLO   → STATE  what the signer knows
 *   GROW    → NOTE   merges [begin, end) into its range and signs a checkpoint of size end. begin =
 * size. begin = end = size gives the stored note again, unless a rotation is pending: then it signs
 * with both epochs' keys, stores, erases the old secret, and answers. With `seal` the note is
 * counted once more, as the seal's line has it. ROTATE  → LINE   merges [begin, end), makes the
 * next epoch's key, renders the tracex.epoch record for seq = end and takes that leaf into its
 * range. Asked again (begin = end = size - 1 or the same range), it gives the same line. The next
 * request is GROW(size, size). REPLAY  → DONE   after a power cut the signer may be behind its own
 * notes in the log: merges [begin, end), and takes `note`, if root and signatures are its own, as
 * its last. With `seal` as for GROW; begin = end = size only with `seal`. any     → ERROR
 * TX_NOTARY_E_*, and the state is as before.
 *
 * The signer counts every note that it gives or replays once, in order, into `n_checkpoints` and
 * `digest` (docs/format.md section 3), so the ledger writes each note into exactly one line.
 */

#include <stdbool.h>

#include "libtx/base/bytes.h"
#include "libtx/crypto/vkey.h"
#include "libtx/merkle/range.h"

enum tx_notary_type {
    TX_NOTARY_HELLO = 1,
    TX_NOTARY_GROW,
    TX_NOTARY_ROTATE,
    TX_NOTARY_REPLAY,

    TX_NOTARY_STATE = 65,
    TX_NOTARY_NOTE,
    TX_NOTARY_LINE,
    TX_NOTARY_DONE,
    TX_NOTARY_ERROR,
};

enum tx_notary_error {
    TX_NOTARY_E_RANGE =
        1, /* begin is not the signer's size, or the nodes are not those of the range */
    TX_NOTARY_E_ROTATE_FIRST, /* the epoch is past its age or count */
    TX_NOTARY_E_PENDING,      /* a rotation waits for its GROW */
    TX_NOTARY_E_NOTE,         /* REPLAY: the note is not the signer's own */
    TX_NOTARY_E_MALFORMED,
    TX_NOTARY_E_STORAGE, /* its state could not be stored; try again */
};

struct tx_notary_request {
    enum tx_notary_type type;
    struct tx_range range; /* GROW, ROTATE, REPLAY */
    bool seal;             /* GROW, REPLAY */
    struct tx_text note;   /* REPLAY; borrowed */
};

struct tx_notary_state {
    struct tx_vkey identity;
    struct tx_vkey epoch0;
    struct tx_vkey epoch_vkey; /* the active one */
    uint64_t epoch;
    struct tx_range range; /* [0, size) */
    uint64_t n_checkpoints;
    struct tx_digest digest;
    bool last_was_seal;
    bool rotate_due;             /* age or count, or the epoch's secret is lost */
    struct tx_text note;         /* the last one; n == 0: none was signed yet */
    struct tx_text pending_line; /* n == 0: no rotation is pending; else seq = size - 1 */
};

struct tx_notary_reply {
    enum tx_notary_type type;
    struct tx_notary_state state; /* STATE */
    struct tx_text note;          /* NOTE */
    bool rotate_due;              /* NOTE: a ROTATE should follow before long */
    struct tx_text line;          /* LINE, without newline */
    enum tx_notary_error error;   /* ERROR */
};

#define TX_NOTARY_MESSAGE_BYTES (192u * 1024u)

/* Appends the message. -EMSGSIZE. */
TX_MUST_USE int tx_notary_request_render(const struct tx_notary_request *request, struct tx_buf *b);
TX_MUST_USE int tx_notary_reply_render(const struct tx_notary_reply *reply, struct tx_buf *b);

/* -EBADMSG. Texts borrow from the message. */
TX_MUST_USE int tx_notary_request_parse(struct tx_text message, struct tx_notary_request *ret);
TX_MUST_USE int tx_notary_reply_parse(struct tx_hasher *hasher, struct tx_text message,
                                      struct tx_notary_reply *ret);

/* The ledger's side: sends a request on the blocking socket and waits for its reply. *memory holds
 * the reply's texts (TX_NOTARY_MESSAGE_BYTES). -EPIPE when the signer is gone. */
TX_MUST_USE int tx_notary_call(int fd, struct tx_hasher *hasher,
                               const struct tx_notary_request *request, struct tx_buf *memory,
                               struct tx_notary_reply *ret);

#endif

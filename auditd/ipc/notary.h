/* SPDX-License-Identifier: MIT */
#ifndef TX_IPC_NOTARY_H
#define TX_IPC_NOTARY_H

/*
 * Ledger → signer: four requests, each answered by one reply; one SEQPACKET message each,
 * little-endian. The signer has its own compact range [0, size) and computes every root itself, so
 * a ledger that was taken over gets no second root for a size and no key of its own into the chain.
 *
 *   HELLO  → STATE  what the signer knows.
 *   GROW   → NOTE   takes the leaves of `range` and then `last` (the bytes of one more leaf) into
 *                   its own range, which ends where `range` begins, and signs a checkpoint over
 *                   all. Both empty (begin = end = size, no `last`): the stored note again; but
 *                   while a rotation is pending it signs with both epochs' keys, stores, erases
 *                   the old secret, and answers. With `seal` and both empty, the stored note is
 *                   counted once more, as the seal's line has it (asked again, it is not).
 *   ROTATE → LINE   takes `range` and `last` (which may be empty), makes the next epoch's key,
 *                   renders the tracex.epoch record for the index where that ends, and takes it
 *                   as a leaf. Asked again before the next GROW (the same leaves, or none: begin =
 *                   end = size - 1), it gives the same line. Then comes GROW with both empty.
 *   REPLAY → DONE   after a power cut the signer may be behind its own notes in the log: takes
 *                   `range`, and `note` as its last, if root and signatures are its own. With
 *                   `seal` as for GROW; an empty range only with `seal`.
 *   any    → ERROR  TX_NOTARY_E_*, and the state is as before.
 *
 * Why GROW shows its last leaf: an epoch's record counts only when a checkpoint comes right after
 * it. The signer refuses to sign one there unless it made that record itself, so nobody else's key
 * gets into the chain.
 *
 * The signer counts every note that it gives or replays once, in order, into `n_checkpoints` and
 * `digest` (docs/format.md section 3), so the ledger writes each note into exactly one line. That
 * line is durable before the next note or line is asked for: after a crash at most the signer's
 * last note and its pending line are missing from the log, and STATE has both.
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
    TX_NOTARY_E_LEAF, /* GROW: `range` has leaves and `last` is empty, or `last` is a tracex.epoch
                         record that the signer did not make */
};

struct tx_notary_request {
    enum tx_notary_type type;
    struct tx_range range; /* GROW, ROTATE, REPLAY */
    struct tx_text last;   /* GROW, ROTATE: a record's line without newline; borrowed */
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
 * the reply's texts (TX_NOTARY_MESSAGE_BYTES); the request's must not lie in it. -EPIPE when the
 * signer is gone. */
TX_MUST_USE int tx_notary_call(int fd, struct tx_hasher *hasher,
                               const struct tx_notary_request *request, struct tx_buf *memory,
                               struct tx_notary_reply *ret);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_SIGNATURES_H
#define TX_SEGMENT_SIGNATURES_H

/*
 * The signatures on a checkpoint: which keys have to stand there in which order, and, when they do
 * not, whether a line was changed or another key has signed. It knows no file and no tree.
 */

#include "libtx/crypto/note.h"
#include "libtx/segment/finding.h"

/* Checks one signature: 0, TX_NOTE_E_ABSENT, TX_NOTE_E_BAD or -errno. NULL: tx_note_verify. Tests
 * put a cache here. */
struct tx_signature_checker {
    int (*verify)(void *context, const struct tx_note *note, const struct tx_vkey *vkey,
                  uint64_t *ret_time);
    void *context;
};

/* Whose signatures a checkpoint carries. */
struct tx_signers {
    const struct tx_vkey *identity;   /* NULL: not known, not checked */
    const struct tx_vkey *epoch;      /* NULL: not known, not checked */
    const struct tx_vkey *next_epoch; /* the first checkpoint after a tracex.epoch record */
    bool has_epoch;                   /* false: the epoch's key was lost (a broken epoch) */
    bool has_next;
    bool allow_more; /* others' signatures may stand behind ours (not within a segment) */
};

struct tx_signature_verdict {
    enum tx_finding_kind kind; /* what is wrong */
    char text[TX_FINDING_TEXT_BYTES];
    uint64_t time; /* POSIX seconds, of the last epoch key's signature; 0 when there is none */
};

/* 0: all are right. */
enum { TX_SIGNATURES_E_WRONG = 1 };
TX_MUST_USE int tx_signatures_check(const struct tx_signature_checker *checker,
                                    struct tx_note *note, const struct tx_signers *signers,
                                    struct tx_signature_verdict *ret);

/* "<origin>/epoch/<E>" into ret (TX_KEY_NAME_BYTES); its length, or 0 when it does not fit. */
size_t tx_epoch_key_name(struct tx_text origin, uint64_t epoch, char *ret);

/* Whether the key may be an identity's, or the epoch's, by its name and type. */
bool tx_key_is_identity(const struct tx_vkey *vkey, struct tx_text origin);
bool tx_key_is_epoch(const struct tx_vkey *vkey, struct tx_text origin, uint64_t epoch);

#endif

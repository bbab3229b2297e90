/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_VERIFY_H
#define TX_SEGMENT_VERIFY_H

/*
 * Verifies one segment from the state that its own header claims: every line, leaf, root and
 * signature (docs/format.md section 3). Whether that claim is right is the question of who knows
 * the segment before it, or an anchor of its epoch: libtx/segment/chain.h. After a bad place it
 * goes on as far as anything can still be said.
 */

#include <stdatomic.h>

#include "libtx/merkle/range.h"
#include "libtx/segment/finding.h"
#include "libtx/segment/found.h"
#include "libtx/segment/pruned.h"
#include "libtx/segment/reader.h"
#include "libtx/segment/signatures.h"

/* What is carried from segment to segment: after a checkpoint, at its size. */
struct tx_log_state {
    struct tx_range range; /* [0, size) */
    uint64_t epoch;
    struct tx_vkey epoch_vkey;
    uint64_t n_checkpoints;     /* since the last tracex.epoch record */
    struct tx_digest digest;    /* of their notes */
    struct tx_digest note_hash; /* H(the checkpoint's note); zero at size 0 */
    bool has_note;
    uint64_t time; /* the checkpoint's, POSIX seconds; 0 when not known */
};

#define TX_VERIFY_WATCHES 2

struct tx_verify_options {
    const char *name;               /* of the file, for findings */
    struct tx_text origin;          /* n == 0: the header's is taken */
    const struct tx_vkey *identity; /* NULL: not known */
    bool has_first;                 /* the file's name gives `first` */
    uint64_t first;
    bool has_stop; /* the next segment begins at stop_at */
    uint64_t stop_at;
    const struct tx_log_state *start; /* go on from here, whatever the header says */
    bool headless; /* the bytes begin behind the checkpoint that `start` is of, without a header */
    bool until_tampered;      /* end at the first finding of that class */
    uint64_t repair_attempts; /* 0: do not look for a changed byte */
    const uint64_t *accepted_breaks;
    size_t n_accepted_breaks;
    uint64_t watch[TX_VERIFY_WATCHES]; /* sizes whose root is wanted; TX_NO_SEQ: none */
    const uint64_t *wanted;            /* records whose leaf is wanted; they rise */
    size_t n_wanted;
    struct tx_signature_checker checker;
    /* Whether a record's line is not JSON, asked when one of several must have been changed. May be
     * NULL. */
    bool (*is_broken)(struct tx_text line);
    atomic_uint_least64_t *progress; /* bytes on disk that are done are added; may be NULL */
};

/* An epoch that began in this segment. */
struct tx_segment_epoch {
    uint64_t epoch;
    uint64_t seq; /* of its tracex.epoch record */
    struct tx_vkey vkey;
    size_t n_proof; /* bytes of epochs/<epoch>.tlog-proof as it must be; 0: not known */
    struct tx_digest proof_hash;
    bool broken;
};

struct tx_seq_span {
    uint64_t begin;
    uint64_t end;
};

struct tx_segment_result {
    struct tx_findings findings;
    bool has_header;
    uint64_t header_first;
    bool sealed;
    bool lost;                 /* from some place on the tree could not be followed */
    struct tx_log_state start; /* the header's */
    struct tx_log_state end;   /* after the last checkpoint that the tree agrees with */
    struct tx_log_state reach; /* after the last one whose keys lead back to the segment's first */
    bool has_reach;
    bool epoch_unproven;      /* from some place on the epoch's key is nobody's word that counts */
    struct tx_log_state stop; /* after the last one of size stop_at */
    bool has_stop;
    uint64_t stop_offset; /* of what stands behind that checkpoint */
    uint64_t next_seq;    /* after the last record of the file */
    uint64_t n_records;
    uint64_t n_checkpoints;
    uint64_t tail_offset; /* of what follows the last proven checkpoint */
    uint64_t n_tail_records;
    uint64_t n_tail_bytes;
    bool clean_end;             /* no torn line and nothing after a hole */
    struct tx_seq_span *proven; /* owned */
    size_t n_proven;
    struct tx_segment_epoch *epochs; /* owned */
    size_t n_epochs;
    uint64_t untrusted_from; /* first record after a broken epoch that was not accepted */
    bool has_pruned;         /* the last proven tracex.pruned record */
    struct tx_pruned pruned;
    bool has_watch[TX_VERIFY_WATCHES];
    struct tx_digest watch[TX_VERIFY_WATCHES];
    struct tx_found found; /* of the wanted */
    char *last_note;       /* owned; of `reach` */
    size_t n_last_note;
    char last_event[TX_FINDING_EVENT_BYTES]; /* of the last proven record */
};

/* Everything that is wrong with the bytes is a finding; < 0 is only for want of memory. */
TX_MUST_USE int tx_segment_verify(struct tx_hasher *hasher, struct tx_reader *reader,
                                  const struct tx_verify_options *options,
                                  struct tx_segment_result *ret);
void tx_segment_result_deinit(struct tx_segment_result *result);

/* The name of the first field of a header in which the two differ, or NULL. */
const char *tx_log_state_difference(const struct tx_log_state *a, const struct tx_log_state *b);

/* The state of a log with no record. */
void tx_log_state_init(struct tx_log_state *state, const struct tx_vkey *epoch0);

#endif

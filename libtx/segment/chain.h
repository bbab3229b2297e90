/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_CHAIN_H
#define TX_SEGMENT_CHAIN_H

/*
 * The verdict on a log directory, or on a single segment: each segment by verify.h, each header
 * against the segment before it, keys against the anchors, and what stands beside the segments. It
 * prints nothing and remembers nothing: who calls hands in what it remembers.
 */

#include "libtx/segment/verify.h"

struct tx_chain_options {
    const char *path;               /* a log directory, or a segment's file */
    const struct tx_vkey *identity; /* NULL: the log's own copy is trusted */
    const struct tx_vkey *epoch0;   /* the same */
    unsigned n_threads;
    bool upto_checkpoint; /* what no checkpoint covers yet is no finding */
    bool until_tampered;
    bool whole; /* nothing was held back: segments that no record explains were taken away */
    uint64_t repair_attempts;
    const uint64_t *accepted_breaks;
    size_t n_accepted_breaks;
    bool has_memory; /* a checkpoint that was verified before */
    uint64_t memory_size;
    struct tx_digest memory_root;
    const uint64_t *wanted; /* records whose leaf is wanted; they rise */
    size_t n_wanted;
    struct tx_signature_checker checker;
    bool (*is_broken)(struct tx_text line);
    atomic_uint_least64_t *progress;       /* bytes done; may be NULL */
    atomic_uint_least64_t *progress_total; /* bytes in all, once they are known */
};

struct tx_chain_verdict {
    enum tx_finding_class class;
    struct tx_findings findings;
    bool is_file;
    char origin[TX_LIMIT_ORIGIN_BYTES + 1]; /* "" when not known */
    bool has_identity;
    struct tx_vkey identity;
    bool trusted_copy;          /* of either key */
    struct tx_seq_span *proven; /* owned */
    size_t n_proven;
    uint64_t n_segments;
    uint64_t n_records;
    uint64_t n_checkpoints;
    uint64_t n_bytes; /* on disk */
    bool has_end;     /* something is proven; up to here: */
    uint64_t end_size;
    uint64_t end_time; /* of its checkpoint, POSIX seconds */
    struct tx_digest end_root;
    char end_event[TX_FINDING_EVENT_BYTES];
    char *end_note; /* owned; NULL when the last proven checkpoint is in a header only */
    size_t n_end_note;
    uint64_t epoch;
    uint64_t n_tail; /* records after that checkpoint, not covered by any signature */
    /* Of the proven ones, those that the holder of the present epoch's key could still change. When
     * the epoch's beginning is not known, it is at least so many. */
    uint64_t n_rewritable;
    bool rewritable_is_minimum;
    bool memory_was_checked;
    struct tx_found found; /* of the wanted; whether they are proven, `proven` and findings say */
};

/* < 0 only for want of memory; a path that cannot be opened is a finding. */
TX_MUST_USE int tx_chain_verify(const struct tx_chain_options *options,
                                struct tx_chain_verdict *ret);
void tx_chain_verdict_deinit(struct tx_chain_verdict *verdict);

#endif

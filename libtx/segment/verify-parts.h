/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_VERIFY_PARTS_H
#define TX_SEGMENT_VERIFY_PARTS_H

/*
 * The one struct that the parts of tx_segment_verify share: verify.c reads lines and gives them
 * out, verify-header.c, verify-record.c and verify-checkpoint.c each take one sort.
 */

#include "libtx/base/bytes.h"
#include "libtx/segment/control.h"
#include "libtx/segment/stretch.h"
#include "libtx/segment/verify.h"

#define TX_VERIFY_GAPS 64
#define TX_VERIFY_SPARE 16

/* Records that are missing so far. */
struct tx_verify_gap {
    uint64_t begin;
    uint64_t end;
    size_t finding; /* index; SIZE_MAX: none */
};

/* A line that is not at its place: it may take another leaf's place, or wait for its turn. */
struct tx_verify_spare {
    uint64_t seq;
    bool waits;      /* it came early */
    uint64_t put_at; /* it says seq, and was taken for this one; TX_NO_SEQ: not taken */
    uint64_t line;
    uint64_t offset;
    size_t finding;
    struct tx_bytes text; /* owned */
};

/* A record line whose seq is not the next one, until the line after it tells more. */
struct tx_verify_held {
    bool set;
    bool has_seq;
    uint64_t seq;
    uint64_t line;
    uint64_t offset;
    struct tx_bytes text;
};

struct tx_verifier {
    const struct tx_verify_options *options;
    struct tx_segment_result *result;
    struct tx_hasher *hasher;
    struct tx_reader *reader;
    struct tx_piece piece; /* that is being looked at */
    uint64_t line;         /* its number, from 1 */

    struct tx_text origin;
    char origin_memory[TX_LIMIT_ORIGIN_BYTES];
    struct tx_log_state state; /* of the file so far; its range is that of the last proven size */
    uint64_t last_size;        /* of the last checkpoint whose signatures are right */
    struct tx_digest last_root;
    uint64_t expected; /* seq of the next record */
    char prefix[32];   /* {"seq":<expected>, */
    size_t n_prefix;
    struct tx_stretch stretch;
    bool lost;          /* the tree cannot be followed */
    bool notes_known;   /* count and digest are right so far */
    bool named;         /* a record of this stretch has a finding of its own */
    uint64_t n_repairs; /* searches for a changed byte so far */
    uint64_t repaired; /* seq of this stretch's record that was not what was signed; or TX_NO_SEQ */

    bool epoch_known;
    bool epoch_unproven; /* its key is of a record that the epoch before did not sign for */
    bool key_missed;     /* some checkpoints were not checked against their epoch's key */
    bool epoch_due;      /* a tracex.epoch record stands before this line */
    bool next_known;
    bool next_broken;
    uint64_t next_seq;
    struct tx_vkey next_vkey;
    struct tx_bytes epoch_line; /* the record */
    bool has_before;
    struct tx_range before; /* [0, next_seq) */
    bool trusted;
    bool has_pruned; /* a tracex.pruned record that no checkpoint covers so far */
    struct tx_pruned pruned;

    struct tx_verify_gap gaps[TX_VERIFY_GAPS];
    size_t n_gaps;
    struct tx_verify_spare spares[TX_VERIFY_SPARE];
    size_t n_spares;
    struct tx_verify_held held;

    uint64_t tail_offset; /* of what follows the last proven checkpoint */
    uint64_t content_end; /* of the last piece that is no hole */
    bool torn;            /* the file does not end in a whole line */
    uint64_t hole_line;   /* 0: no hole */
    uint64_t hole_offset;
    uint64_t n_signed_after_hole; /* checkpoints */
    size_t n_before_hole;         /* findings, and so on */
    uint64_t n_more_before_hole;
    enum tx_finding_class gravest_before_hole;
    uint64_t expected_before_hole;
    bool lost_before_hole;
    uint64_t n_records_before_hole;
    bool after_seal;
    bool stop;        /* nothing more can be said of this file */
    int error;        /* want of memory */
    uint8_t *scratch; /* TX_LIMIT_CONTROL_LINE_BYTES */
    struct tx_note *note;
    uint64_t progress;
};

/* verify.c */
void tx_verify_fail(struct tx_verifier *v, int error);
/* A finding at the present line; text as for printf. Returns its index, or SIZE_MAX. */
size_t tx_verify_find(struct tx_verifier *v, enum tx_finding_kind kind, const char *format, ...)
    TX_PRINTF(3, 4);
struct tx_finding *tx_verify_finding(struct tx_verifier *v, size_t index);
/* The same about records [first, last], at another place. */
size_t tx_verify_find_records(struct tx_verifier *v, enum tx_finding_kind kind, uint64_t first,
                              uint64_t last, uint64_t line, uint64_t offset, const char *text);
void tx_verify_withdraw(struct tx_verifier *v, size_t index);
struct tx_buf tx_verify_scratch(struct tx_verifier *v);

/* verify-header.c */
void tx_verify_header(struct tx_verifier *v);
void tx_verify_begin_at(struct tx_verifier *v, const struct tx_log_state *start);

/* verify-record.c */
void tx_verify_record(struct tx_verifier *v);
/* Settles a held line; the next record or checkpoint says that `hint` comes next (or is the size).
 */
void tx_verify_settle_held(struct tx_verifier *v, bool has_hint, uint64_t hint);
void tx_verify_expect(struct tx_verifier *v, uint64_t seq);
/* Records [expected, size) are not there, says a signed checkpoint. */
void tx_verify_missing_up_to(struct tx_verifier *v, uint64_t size);
void tx_verify_drop_spare(struct tx_verifier *v, size_t i);

/* verify-epoch.c */
void tx_verify_epoch_record(struct tx_verifier *v, struct tx_text text, uint64_t seq);
/* The record was found to be changed, and this is what was signed. */
void tx_verify_epoch_was(struct tx_verifier *v, struct tx_text text);
/* The next epoch's key is the one now, though nothing that the epoch before signed says so: what it
 * signs is followed, and not proven. */
void tx_verify_epoch_unproven(struct tx_verifier *v);
/* The same, and its first checkpoint is proven. */
void tx_verify_epoch_begins(struct tx_verifier *v, struct tx_text note);
/* The same, and that checkpoint is not there. */
void tx_verify_epoch_without_checkpoint(struct tx_verifier *v);
bool tx_verify_break_accepted(const struct tx_verifier *v, uint64_t epoch);

/* verify-explain.c: the signed root is not that of the records. True when it is after all, with
 * findings that say what was done to them. */
bool tx_verify_explain(struct tx_verifier *v, uint64_t size, const struct tx_digest *root);

/* verify-checkpoint.c */
void tx_verify_checkpoint(struct tx_verifier *v);
void tx_verify_seal(struct tx_verifier *v);

#endif

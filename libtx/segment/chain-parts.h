/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_CHAIN_PARTS_H
#define TX_SEGMENT_CHAIN_PARTS_H

/*
 * What the parts of tx_chain_verify share: chain.c goes through the segments, chain-link.c joins
 * one to the next, chain-files.c looks at log.json, checkpoint and epochs/.
 */

#include "libtx/base/bytes.h"
#include "libtx/segment/chain.h"
#include "libtx/segment/control.h"
#include "libtx/segment/directory.h"
#include "libtx/segment/epochs.h"

/* What is known where one segment ends and the next should begin. */
struct tx_chain_carry {
    bool any;       /* a segment came before */
    bool has_state; /* it is proven to its end */
    bool anchored;  /* and its epoch's key leads back to the keys that are trusted */
    bool sealed;
    bool explained; /* its findings say why it is not */
    bool given_up;
    struct tx_log_state state;
    uint64_t next_seq; /* after its last record, as far as it can be told */
    char file[TX_FINDING_FILE_BYTES];
};

struct tx_chain {
    const struct tx_chain_options *options;
    struct tx_chain_verdict *verdict;
    struct tx_hasher *hasher;
    int dirfd; /* of the log */
    struct tx_directory directory;
    const char *file_name; /* a single segment's, in dirfd; NULL for a directory */
    struct tx_verify_options verify;

    bool has_epoch0;
    struct tx_vkey epoch0;
    bool has_checkpoint_file;
    uint64_t checkpoint_size;
    struct tx_digest checkpoint_root;
    bool checkpoint_checked; /* the segments' root of that size is known: */
    struct tx_digest segments_checkpoint_root;
    bool memory_checked; /* the same of what was verified before */
    struct tx_digest segments_memory_root;
    struct tx_epochs *epochs;

    bool has_pruned; /* the last proven tracex.pruned record */
    struct tx_pruned pruned;
    bool has_first_root; /* of what stands before the first segment, as its header says */
    struct tx_digest first_root;
    uint64_t first;

    struct tx_chain_carry carry;
    bool trusted; /* no break that was not accepted */
    bool has_epoch_begin;
    uint64_t epoch_begin;
};

void tx_chain_find(struct tx_chain *c, enum tx_finding_kind kind, const char *file,
                   const char *format, ...) TX_PRINTF(4, 5);
void tx_chain_find_records(struct tx_chain *c, enum tx_finding_kind kind, const char *file,
                           uint64_t first, uint64_t last, const char *text);

/* chain-files.c */
TX_MUST_USE int tx_chain_read_identity(struct tx_chain *c);
TX_MUST_USE int tx_chain_read_checkpoint(struct tx_chain *c);
void tx_chain_compare_checkpoint(struct tx_chain *c);
void tx_chain_compare_memory(struct tx_chain *c);
TX_MUST_USE int tx_chain_compare_epochs(struct tx_chain *c, const struct tx_segment_result *result);
void tx_chain_note_files(struct tx_chain *c);

/* chain-pruned.c: what the segments tell of those that were removed, and whether it explains what
 * is not there. */
void tx_chain_take_pruned(struct tx_chain *c, const struct tx_segment_result *result);
void tx_chain_judge_gaps(struct tx_chain *c);

/* chain-link.c: joins a segment to what is carried, and carries it on. Takes the result's findings.
 */
TX_MUST_USE int tx_chain_link(struct tx_chain *c, size_t index, struct tx_segment_result *result);

#endif

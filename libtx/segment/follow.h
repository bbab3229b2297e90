/* SPDX-License-Identifier: MIT */
#ifndef TX_SEGMENT_FOLLOW_H
#define TX_SEGMENT_FOLLOW_H

/*
 * Following a log directory that is being written: each record once and in order, each checkpoint
 * once, across rotation, compression and a segment that was given up. By default no further than
 * the last checkpoint line (docs/format.md, "Order of writing"), so that nothing is passed on that
 * the log could take back. It proves nothing: what it cannot make sense of it counts and passes by.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"

enum tx_follow_kind { TX_FOLLOW_RECORD, TX_FOLLOW_CHECKPOINT };

struct tx_follow_item {
    enum tx_follow_kind kind;
    uint64_t number;     /* a record's seq; a checkpoint's size */
    struct tx_text line; /* without newline; borrowed until the next call */
    struct tx_text note; /* a checkpoint's, with its signatures; borrowed likewise */
};

struct tx_follow_options {
    int dirfd;           /* the log directory; borrowed until tx_follow_free */
    uint64_t first;      /* the seq of the first record that is wanted */
    uint64_t checkpoint; /* checkpoints of at most this size are not wanted any more */
    bool unproven;       /* also records that no checkpoint covers yet */
};

struct tx_follow_counts {
    uint64_t missing;    /* records that stand in no file: pruned, or lost */
    uint64_t unreadable; /* lines that are not what should stand there */
};

struct tx_follow;

TX_MUST_USE int tx_follow_new(const struct tx_follow_options *options, struct tx_follow **ret);
void tx_follow_free(struct tx_follow *follow);
TX_DEFINE_CLEANUP(struct tx_follow *, tx_follow_free);

/* TX_FOLLOW_E_END: nothing more now; ask again when the directory has changed. -errno: reading
 * failed; it may be tried again. */
enum { TX_FOLLOW_E_END = 1 };
TX_MUST_USE int tx_follow_next(struct tx_follow *follow, struct tx_follow_item *ret);

struct tx_follow_counts tx_follow_counts(const struct tx_follow *follow);

/* The indices of the segments' first records, in order, each once; *ret_firsts is the caller's to
 * free. Other names in the directory are passed by. */
TX_MUST_USE int tx_segment_list(int dirfd, uint64_t **ret_firsts, size_t *ret_n);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_AUDITVERIFY_RECEIPTS_H
#define TX_AUDITVERIFY_RECEIPTS_H

/*
 * Receipts that clients kept (docs/format.md section 9), held against what the log proves. A
 * receipt is nobody's signature: it says what its holder was told. Invariant: a receipt is proven
 * only when the very leaf that it names stands at its place, within what trusted keys signed.
 */

#include "libtx/record/receipt.h"
#include "libtx/segment/chain.h"

/* Of all files together. */
#define TX_RECEIPTS_MAX 1000000u

enum tx_receipt_status {
    TX_RECEIPT_PROVEN,
    TX_RECEIPT_UNSIGNED,    /* it stands there, and nothing that is proven covers it */
    TX_RECEIPT_NOT_AT_HAND, /* its segment was removed, or is not what was verified */
    TX_RECEIPT_UNDECIDED,   /* what could not be read may hold it */
    TX_RECEIPT_CHANGED,     /* another record stands there */
    TX_RECEIPT_MISSING,
    TX_RECEIPT_CUT_OFF,  /* the log ends before it */
    TX_RECEIPT_WRONG_ID, /* the leaf stands there, but its record has another id */
    TX_RECEIPT_STATUSES,
};

struct tx_kept_receipt {
    struct tx_receipt_line receipt;
    const char *file; /* borrowed */
    uint64_t line;
    enum tx_receipt_status status;
};

struct tx_receipts {
    struct tx_kept_receipt *items; /* owned */
    size_t n;
    size_t cap;
    uint64_t *wanted; /* owned: their seqs, rising */
};

void tx_receipts_deinit(struct tx_receipts *receipts);

/* Adds those of a file, or of standard input for "-": one a line; empty lines and those that begin
 * with # are passed over. -EBADMSG: what is wrong was said on stderr, with its place. -errno. */
TX_MUST_USE int tx_receipts_read(struct tx_receipts *receipts, const char *path);
/* After the last file: what the verifier is to look for. */
TX_MUST_USE int tx_receipts_sort(struct tx_receipts *receipts);

/* Fills in each status; a finding for each that is not proven, and the verdict's class with it. */
void tx_receipts_judge(struct tx_receipts *receipts, struct tx_chain_verdict *verdict);

const char *tx_receipt_status_name(enum tx_receipt_status status);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_AUDITVERIFY_REPORT_H
#define TX_AUDITVERIFY_REPORT_H

/*
 * The verdict, for people and for programs (docs/verify-json.md).
 */

#include "libtx/segment/chain.h"
#include "tools/auditverify/numbers.h"
#include "tools/auditverify/receipts.h"

/* The keys decide how the verdict names them. */
struct tx_report {
    const char *path;
    const struct tx_chain_verdict *verdict;
    const struct tx_receipts *receipts;      /* NULL: none were given */
    const struct tx_numbers_totals *numbers; /* NULL: not asked for, or not to be had */
    bool identity_given;
    bool epoch0_given;
};

/* To stdout. -errno when it cannot be written. */
TX_MUST_USE int tx_report_text(const struct tx_report *report);
TX_MUST_USE int tx_report_json(const struct tx_report *report);

#endif

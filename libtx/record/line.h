/* SPDX-License-Identifier: MIT */
#ifndef TX_RECORD_LINE_H
#define TX_RECORD_LINE_H

/*
 * Writing a record as its line (docs/format.md section 4), without the `{"seq":N,` that the ledger
 * puts in front: a body begins `"id":"` or `"by":"ingest",` and ends `}`. Bytes that are not UTF-8
 * become U+FFFD. A line that would exceed TX_LIMIT_LINE_BYTES (with 20 digits of seq) has its
 * longest texts cut and marked `cut:<bytes>`; no record is ever refused for its length.
 */

#include "libtx/base/buf.h"
#include "libtx/record/record.h"

/* Appends the body to *b, which has room for TX_LIMIT_BODY_BYTES. `host` may be empty. The record
 * is already masked: every text in it is valid UTF-8, every JSON field valid JSON. -ENOSPC only
 * when the parts that cannot be cut do not fit, which the limits of libtx/base/limits.h rule out.
 */
TX_MUST_USE int tx_line_write_body(const struct tx_record *record, struct tx_text host,
                                   struct tx_buf *b);

#endif

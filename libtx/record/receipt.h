/* SPDX-License-Identifier: MIT */
#ifndef TX_RECORD_RECEIPT_H
#define TX_RECORD_RECEIPT_H

/*
 * A receipt as a line of text (docs/format.md section 9), so that it can be kept where the log is
 * not. It is what a client remembers: nobody signed it. Its check sum tells a slip of the pen from
 * a log that was changed, nothing more.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

struct tx_receipt_line {
    uint64_t seq;
    uint8_t leaf[32];
    uint8_t id[16];
};

/* The longest, without its newline. */
#define TX_RECEIPT_LINE_BYTES 164u

/* Without a newline. */
void tx_receipt_line_render(const struct tx_receipt_line *receipt, struct tx_buf *b);

/* -EBADMSG: *ret_at is where it ceases to be one, in bytes from 0, and *ret_expected what should
 * stand there. Nothing may follow. */
TX_MUST_USE int tx_receipt_line_parse(struct tx_text line, struct tx_receipt_line *ret,
                                      size_t *ret_at, const char **ret_expected);

#endif

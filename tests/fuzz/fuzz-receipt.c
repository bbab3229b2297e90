/* SPDX-License-Identifier: MIT */
/* Receipts as text: what is read is written as the same bytes, and the place of a mistake is
 * within. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "libtx/record/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    char memory[TX_RECEIPT_LINE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_receipt_line receipt;
    const char *expected = NULL;
    size_t at = SIZE_MAX;

    if (tx_receipt_line_parse((struct tx_text){(const char *)data, n}, &receipt, &at, &expected) <
        0) {
        assert(at <= n && expected);
        return 0;
    }
    tx_receipt_line_render(&receipt, &b);
    assert(!b.full && b.len == n && memcmp(memory, data, n) == 0);
    return 0;
}

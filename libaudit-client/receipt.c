/* SPDX-License-Identifier: MIT */

/* A receipt as text and back. It touches no client, so any thread and any signal handler may. */

#include <string.h>
#include <tracex/audit.h>

#include "libtx/record/receipt.h"

_Static_assert(TX_RECEIPT_TEXT_SIZE >= TX_RECEIPT_LINE_BYTES + 2, "a newline and a NUL");

int tx_receipt_render(const struct tx_receipt *receipt, char *ret_text, size_t n_text) {
    struct tx_receipt_line line;

    if (!receipt || !ret_text)
        return -EINVAL;
    line.seq = receipt->seq;
    memcpy(line.leaf, receipt->leaf, sizeof(line.leaf));
    struct tx_text id = {.p = receipt->id, .n = strnlen(receipt->id, sizeof(receipt->id))};
    if (tx_uuid_decode(id, line.id) < 0)
        return -EINVAL;
    char memory[TX_RECEIPT_TEXT_SIZE];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_receipt_line_render(&line, &b);
    tx_buf_put(&b, "\n", 2);
    if (b.full || b.len > n_text)
        return -ENOSPC;
    memcpy(ret_text, memory, b.len);
    return 0;
}

int tx_receipt_parse(const char *text, struct tx_receipt *ret_receipt, size_t *ret_at) {
    struct tx_receipt_line line;
    const char *expected;
    size_t at;

    if (!text || !ret_receipt)
        return -EINVAL;
    struct tx_text rest = {.p = text, .n = strnlen(text, TX_RECEIPT_TEXT_SIZE)};
    if (rest.n > 0 && text[rest.n - 1] == '\n')
        rest.n--;
    int r = tx_receipt_line_parse(rest, &line, &at, &expected);
    if (r < 0) {
        if (ret_at)
            *ret_at = at;
        return r;
    }
    ret_receipt->seq = line.seq;
    memcpy(ret_receipt->leaf, line.leaf, sizeof(line.leaf));
    struct tx_buf b = tx_buf_of(ret_receipt->id, sizeof(ret_receipt->id));
    tx_buf_uuid(&b, line.id);
    tx_buf_u8(&b, 0);
    return 0;
}

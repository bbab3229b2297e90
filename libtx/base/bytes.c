/* SPDX-License-Identifier: MIT */
#include "libtx/base/bytes.h"

#include <assert.h>
#include <string.h>

int tx_bytes_reserve(struct tx_bytes *b, size_t n) {
    if (n <= b->cap - b->len)
        return 0;
    if (n > SIZE_MAX / 2 - b->len)
        return -ENOMEM;
    size_t cap = b->cap ? b->cap : 256;
    while (cap < b->len + n)
        cap *= 2;
    uint8_t *data = realloc(b->data, cap);
    if (!data)
        return -ENOMEM;
    b->data = data;
    b->cap = cap;
    return 0;
}

int tx_bytes_append(struct tx_bytes *b, const void *p, size_t n) {
    int r = tx_bytes_reserve(b, n);
    if (r < 0)
        return r;
    if (n)
        memcpy(b->data + b->len, p, n);
    b->len += n;
    return 0;
}

void tx_bytes_consume(struct tx_bytes *b, size_t n) {
    assert(n <= b->len);
    if (n < b->len)
        memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

void tx_bytes_deinit(struct tx_bytes *b) {
    free(b->data);
    *b = TX_BYTES_INIT;
}

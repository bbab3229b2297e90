/* SPDX-License-Identifier: MIT */
#ifndef TX_BASE_BYTES_H
#define TX_BASE_BYTES_H

/*
 * Bytes on the heap that grow as they are appended to. For what has no small fixed bound; a caller
 * that appends what a peer sent checks its own limit first.
 */

#include "libtx/base/error.h"

struct tx_bytes {
    uint8_t *data; /* owned */
    size_t len;
    size_t cap;
};

#define TX_BYTES_INIT ((struct tx_bytes){.data = NULL, .len = 0, .cap = 0})

/* Makes room for n more bytes after len. -ENOMEM leaves everything as it was. */
TX_MUST_USE int tx_bytes_reserve(struct tx_bytes *b, size_t n);
TX_MUST_USE int tx_bytes_append(struct tx_bytes *b, const void *p, size_t n);

/* Removes the first n bytes; the rest moves to the front. n <= len. */
void tx_bytes_consume(struct tx_bytes *b, size_t n);

void tx_bytes_deinit(struct tx_bytes *b);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_BASE_BUF_H
#define TX_BASE_BUF_H

/*
 * A buffer appends to memory of a fixed size that somebody else owns. What does not fit sets
 * `full`, which sticks, so a writer checks once at its end; a full buffer's content is not to be
 * used. Numbers are little-endian.
 */

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "libtx/base/error.h"

struct tx_buf {
    uint8_t *data; /* borrowed */
    size_t len;
    size_t cap;
    bool full;
};

static inline struct tx_buf tx_buf_of(void *memory, size_t cap) {
    return (struct tx_buf){.data = (uint8_t *)memory, .len = 0, .cap = cap, .full = false};
}

/* Room for n bytes at the end, or NULL (and full) when it is not there. */
static inline uint8_t *tx_buf_reserve(struct tx_buf *b, size_t n) {
    if (b->full || n > b->cap - b->len) {
        b->full = true;
        return NULL;
    }
    b->len += n;
    return b->data + b->len - n;
}

static inline void tx_buf_put(struct tx_buf *b, const void *p, size_t n) {
    uint8_t *to = tx_buf_reserve(b, n);
    if (to && n)
        memcpy(to, p, n);
}

static inline void tx_buf_str(struct tx_buf *b, const char *text) {
    tx_buf_put(b, text, strlen(text));
}

static inline void tx_buf_char(struct tx_buf *b, char c) {
    tx_buf_put(b, &c, 1);
}

static inline void tx_buf_uint(struct tx_buf *b, size_t width, uint64_t v) {
    uint64_t little = htole64(v);
    tx_buf_put(b, &little, width);
}

static inline void tx_buf_u8(struct tx_buf *b, uint8_t v) {
    tx_buf_uint(b, 1, v);
}
static inline void tx_buf_u16(struct tx_buf *b, uint16_t v) {
    tx_buf_uint(b, 2, v);
}
static inline void tx_buf_u32(struct tx_buf *b, uint32_t v) {
    tx_buf_uint(b, 4, v);
}
static inline void tx_buf_u64(struct tx_buf *b, uint64_t v) {
    tx_buf_uint(b, 8, v);
}

/* Decimal digits of v. */
void tx_buf_dec(struct tx_buf *b, uint64_t v);
void tx_buf_dec_signed(struct tx_buf *b, int64_t v);

/* Lower-case hex digits of n bytes. */
void tx_buf_hex(struct tx_buf *b, const void *p, size_t n);

/* Standard base64 with padding (RFC 4648 section 4). */
void tx_buf_base64(struct tx_buf *b, const void *p, size_t n);

/* Base64 for URLs, without padding (RFC 4648 section 5). */
void tx_buf_base64url(struct tx_buf *b, const void *p, size_t n);

/* The text with JSON's shortest escapes (docs/format.md section 4), without quotes. It must be
 * valid UTF-8: see libtx/base/text.h. */
void tx_buf_json(struct tx_buf *b, const char *text, size_t n);

/* The same with quotes around it. */
void tx_buf_json_string(struct tx_buf *b, const char *text, size_t n);

/* RFC 3339 in UTC with nanoseconds, of nanoseconds since 1970: 2026-11-23T17:00:15.000000001Z.
 * Defined for every int64_t (1677 to 2262). */
void tx_buf_time(struct tx_buf *b, int64_t unix_ns);

/* 8-4-4-4-12 lower-case hex digits (RFC 9562). */
void tx_buf_uuid(struct tx_buf *b, const uint8_t id[16]);

#endif

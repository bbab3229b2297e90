/* SPDX-License-Identifier: MIT */
#ifndef TX_BASE_CURSOR_H
#define TX_BASE_CURSOR_H

/*
 * A cursor reads bytes that came from outside. It never reads past its end, and it never moves when
 * it refuses. Numbers are little-endian. It knows nothing of any format.
 */

#include "libtx/base/error.h"

struct tx_cursor {
    const uint8_t *p; /* the next byte, borrowed */
    size_t n;         /* bytes that are left */
};

static inline struct tx_cursor tx_cursor_of(const void *p, size_t n) {
    return (struct tx_cursor){.p = (const uint8_t *)p, .n = n};
}

/* Takes n bytes; *ret_p points into the cursor's memory. -EBADMSG when fewer are left. */
static inline TX_MUST_USE int tx_cursor_bytes(struct tx_cursor *c, size_t n,
                                              const uint8_t **ret_p) {
    if (n > c->n)
        return -EBADMSG;
    *ret_p = c->p;
    c->p += n;
    c->n -= n;
    return 0;
}

static inline TX_MUST_USE int tx_cursor_uint(struct tx_cursor *c, size_t width, uint64_t *ret) {
    const uint8_t *p;
    uint64_t v = 0;
    int r = tx_cursor_bytes(c, width, &p);
    if (r < 0)
        return r;
    for (size_t i = width; i > 0; i--)
        v = v << 8 | p[i - 1];
    *ret = v;
    return 0;
}

#define TX_CURSOR_DEFINE(type, name)                                                               \
    static inline TX_MUST_USE int name(struct tx_cursor *c, type *ret) {                           \
        uint64_t v;                                                                                \
        int r = tx_cursor_uint(c, sizeof(type), &v);                                               \
        if (r == 0)                                                                                \
            *ret = (type)v;                                                                        \
        return r;                                                                                  \
    }
TX_CURSOR_DEFINE(uint8_t, tx_cursor_u8)
TX_CURSOR_DEFINE(uint16_t, tx_cursor_u16)
TX_CURSOR_DEFINE(uint32_t, tx_cursor_u32)
TX_CURSOR_DEFINE(uint64_t, tx_cursor_u64)
#undef TX_CURSOR_DEFINE

#endif

/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/welcome.h"

#include <string.h>

#include "libtx/base/limits.h"

/* The header, then 2 bytes; 10 for each class, 2 for each pattern, and the patterns. */
#define POLICY_BYTES                                                                               \
    (8 + 2 + TX_LIMIT_POLICY_CLASSES * 10 + TX_LIMIT_POLICY_EVENTS * 2 + TX_LIMIT_POLICY_TEXT_BYTES)

enum { VERSION = 1, WELCOME = 65, POLICY = 69 };

static void put_header(struct tx_buf *b, uint8_t type, uint32_t n) {
    tx_buf_str(b, "TX");
    tx_buf_u8(b, VERSION);
    tx_buf_u8(b, type);
    tx_buf_u32(b, n);
}

void tx_welcome_render(struct tx_buf *b) {
    put_header(b, WELCOME, TX_WELCOME_BYTES);
    tx_buf_u32(b, TX_LIMIT_DATAGRAM_BYTES);
}

static void put_class(struct tx_buf *b, const struct tx_durability_class *class) {
    tx_buf_u8(b, (uint8_t) class->level);
    tx_buf_u8(b, (uint8_t) class->unavailable);
    tx_buf_u8(b, class->has_timeout);
    tx_buf_u8(b, 0);
    tx_buf_u32(b, (uint32_t)(class->timeout_ns / 1000000));
    tx_buf_u16(b, (uint16_t) class->events.n);
    for (size_t i = 0; i < class->events.n; i++) {
        size_t n = strlen(class->events.item[i]);
        tx_buf_u16(b, (uint16_t)n);
        tx_buf_put(b, class->events.item[i], n);
    }
}

int tx_welcome_render_policy(const struct tx_durability *durability, struct tx_bytes *b) {
    uint8_t memory[POLICY_BYTES];
    struct tx_buf whole = tx_buf_of(memory, sizeof(memory));

    put_header(&whole, POLICY, 0);
    tx_buf_u16(&whole, (uint16_t)durability->n);
    for (size_t i = 0; i < durability->n; i++)
        put_class(&whole, &durability->classes[i]);
    if (whole.full)
        return -E2BIG; /* the reader of the configuration lets none through */
    struct tx_buf length = tx_buf_of(memory + 4, 4);
    tx_buf_u32(&length, (uint32_t)whole.len);
    return tx_bytes_append(b, memory, whole.len);
}

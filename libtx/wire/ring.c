/* SPDX-License-Identifier: MIT */

/* The two datagrams of the trace lane. */

#include "libtx/wire/wire.h"

static void put_header(struct tx_buf *b, enum tx_wire_type type, size_t n) {
    tx_buf_str(b, "TX");
    tx_buf_u8(b, TX_WIRE_VERSION);
    tx_buf_u8(b, (uint8_t)type);
    tx_buf_u32(b, (uint32_t)n);
}

void tx_wire_ring_render(struct tx_buf *b, const uint8_t secret[TX_WIRE_SECRET_BYTES]) {
    put_header(b, TX_WIRE_RING, TX_WIRE_RING_BYTES);
    tx_buf_put(b, secret, TX_WIRE_SECRET_BYTES);
}

int tx_wire_ring_parse(const void *datagram, size_t n, uint8_t ret_secret[TX_WIRE_SECRET_BYTES]) {
    struct tx_cursor c = tx_cursor_of(datagram, n);
    const uint8_t *secret;
    uint8_t type;

    if (tx_wire_header_take(&c, n, &type) < 0 ||
        tx_cursor_bytes(&c, TX_WIRE_SECRET_BYTES, &secret) < 0)
        return -EBADMSG;
    if (type != TX_WIRE_RING || c.n != 0)
        return -EBADMSG;
    memcpy(ret_secret, secret, TX_WIRE_SECRET_BYTES);
    return 0;
}

void tx_wire_bell_render(struct tx_buf *b) {
    put_header(b, TX_WIRE_BELL, TX_WIRE_HEADER_BYTES);
}

int tx_wire_bell_parse(const void *datagram, size_t n) {
    struct tx_cursor c = tx_cursor_of(datagram, n);
    uint8_t type;

    if (tx_wire_header_take(&c, n, &type) < 0)
        return -EBADMSG;
    return type == TX_WIRE_BELL && c.n == 0 ? 0 : -EBADMSG;
}

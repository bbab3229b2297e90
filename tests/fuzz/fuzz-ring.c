/* SPDX-License-Identifier: MIT */
/* The memory of a ring as somebody left it: 3 numbers of 8 bytes (where the reader is, head,
 * accounted), then the beginning of the data. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "libtx/base/cursor.h"
#include "libtx/base/limits.h"
#include "libtx/ring/consumer.h"

enum { CAPACITY = 4096 };

static union {
    struct tx_ring_header header;
    uint8_t bytes[TX_RING_HEADER_BYTES + CAPACITY];
} ring;
static uint8_t frame[TX_LIMIT_RING_FRAME];

/* Each frame is what stands there, and the reader goes forward to the head and no further. */
static void drain(struct tx_ring_consumer *c) {
    const uint8_t *data = ring.bytes + TX_RING_HEADER_BYTES;
    uint64_t at = c->at, head = ring.header.head;
    size_t n;

    while (tx_ring_next(c, frame, sizeof(frame), &n) == 0) {
        assert(n > 0 && n < CAPACITY && c->at - at == tx_ring_frame_bytes(n) &&
               head - c->at < CAPACITY);
        for (size_t i = 0; i < n; i++)
            assert(frame[i] == data[(at + TX_RING_FRAME_HEADER_BYTES + i) % CAPACITY]);
        at = c->at;
    }
    assert(c->at == at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct tx_cursor cursor = tx_cursor_of(data, n);
    struct tx_ring_consumer consumer;
    uint64_t at, accounted;

    memset(&ring, 0, sizeof(ring));
    if (tx_cursor_u64(&cursor, &at) < 0 || tx_cursor_u64(&cursor, &ring.header.head) < 0 ||
        tx_cursor_u64(&cursor, &ring.header.accounted) < 0)
        return 0;
    size_t n_data = cursor.n < CAPACITY ? cursor.n : CAPACITY;
    if (n_data)
        memcpy(ring.bytes + TX_RING_HEADER_BYTES, cursor.p, n_data);
    /* As the daemon has it: a position of its own is where a frame began. */
    tx_ring_consumer_init(&consumer, &ring.header, CAPACITY, at & ~UINT64_C(7), 0);
    drain(&consumer);
    if (tx_ring_accounted(&consumer, &accounted))
        assert(accounted == ring.header.accounted && consumer.at == ring.header.head);
    return 0;
}

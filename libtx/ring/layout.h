/* SPDX-License-Identifier: MIT */
#ifndef TX_RING_LAYOUT_H
#define TX_RING_LAYOUT_H

/*
 * The memory that a traced thread and the daemon share: a page of positions, then the data, whose
 * size is a power of two. Positions count bytes since the beginning and never go back; a frame
 * stands at its position modulo the data's size, and may go on at its beginning. A frame is u32
 * length, so many bytes, and padding to a multiple of 8.
 *
 * The client can write all of it at any time. So each side keeps its own position to itself, and
 * believes of the other's no more than what can do no harm but to the client.
 */

#include <stddef.h>
#include <stdint.h>

#define TX_RING_MAGIC UINT64_C(0x31676e6952785400) /* "\0TxRing1" */
#define TX_RING_HEADER_BYTES 4096u
#define TX_RING_FRAME_HEADER_BYTES 4u
#define TX_RING_ALIGNMENT 8u

/* What the daemon will do with it. */
enum tx_ring_fate {
    TX_RING_NEW,
    TX_RING_TAKEN,
    TX_RING_CLOSED,  /* no more: what is left has to come in another ring */
    TX_RING_REFUSED, /* no more: what is in it is not to come again */
};

struct tx_ring_header {
    uint64_t magic;
    uint8_t reserved_0[56];

    /* Written by the client. */
    uint64_t head;      /* frames before it are whole */
    uint64_t accounted; /* numbers below it are in frames before `head`, or were dropped */
    uint64_t dropped;
    uint64_t dropped_bytes;
    uint8_t reserved_1[32];

    /* Written by the daemon, which never reads it. */
    uint64_t tail;   /* what is before it may be overwritten */
    uint64_t stored; /* what is before it is stored, and may be being wiped */
    uint32_t bell;   /* changes when the next frame is to be told of */
    uint32_t fate;
    uint8_t reserved_2[40];
};

_Static_assert(sizeof(struct tx_ring_header) == 192, "three cache lines");

static inline size_t tx_ring_frame_bytes(size_t n) {
    return (TX_RING_FRAME_HEADER_BYTES + n + TX_RING_ALIGNMENT - 1) &
           ~(size_t)(TX_RING_ALIGNMENT - 1);
}

#endif

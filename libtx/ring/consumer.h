/* SPDX-License-Identifier: MIT */
#ifndef TX_RING_CONSUMER_H
#define TX_RING_CONSUMER_H

/*
 * The reading side: hostile memory that may change while it is read. Each number is read once and
 * checked as what was read; each frame is copied out before anybody looks into it. Nothing that
 * this side has written there is ever read back. It knows nothing of what a frame holds.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/ring/layout.h"

struct tx_ring_consumer {
    struct tx_ring_header *header; /* borrowed */
    uint8_t *data;
    size_t capacity;
    uint64_t tail; /* what is before it was given back */
    uint64_t at;   /* the next frame */
    uint64_t head; /* as it was seen last; at least `at` */
    uint32_t bell; /* what was asked for last */
};

/* `at` is where an earlier one had come, 0 at first; `bell` any number that it had not reached. */
void tx_ring_consumer_init(struct tx_ring_consumer *c, struct tx_ring_header *header,
                           size_t capacity, uint64_t at, uint32_t bell);

/* Copies the next frame's bytes to `to`. TX_RING_E_EMPTY: there is none. -EBADMSG: what stands
 * there is none, and no more can be read. */
enum { TX_RING_E_EMPTY = 1 };
TX_MUST_USE int tx_ring_next(struct tx_ring_consumer *c, void *to, size_t n_to, size_t *ret_n);

/* After TX_RING_E_EMPTY: true when there is none still, and then numbers below *ret_n are in frames
 * that were read, or were dropped. */
bool tx_ring_accounted(struct tx_ring_consumer *c, uint64_t *ret_n);

/* Goes back to where it had come, or forward. */
void tx_ring_rewind(struct tx_ring_consumer *c, uint64_t at);

/* What is before `tail` is stored: it is wiped, and may be overwritten. */
void tx_ring_publish(struct tx_ring_consumer *c, uint64_t tail);
/* The next frame is to be told of. A producer that is writing one just now may not see it: look
 * again a while later. */
void tx_ring_ask_bell(struct tx_ring_consumer *c);
/* What the producer is to know of it, without and with its being told at once. */
void tx_ring_take(struct tx_ring_consumer *c);
void tx_ring_end(struct tx_ring_consumer *c, enum tx_ring_fate fate);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_RING_PRODUCER_H
#define TX_RING_PRODUCER_H

/*
 * The writing side: one thread, which never waits. A frame is written where it is to stand, and
 * becomes one with a single store, so that a thread that is stopped for ever at any instruction
 * leaves whole frames only. What does not fit is dropped and counted, and its number is left out.
 *
 * In line, since it is the whole way of an event. It links nothing.
 */

#include <stdbool.h>
#include <string.h>

#include "libtx/base/limits.h"
#include "libtx/ring/layout.h"

/* All zero: none. */
struct tx_ring_producer {
    struct tx_ring_header *header; /* mapped twice (file.h) */
    uint8_t *data;
    size_t capacity;
    uint64_t head;
    uint64_t tail;   /* as it was seen last */
    uint64_t next_n; /* of the next frame */
};

/* In fresh memory. */
static inline void tx_ring_producer_init(struct tx_ring_producer *p, struct tx_ring_header *header,
                                         size_t capacity) {
    *p = (struct tx_ring_producer){
        .header = header, .data = (uint8_t *)header + TX_RING_HEADER_BYTES, .capacity = capacity};
    header->magic = TX_RING_MAGIC;
}

/* What is in use, if what it was told of the daemon makes sense; all, otherwise. */
static inline size_t tx_ring_used(const struct tx_ring_producer *p) {
    uint64_t used = p->head - p->tail;
    return used <= p->capacity ? (size_t)used : p->capacity;
}

static inline void tx_ring_look(struct tx_ring_producer *p) {
    p->tail = __atomic_load_n(&p->header->tail, __ATOMIC_ACQUIRE);
}

/* Where the next frame's bytes go, and how many there may be; *ret_room may be 0. It becomes a
 * frame by the commit, or nothing of it remains. */
static inline uint8_t *tx_ring_begin(struct tx_ring_producer *p, size_t *ret_room) {
    const size_t most = tx_ring_frame_bytes(TX_LIMIT_RING_FRAME);

    if (p->capacity - tx_ring_used(p) < most)
        tx_ring_look(p);
    size_t room = p->capacity - tx_ring_used(p);
    room = room < TX_RING_ALIGNMENT ? 0 : room - TX_RING_FRAME_HEADER_BYTES;
    *ret_room = room < TX_LIMIT_RING_FRAME ? room : TX_LIMIT_RING_FRAME;
    return p->data + (p->head & (p->capacity - 1)) + TX_RING_FRAME_HEADER_BYTES;
}

/* n <= room. It takes the number next_n. */
static inline void tx_ring_commit(struct tx_ring_producer *p, size_t n) {
    uint32_t length = (uint32_t)n;

    memcpy(p->data + (p->head & (p->capacity - 1)), &length, sizeof(length));
    p->head += tx_ring_frame_bytes(n);
    p->next_n++;
    __atomic_store_n(&p->header->head, p->head, __ATOMIC_RELEASE);
}

/* Events that could not be written, with so many bytes together, if that is known. */
static inline void tx_ring_drop(struct tx_ring_producer *p, uint64_t n_events, size_t n_bytes) {
    struct tx_ring_header *header = p->header;

    p->next_n += n_events;
    __atomic_store_n(&header->dropped, header->dropped + n_events, __ATOMIC_RELAXED);
    __atomic_store_n(&header->dropped_bytes, header->dropped_bytes + n_bytes, __ATOMIC_RELAXED);
    __atomic_store_n(&header->accounted, p->next_n, __ATOMIC_RELEASE);
}

static inline uint32_t tx_ring_bell(const struct tx_ring_producer *p) {
    return __atomic_load_n(&p->header->bell, __ATOMIC_ACQUIRE);
}

static inline enum tx_ring_fate tx_ring_fate(const struct tx_ring_producer *p) {
    return (enum tx_ring_fate)__atomic_load_n(&p->header->fate, __ATOMIC_ACQUIRE);
}

/* Copies what is not stored; how much that is. The daemon may be wiping what it stores meanwhile,
 * and says so before it begins. */
static inline size_t tx_ring_copy_rest(const struct tx_ring_producer *p, uint8_t *to) {
    uint64_t stored, again = __atomic_load_n(&p->header->stored, __ATOMIC_ACQUIRE);
    size_t n;

    do {
        stored = again;
        n = p->head - stored <= p->capacity ? (size_t)(p->head - stored) : 0;
        memcpy(to, p->data + ((p->head - n) & (p->capacity - 1)), n);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        again = __atomic_load_n(&p->header->stored, __ATOMIC_ACQUIRE);
    } while (again != stored && again <= p->head);
    return n;
}

/* Goes on in fresh memory of the same size, with what was not stored of the old one, which is still
 * mapped. */
static inline void tx_ring_move(struct tx_ring_producer *p, struct tx_ring_header *fresh) {
    struct tx_ring_producer to;

    tx_ring_producer_init(&to, fresh, p->capacity);
    to.head = tx_ring_copy_rest(p, to.data);
    to.next_n = p->next_n;
    fresh->dropped = p->header->dropped;
    fresh->dropped_bytes = p->header->dropped_bytes;
    __atomic_store_n(&fresh->head, to.head, __ATOMIC_RELEASE);
    __atomic_store_n(&fresh->accounted, to.next_n, __ATOMIC_RELEASE);
    *p = to;
}

#endif

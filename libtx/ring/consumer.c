/* SPDX-License-Identifier: MIT */
#include "libtx/ring/consumer.h"

#include <string.h>

void tx_ring_consumer_init(struct tx_ring_consumer *c, struct tx_ring_header *header,
                           size_t capacity, uint64_t at, uint32_t bell) {
    *c = (struct tx_ring_consumer){.header = header,
                                   .data = (uint8_t *)header + TX_RING_HEADER_BYTES,
                                   .capacity = capacity,
                                   .tail = at,
                                   .at = at,
                                   .head = at,
                                   .bell = bell};
}

/* What was copied is not read from there again, whatever the compiler would like. */
static void copied(void) {
    __asm__ volatile("" ::: "memory");
}

static void copy_out(const struct tx_ring_consumer *c, uint64_t from, void *to, size_t n) {
    size_t at = (size_t)(from & (c->capacity - 1));
    size_t first = c->capacity - at < n ? c->capacity - at : n;

    memcpy(to, c->data + at, first);
    memcpy((uint8_t *)to + first, c->data, n - first);
    copied();
}

static int look(struct tx_ring_consumer *c) {
    uint64_t head = __atomic_load_n(&c->header->head, __ATOMIC_ACQUIRE);
    uint64_t n = head - c->at;

    if (n == 0)
        return TX_RING_E_EMPTY;
    if (n > c->capacity || n % TX_RING_ALIGNMENT != 0)
        return -EBADMSG;
    c->head = head;
    return 0;
}

int tx_ring_next(struct tx_ring_consumer *c, void *to, size_t n_to, size_t *ret_n) {
    uint32_t length;

    if (c->at == c->head) {
        int r = look(c);
        if (r != 0)
            return r;
    }
    copy_out(c, c->at, &length, sizeof(length));
    if (length == 0 || length > n_to || tx_ring_frame_bytes(length) > c->head - c->at)
        return -EBADMSG;
    copy_out(c, c->at + TX_RING_FRAME_HEADER_BYTES, to, length);
    c->at += tx_ring_frame_bytes(length);
    *ret_n = length;
    return 0;
}

bool tx_ring_accounted(struct tx_ring_consumer *c, uint64_t *ret_n) {
    /* In this order: what it counts as written had been written before. */
    uint64_t n = __atomic_load_n(&c->header->accounted, __ATOMIC_ACQUIRE);
    uint64_t head = __atomic_load_n(&c->header->head, __ATOMIC_ACQUIRE);

    if (head != c->at)
        return false;
    *ret_n = n;
    return true;
}

static void wipe(struct tx_ring_consumer *c, uint64_t end) {
    size_t n = end - c->tail <= c->capacity ? (size_t)(end - c->tail) : 0;
    size_t at = (size_t)(c->tail & (c->capacity - 1));
    size_t first = c->capacity - at < n ? c->capacity - at : n;

    memset(c->data + at, 0, first);
    memset(c->data, 0, n - first);
}

void tx_ring_rewind(struct tx_ring_consumer *c, uint64_t at) {
    c->at = c->head = at;
}

void tx_ring_publish(struct tx_ring_consumer *c, uint64_t tail) {
    __atomic_store_n(&c->header->stored, tail, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    wipe(c, tail);
    c->tail = tail;
    __atomic_store_n(&c->header->tail, tail, __ATOMIC_RELEASE);
}

void tx_ring_ask_bell(struct tx_ring_consumer *c) {
    __atomic_store_n(&c->header->bell, ++c->bell, __ATOMIC_SEQ_CST);
}

void tx_ring_take(struct tx_ring_consumer *c) {
    __atomic_store_n(&c->header->fate, TX_RING_TAKEN, __ATOMIC_RELEASE);
}

void tx_ring_end(struct tx_ring_consumer *c, enum tx_ring_fate fate) {
    __atomic_store_n(&c->header->fate, fate, __ATOMIC_RELEASE);
    tx_ring_ask_bell(c);
}

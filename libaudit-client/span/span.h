/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_SPAN_H
#define TX_CLIENT_SPAN_H

/*
 * What is in a struct tx_span: a head of fixed size, and behind it bytes for the name, attributes
 * and links, as entries one behind the other, by offset, without a pointer. It knows no connection.
 * Invariant: what stands up to `used` is whole entries.
 *
 * Life: begun (open) → ended. Several threads may come at once: each holds the span's own lock for
 * a few instructions. Nobody waits for it without bound, since a forked child may find it held by a
 * thread that it has not.
 */

#include <tracex/span.h>

#include "libaudit-client/context/current.h"

#define TX_SPAN_LEAST 1024 /* bytes of a struct tx_span: the head, and a correlation id */
#define TX_SPAN_TEXT 255   /* of a name, or a message */
#define TX_SPAN_ATTRIBUTES 64
#define TX_SPAN_LINKS 16

enum tx_span_state {
    TX_SPAN_NEVER,
    TX_SPAN_OPEN = 0x6f70656e, /* not what memory may hold by chance */
    TX_SPAN_ENDED = 0x656e6465,
};

struct tx_span_link_ids {
    uint8_t trace_id[16];
    uint8_t span_id[8];
};

struct tx_span_head {
    size_t size;
    uint32_t state;
    uint32_t lock;
    uint64_t epoch;      /* of the process that began it */
    int64_t time, begun; /* wall clock; monotonic clock */
    uint8_t trace_id[16], span_id[8], parent_id[8];
    bool has_parent;
    uint8_t flags, kind, status;
    int32_t thread_id;
    const struct tx_current *thread; /* whose current one it is; NULL: nobody's */
    uint64_t serial, before_serial;
    struct tx_current_before before;
    uint16_t n_attributes, n_links, n_name, n_message;
    uint16_t first; /* where attributes begin: behind the thread's correlation id, with its NUL */
    uint32_t used;  /* of bytes */
    uint32_t attributes_dropped, links_dropped;
    char name[TX_SPAN_TEXT + 1];
    char message[TX_SPAN_TEXT + 1];
    uint8_t bytes[]; /* up to `size` */
};

/* An attribute: followed by name, NUL and value. */
struct tx_span_entry {
    uint32_t n; /* of all of it */
    uint16_t n_name;
    uint8_t type, label;
    uint64_t number;
    uint32_t n_value;
    bool is_null;
};

/* Locks an open span. -EALREADY: it is not open; -EDEADLK; -EINVAL. */
TX_MUST_USE int tx_span_lock(struct tx_span *span, struct tx_span_head **ret);
void tx_span_unlock(struct tx_span_head *head);

/* With the lock held: -ENOSPC, -EINVAL. */
TX_MUST_USE int tx_span_add_attribute(struct tx_span_head *head, const struct tx_kv *kv);
/* All of them, as fields that point into the span. Returns how many: TX_SPAN_ATTRIBUTES at most. */
size_t tx_span_read_attributes(const struct tx_span_head *head, struct tx_kv *ret);
/* Links lie at the end of the bytes, the last one first. */
struct tx_span_link_ids tx_span_link_at(const struct tx_span_head *head, size_t i);
TX_MUST_USE int tx_span_add_link(struct tx_span_head *head, const struct tx_span_link_ids *ids);

/* Hands it over as a record. */
TX_MUST_USE int tx_span_record(const struct tx_span_head *head, int64_t duration);

extern struct tx_span_stats tx_span_counts;

static inline void tx_span_count(uint64_t *count, uint64_t n) {
    __atomic_fetch_add(count, n, __ATOMIC_RELAXED);
}

#endif

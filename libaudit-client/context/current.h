/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_CURRENT_H
#define TX_CLIENT_CURRENT_H

/*
 * The thread's current context: ids in thread-local memory that is small, since a library that is
 * loaded late has to find room for it; long texts in memory of the thread's own, mapped when there
 * is one for the first time and unmapped at the thread's end. A fork keeps all of it in the child.
 * Invariant: `state` is TX_CURRENT_SET exactly when a record has something to pick up.
 */

#include <stdbool.h>
#include <tracex/context.h>
#include <unistd.h>

#include "libaudit-client/context/ids.h"
#include "libtx/context/traceparent.h"

enum tx_current_state {
    TX_CURRENT_UNKNOWN, /* the thread has not looked yet */
    TX_CURRENT_NONE,
    TX_CURRENT_SET,
};

struct tx_context_texts {
    uint16_t n_correlation, n_tracestate, n_baggage; /* without the NUL */
    char correlation[TX_CORRELATION_SIZE];
    char tracestate[TX_TRACESTATE_SIZE];
    char baggage[TX_BAGGAGE_SIZE];
};

struct tx_current {
    uint8_t state;
    bool has_trace;
    uint8_t flags;
    uint8_t trace_id[16];
    uint8_t span_id[8]; /* what the thread works in */
    uint64_t serial;    /* of the attachment in force; 0: none */
    uint64_t last_serial;
    uint64_t texts_serial; /* of the attachment that the texts are of */
    uint64_t thread_epoch; /* when thread_id was asked for; ids.h */
    int32_t thread_id;
    struct tx_ids ids;
    struct tx_context_texts *texts; /* NULL: none is set */
};

/* What struct tx_context holds. */
struct tx_context_parts {
    bool has_trace;
    struct tx_traceparent parent;
    struct tx_context_texts texts;
};

extern _Thread_local struct tx_current tx_current_ __attribute__((tls_model("initial-exec")));

/* The thread's first look: the process's environment. */
void tx_current_begin(struct tx_current *current);

static inline struct tx_current *tx_current(void) {
    struct tx_current *current = &tx_current_;

    /* Sanitizers look whether the address is NULL by the flags of the addition that makes it, which
     * the linker turns into a lea, that sets none (GCC 12, binutils 2.40). */
    __asm__("" : "+r"(current));
    if (__builtin_expect(current->state == TX_CURRENT_UNKNOWN, 0))
        tx_current_begin(current);
    return current;
}

/* A new span's id. -EAGAIN and such: there is none. */
static inline TX_MUST_USE int tx_current_span_id(struct tx_current *current, uint8_t ret[8]) {
    return tx_ids_span(&current->ids, ret);
}

/* What a span that becomes the current one finds there. */
struct tx_current_before {
    bool has_trace;
    uint8_t flags;
    uint8_t trace_id[16];
    uint8_t span_id[8];
};

/* To be called when has_trace or the correlation id has changed. */
static inline void tx_current_settle(struct tx_current *current) {
    bool has_correlation = current->texts && current->texts->n_correlation > 0;
    current->state = current->has_trace || has_correlation ? TX_CURRENT_SET : TX_CURRENT_NONE;
}

/* Another span becomes what the thread works in. */
static inline void tx_current_change(struct tx_current *current, const uint8_t trace_id[16],
                                     const uint8_t span_id[8], uint8_t flags,
                                     struct tx_current_before *ret_before) {
    ret_before->has_trace = current->has_trace;
    ret_before->flags = current->flags;
    memcpy(ret_before->trace_id, current->trace_id, sizeof(current->trace_id));
    memcpy(ret_before->span_id, current->span_id, sizeof(current->span_id));
    memcpy(current->trace_id, trace_id, sizeof(current->trace_id));
    memcpy(current->span_id, span_id, sizeof(current->span_id));
    current->flags = flags;
    current->has_trace = true;
    current->state = TX_CURRENT_SET;
}

/* The same with a new span: of the thread's trace, or of a new one where it has none. On failure
 * nothing changes. A few instructions, no system call but for a thread's first. */
static inline TX_MUST_USE int tx_current_enter(struct tx_current *current,
                                               struct tx_current_before *ret_before) {
    uint8_t span_id[8], trace_id[16], flags = TX_TRACE_SAMPLED | TX_TRACE_RANDOM;
    int r = tx_ids_span(&current->ids, span_id);

    if (r < 0)
        return r;
    if (current->has_trace) {
        memcpy(trace_id, current->trace_id, sizeof(trace_id));
        flags = current->flags;
    } else {
        r = tx_ids_span(&current->ids, trace_id);
        if (r == 0)
            r = tx_ids_span(&current->ids, trace_id + 8);
        if (r < 0)
            return r;
    }
    tx_current_change(current, trace_id, span_id, flags, ret_before);
    return 0;
}

/* The kernel's number of the thread; once the thread has made an id. */
static inline int32_t tx_current_thread_id(struct tx_current *current) {
    if (current->thread_epoch != current->ids.epoch) { /* also after a fork */
        current->thread_id = (int32_t)gettid();
        current->thread_epoch = current->ids.epoch;
    }
    return current->thread_id;
}

/* Brings back what was there. */
static inline void tx_current_leave(struct tx_current *current,
                                    const struct tx_current_before *before) {
    memcpy(current->trace_id, before->trace_id, sizeof(current->trace_id));
    memcpy(current->span_id, before->span_id, sizeof(current->span_id));
    current->flags = before->flags;
    current->has_trace = before->has_trace;
    tx_current_settle(current);
}

/* The context as a value, and the other way. -EINVAL: it is none; -ENOMEM: its texts were left out.
 */
void tx_current_read(const struct tx_current *current, struct tx_context_parts *ret);
TX_MUST_USE int tx_current_write(struct tx_current *current, const struct tx_context_parts *parts);

/* Memory for texts, empty when it is new. -ENOMEM. */
TX_MUST_USE int tx_current_texts(struct tx_current *current, struct tx_context_texts **ret);

/* What a struct tx_context holds, in its place. -EINVAL when it is damaged. */
TX_MUST_USE int tx_context_view(const struct tx_context *context,
                                const struct tx_context_parts **ret);
/* A copy of it; NULL: of the thread's. */
TX_MUST_USE int tx_context_parts_read(const struct tx_context *context,
                                      struct tx_context_parts *ret);
TX_MUST_USE int tx_context_parts_write(const struct tx_context_parts *parts,
                                       struct tx_context *ret_context);

/* An empty one; what lies behind the texts' ends stays. */
void tx_context_parts_clear(struct tx_context_parts *parts);

/* Copies without what lies behind the texts' ends. */
void tx_context_texts_copy(struct tx_context_texts *to, const struct tx_context_texts *from);

/* What a record has to say of it: fills what the event leaves open. `known` is a copy of the event.
 */
void tx_current_fill(const struct tx_current *current, struct tx_event *known);

#endif

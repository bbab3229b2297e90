/* SPDX-License-Identifier: MIT */
#ifndef TRACEX_SPAN_H
#define TRACEX_SPAN_H

/*
 * Spans: pieces of work with a name, a duration, attributes and a place in a trace. One record
 * `span` when it ends (docs/events.md).
 *
 *     TX_SPAN_SCOPE(span, "order.place");              // until the block's end
 *     tx_span_set(&span, TX_STR("order.id", id));
 *     tx_audit_log("order.placed", TX_SUCCESS);        // carries the span's ids
 *
 * A span lies in the caller's memory and holds copies of what it is told, so nothing is allocated
 * and nothing has to live on; what has no room in it is counted in its record. Any thread may use
 * one, also several at once. A span that is ended twice, in another thread, in another order or
 * never does no harm, and is counted. docs/tracing.md
 */

#include <tracex/context.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `size` is sizeof(struct tx_span); one of a program with another header may be larger, or smaller
 * down to 1024 bytes. The rest is the library's. It must not move while the span is open. */
struct tx_span {
    size_t size;
    uint64_t opaque_[255];
};

#define TX_SPAN_INIT                                                                               \
    {                                                                                              \
        sizeof(struct tx_span), {                                                                  \
            0                                                                                      \
        }                                                                                          \
    }

enum tx_span_kind {
    TX_SPAN_INTERNAL,
    TX_SPAN_SERVER,
    TX_SPAN_CLIENT,
    TX_SPAN_PRODUCER,
    TX_SPAN_CONSUMER
};

enum tx_span_status { TX_SPAN_UNSET, TX_SPAN_OK, TX_SPAN_ERROR };

/* Members that an older program does not know are as if 0. */
struct tx_span_options {
    size_t size;
    enum tx_span_kind kind;
    const struct tx_context *parent; /* NULL: the thread's context */
    int is_root;                     /* not 0: a trace of its own, whatever the context says */
    int is_current; /* not 0: until it ends, it is what this thread works in (TX_SPAN_SCOPE) */
};

#define TX_SPAN_OPTIONS_INIT                                                                       \
    { sizeof(struct tx_span_options), TX_SPAN_INTERNAL, NULL, 0, 0 }

/*
 * Begins a span; without a trace it begins one. `span` needs its size (TX_SPAN_INIT). A name of
 * more than 255 bytes is cut. options: NULL for a span that is not the thread's current one.
 * -EINVAL: no name, an option that is none; -E2BIG: a newer struct; -EAGAIN: early in the boot,
 * there are no random numbers yet. Then there is no span, and everything else here does nothing.
 */
TX_PUBLIC_ int tx_span_begin(struct tx_span *span, const char *name,
                             const struct tx_span_options *options);

/* Attributes, up to TX_KV_END or n. One with the name of another replaces it. -EINVAL: a field that
 * tx_audit_log() would not take, or a name that is the record's own (span.*, duration_ns,
 * thread.id); -ENOSPC: no room. Either is counted in the record, and the others are set. -EALREADY:
 * it has ended, or was never begun. -EDEADLK: from a signal handler. */
TX_PUBLIC_ int tx_span_set_list(struct tx_span *span, const struct tx_kv *fields, size_t n_fields);

/* The last one holds. A message (NULL: none) of more than 255 bytes is cut. -EINVAL, -EALREADY. */
TX_PUBLIC_ int tx_span_status(struct tx_span *span, enum tx_span_status status,
                              const char *message);

/* To a span of this or another trace, at most 16. -ENODATA: the context has no trace; -ENOSPC;
 * -EALREADY. */
TX_PUBLIC_ int tx_span_link(struct tx_span *span, const struct tx_context *context);

/* The context within the span: for another thread, or a request to another service. -EALREADY. */
TX_PUBLIC_ int tx_span_context(struct tx_span *span, struct tx_context *ret_context);

/* Ends it and records it. As tx_trace_emit(); -EALREADY: it has ended, or was never begun; -EXDEV:
 * another process began it, before a fork, and records it. */
TX_PUBLIC_ int tx_span_end(struct tx_span *span);

/* Of this process; a forked child goes on from its parent's. */
struct tx_span_stats {
    size_t size; /* set it to sizeof(struct tx_span_stats) before the call */
    uint64_t begun;
    uint64_t ended;      /* and recorded; the others are open, or were forgotten */
    uint64_t wrong_ends; /* ended twice, never begun, or in another process than begun */
    uint64_t misnested;  /* current ones that ended in another thread, or before what was in them */
    uint64_t dropped;    /* attributes and links that had no room or were refused */
    uint64_t lost;       /* ended, but not recorded: tx_trace_emit() failed */
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
TX_PUBLIC_ int tx_span_stats(struct tx_span_stats *ret_stats);
#pragma GCC diagnostic pop

static inline void tx_span_enter_(struct tx_span *span, const char *name) {
    struct tx_span_options options = TX_SPAN_OPTIONS_INIT;
    options.is_current = 1;
    span->size = sizeof(*span);
    span->opaque_[0] = 0;
    tx_span_begin(span, name, &options);
}

static inline void tx_span_leave_(struct tx_span *span) {
    tx_span_end(span);
}

#ifdef __cplusplus
} /* extern "C" */

class tx_span_scope : public tx_span {
  public:
    explicit tx_span_scope(const char *name) noexcept { tx_span_enter_(this, name); }
    ~tx_span_scope() { tx_span_leave_(this); }
    tx_span_scope(const tx_span_scope &) = delete;
    tx_span_scope &operator=(const tx_span_scope &) = delete;
};

/* TX_SPAN_SCOPE(variable, name): a current span until the end of the block. */
#define TX_SPAN_SCOPE(variable, name) tx_span_scope variable(name)

template <typename... Fields>
inline int tx_span_set(tx_span *span, const Fields &...fields) noexcept {
    static_assert((std::is_same_v<Fields, tx_kv> && ...), "fields are made by TX_STR and the like");
    const tx_kv list[] = {fields..., tx_kv_end()};
    return tx_span_set_list(span, list, SIZE_MAX);
}

#else

#define TX_SPAN_SCOPE(variable, name)                                                              \
    __attribute__((cleanup(tx_span_leave_))) struct tx_span variable;                              \
    tx_span_enter_(&variable, name)

/* int tx_span_set(struct tx_span *span, fields…) */
#define tx_span_set(...) tx_span_set_(__VA_ARGS__, tx_kv_end())
#define tx_span_set_(span, ...)                                                                    \
    tx_span_set_list(span, (const struct tx_kv[]){__VA_ARGS__}, SIZE_MAX)

#endif
#endif

/* SPDX-License-Identifier: MIT */
#ifndef TRACEX_CONTEXT_H
#define TRACEX_CONTEXT_H

/*
 * Context: which trace and span a thread works for, and which correlation id its records carry.
 * tx_audit_log() and everything in <tracex/trace.h> pick it up by themselves. It goes from process
 * to process as W3C Trace Context (level 2) and W3C Baggage, in headers or in the environment.
 *
 *     struct tx_context context;
 *     tx_context_parse(traceparent, tracestate, baggage, &context);   // of a request; NULL: none
 *     TX_CONTEXT_SCOPE(&context);                                     // until the block's end
 *     tx_audit_log("order.placed", TX_SUCCESS, TX_STR("order", id));
 *
 * What came from outside and is malformed never fails the caller: the trace begins anew, and that
 * is counted. A thread begins with what TRACEPARENT, TRACESTATE and BAGGAGE said when the process
 * first looked; another thread's context it gets by tx_context_attach() alone. A forked child
 * keeps its parent's. No call here is a cancellation point, or async-signal-safe. docs/tracing.md
 */

#include <tracex/audit.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Texts with the NUL at their end. */
#define TX_TRACEPARENT_SIZE 56
#define TX_TRACESTATE_SIZE 513
#define TX_BAGGAGE_SIZE 8193
#define TX_CORRELATION_SIZE 257

/* A context as a value: of a fixed size, to be copied and passed to other threads, and to be freed
 * by nobody. All zero is an empty one. What is in it is the library's. */
struct tx_context {
    uint64_t opaque_[1152];
};

#define TX_CONTEXT_INIT                                                                            \
    {                                                                                              \
        { 0 }                                                                                      \
    }

/* --- the thread's context --- */

TX_PUBLIC_ int tx_context_get(struct tx_context *ret_context);
/* NULL: none. -EINVAL: it is no context; -ENOMEM: its texts were left out. */
TX_PUBLIC_ int tx_context_set(const struct tx_context *context);

/* What tx_context_attach() hands out: what was there before. */
struct tx_context_token {
    uint64_t serial_;
    uint64_t before_serial_;
    uint64_t before_texts_serial_;
    const void *thread_;
    struct tx_context before_;
};

/* Sets it until tx_context_detach() brings back what was there before. NULL: none. As
 * tx_context_set(). */
TX_PUBLIC_ int tx_context_attach(const struct tx_context *context,
                                 struct tx_context_token *ret_token);
/* In the order opposite to attaching. An outer one that goes before an inner one takes that with
 * it; -EALREADY: it is not attached in this thread, or no longer. Both do no harm and are counted.
 */
TX_PUBLIC_ int tx_context_detach(struct tx_context_token *token);

/* The correlation id that records of this thread carry: at most 256 bytes of UTF-8 without control
 * characters, else -EINVAL. NULL, "": none. -ENOMEM. */
TX_PUBLIC_ int tx_correlation_set(const char *id);
/* -ENODATA: there is none; -ENOSPC. */
TX_PUBLIC_ int tx_correlation_get(char *ret_id, size_t n_id);

/* --- what is in a context; NULL: in the thread's --- */

/* A new trace with random ids. -EAGAIN early in the boot. */
TX_PUBLIC_ int tx_context_start(struct tx_context *ret_context);

enum tx_context_flags {
    TX_CONTEXT_SAMPLED = 1,
    TX_CONTEXT_RANDOM = 2, /* the trace id's last 7 bytes are random */
};

/* -ENODATA: no trace. Each may be NULL. */
TX_PUBLIC_ int tx_context_ids(const struct tx_context *context, uint8_t ret_trace_id[16],
                              uint8_t ret_span_id[8], uint8_t *ret_flags);

/* As the header's value. -ENODATA: there is none; -ENOSPC. */
TX_PUBLIC_ int tx_context_traceparent(const struct tx_context *context, char *ret, size_t n);
TX_PUBLIC_ int tx_context_tracestate(const struct tx_context *context, char *ret, size_t n);
TX_PUBLIC_ int tx_context_baggage(const struct tx_context *context, char *ret, size_t n);

/* Puts a tracing system's own entry in front. -EINVAL: the key or value is none; -ENODATA: no
 * trace. The last ones go when 32, or 512 bytes, do not hold them. */
TX_PUBLIC_ int tx_context_tracestate_put(struct tx_context *context, const char *key,
                                         const char *value);
/* Any text; it is encoded. NULL: takes the key out. -EINVAL: the key is none; -ENOSPC. */
TX_PUBLIC_ int tx_context_baggage_set(struct tx_context *context, const char *key,
                                      const char *value);
/* Decoded; what was not UTF-8 is U+FFFD. -ENODATA, -ENOSPC. */
TX_PUBLIC_ int tx_context_baggage_get(const struct tx_context *context, const char *key, char *ret,
                                      size_t n);

/* --- from and to other processes --- */

struct tx_header {
    const char *name; /* in upper or lower case */
    const char *value;
};

/* What tx_context_from_headers() returns, added up; 0: all was taken as it was said. */
enum tx_context_parsed {
    TX_CONTEXT_STARTED = 1,   /* no traceparent: a trace begins here */
    TX_CONTEXT_RESTARTED = 2, /* it was malformed, or there were two: the same, and counted */
    TX_CONTEXT_TRACESTATE_DROPPED = 4, /* malformed, or more than 32 members */
    TX_CONTEXT_TRACESTATE_CUT = 8,     /* members beyond 512 bytes */
    TX_CONTEXT_BAGGAGE_CUT = 16,       /* members that were malformed or had no room */
};

/* Finds traceparent, tracestate and baggage among the headers of a request. A value that is NULL is
 * not there. -EINVAL only for no list or no ret_context. */
TX_PUBLIC_ int tx_context_from_headers(const struct tx_header *headers, size_t n_headers,
                                       struct tx_context *ret_context);

static inline int tx_context_parse(const char *traceparent, const char *tracestate,
                                   const char *baggage, struct tx_context *ret_context) {
    struct tx_header headers[3];
    headers[0].name = "traceparent";
    headers[0].value = traceparent;
    headers[1].name = "tracestate";
    headers[1].value = tracestate;
    headers[2].name = "baggage";
    headers[2].value = baggage;
    return tx_context_from_headers(headers, 3, ret_context);
}

/* The same of TRACEPARENT, TRACESTATE and BAGGAGE, as they are now. */
TX_PUBLIC_ int tx_context_from_environment(struct tx_context *ret_context);

/* For a child's environment, as posix_spawn() and execve() take it: NAME=value, or "" where there
 * is none. The variables that are in the environment already are to be left out. */
struct tx_environment {
    char traceparent[12 + TX_TRACEPARENT_SIZE];
    char tracestate[11 + TX_TRACESTATE_SIZE];
    char baggage[8 + TX_BAGGAGE_SIZE];
};

TX_PUBLIC_ int tx_context_to_environment(const struct tx_context *context,
                                         struct tx_environment *ret_environment);
/* Sets and removes the variables of this process, by setenv(): not while another thread may look
 * at the environment. -ENOMEM. */
TX_PUBLIC_ int tx_context_setenv(const struct tx_context *context);

/* --- figures --- */

/* Of this process; a forked child goes on from its parent's. */
struct tx_context_stats {
    size_t size;                 /* set it to sizeof(struct tx_context_stats) before the call */
    uint64_t restarted;          /* traces, for a malformed traceparent */
    uint64_t tracestate_dropped; /* whole ones, or members of them */
    uint64_t baggage_dropped;    /* members */
    uint64_t misnested;          /* detached in another order, in another thread, or twice */
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
TX_PUBLIC_ int tx_context_stats(struct tx_context_stats *ret_stats);
#pragma GCC diagnostic pop

/* --- until the end of the block --- */

/* TX_CONTEXT_SCOPE(&context);  TX_CORRELATION_SCOPE(id);  What cannot be set is as it was. */
#define TX_NAME2_(a, b) a##b
#define TX_NAME_(a, b) TX_NAME2_(a, b)

struct tx_correlation_token {
    char before[TX_CORRELATION_SIZE];
};

static inline struct tx_correlation_token tx_correlation_enter_(const char *id) {
    struct tx_correlation_token token;
    if (tx_correlation_get(token.before, sizeof(token.before)) < 0)
        token.before[0] = '\0';
    tx_correlation_set(id);
    return token;
}

static inline void tx_correlation_leave_(struct tx_correlation_token *token) {
    tx_correlation_set(token->before);
}

#ifdef __cplusplus
} /* extern "C" */

class tx_context_scope {
  public:
    explicit tx_context_scope(const tx_context *context) noexcept {
        tx_context_attach(context, &token);
    }
    ~tx_context_scope() { tx_context_detach(&token); }
    tx_context_scope(const tx_context_scope &) = delete;
    tx_context_scope &operator=(const tx_context_scope &) = delete;

  private:
    tx_context_token token;
};

class tx_correlation_scope {
  public:
    explicit tx_correlation_scope(const char *id) noexcept : token(tx_correlation_enter_(id)) {}
    ~tx_correlation_scope() { tx_correlation_leave_(&token); }
    tx_correlation_scope(const tx_correlation_scope &) = delete;
    tx_correlation_scope &operator=(const tx_correlation_scope &) = delete;

  private:
    tx_correlation_token token;
};

#define TX_CONTEXT_SCOPE(context) tx_context_scope TX_NAME_(tx_scope_, __LINE__)(context)
#define TX_CORRELATION_SCOPE(id) tx_correlation_scope TX_NAME_(tx_scope_, __LINE__)(id)

#else

static inline void tx_context_leave_(struct tx_context_token *token) {
    tx_context_detach(token);
}

#define TX_CONTEXT_SCOPE(context)                                                                  \
    __attribute__((cleanup(tx_context_leave_))) struct tx_context_token TX_NAME_(tx_scope_,        \
                                                                                 __LINE__);        \
    tx_context_attach(context, &TX_NAME_(tx_scope_, __LINE__))
#define TX_CORRELATION_SCOPE(id)                                                                   \
    __attribute__((cleanup(tx_correlation_leave_), unused)) struct tx_correlation_token TX_NAME_(  \
        tx_scope_, __LINE__) = tx_correlation_enter_(id)

#endif
#endif

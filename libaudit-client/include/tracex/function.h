/* SPDX-License-Identifier: MIT */
#ifndef TRACEX_FUNCTION_H
#define TRACEX_FUNCTION_H

/*
 * Calls of functions: one record `function.call` (docs/events.md) when each returns, with its
 * duration and its arguments, and a span of its own, in which all stands that it does.
 *
 *     int place(const char *order, int items) {
 *         TX_TRACE_FUNCTION_ARGS(TX_STR("order", order), TX_I64("items", items));
 *         ...
 *         TX_TRACE_RESULT(TX_I64("result", r));
 *         return r;
 *     }
 *
 * They are off until somebody switches them on: TRACEX_FUNCTIONS in the program's environment, or
 * tx_function_trace(). While all are off a call costs one look at a word in memory. In C++ the name
 * is that of __PRETTY_FUNCTION__, and a call that an exception ends is a failure. docs/tracing.md
 */

#include <tracex/span.h>

#ifdef __cplusplus
#include <exception>
extern "C" {
#endif

/* Which functions are traced from now on: patterns of their names as of fnmatch(3), with commas
 * between them; "*" is all, NULL or "" none. Calls that are under way are recorded all the same.
 * -E2BIG: more than 1023 bytes; what was on stays on. */
TX_PUBLIC_ int tx_function_trace(const char *patterns);

/* --- under the macros --- */

/* One for each place in the program. */
struct tx_function_site {
    const char *name;
    const char *file;
    int line;
    uint32_t state_; /* what was decided of it, and by which switch */
};

#define TX_FUNCTION_ARGS_MAX 16

/* One for each call, on the stack. */
struct tx_function_call {
    const struct tx_function_site *site; /* NULL: this call is not traced */
    uint64_t opaque_[14];
    struct tx_kv result_;
};

/* The same with room for copies of arguments; longer texts are cut. */
struct tx_function_args {
    struct tx_function_call call;
    uint32_t n_;
    uint32_t used_;
    struct tx_kv fields_[TX_FUNCTION_ARGS_MAX];
    char bytes_[512];
};

/* 0: all are off. It changes with each switching, so that each site decides anew. */
extern TX_PUBLIC_ uint32_t tx_function_switch_;

TX_PUBLIC_ void tx_function_begin_(struct tx_function_call *call, struct tx_function_site *site);
TX_PUBLIC_ void tx_function_args_(struct tx_function_args *args, const struct tx_kv *fields);
TX_PUBLIC_ void tx_function_end_(struct tx_function_call *call, const struct tx_function_args *args,
                                 int failed);

static inline void tx_function_enter_(struct tx_function_call *call,
                                      struct tx_function_site *site) {
    uint32_t is_on = __atomic_load_n(&tx_function_switch_, __ATOMIC_RELAXED);
    call->site = NULL;
    if (__builtin_expect(is_on != 0, 0) &&
        __atomic_load_n(&site->state_, __ATOMIC_RELAXED) != is_on) /* that it is off by this one */
        tx_function_begin_(call, site);
}

static inline void tx_function_leave_(struct tx_function_call *call) {
    if (__builtin_expect(call->site != NULL, 0))
        tx_function_end_(call, NULL, 0);
}

static inline void tx_function_leave_args_(struct tx_function_args *args) {
    if (__builtin_expect(args->call.site != NULL, 0))
        tx_function_end_(&args->call, args, 0);
}

/* Its text, if it has one, has to be there until the function has returned. */
static inline void tx_function_result_(struct tx_function_call *call, struct tx_kv result) {
    if (call->site)
        call->result_ = result;
}

#ifdef __cplusplus
} /* extern "C" */

class tx_function_scope : public tx_function_args {
  public:
    explicit tx_function_scope(tx_function_site *site) noexcept
        : n_exceptions(std::uncaught_exceptions()) {
        n_ = 0;
        tx_function_enter_(&call, site);
    }
    ~tx_function_scope() {
        if (__builtin_expect(call.site != nullptr, 0))
            tx_function_end_(&call, this, std::uncaught_exceptions() > n_exceptions);
    }
    tx_function_scope(const tx_function_scope &) = delete;
    tx_function_scope &operator=(const tx_function_scope &) = delete;

    template <typename... Fields> void set(const Fields &...fields) noexcept {
        const tx_kv list[] = {fields..., tx_kv_end()};
        tx_function_args_(this, list);
    }

  private:
    int n_exceptions;
};

#define TX_FUNCTION_SITE_                                                                          \
    static struct tx_function_site tx_function_site_ = {__PRETTY_FUNCTION__, __FILE__, __LINE__, 0}
#define TX_TRACE_FUNCTION()                                                                        \
    TX_FUNCTION_SITE_;                                                                             \
    tx_function_scope tx_function_call_(&tx_function_site_)
#define TX_TRACE_FUNCTION_ARGS(...)                                                                \
    TX_TRACE_FUNCTION();                                                                           \
    if (__builtin_expect(tx_function_call_.call.site != nullptr, 0))                               \
    tx_function_call_.set(__VA_ARGS__)
#define TX_TRACE_RESULT(field) tx_function_result_(&tx_function_call_.call, field)

#else

#define TX_FUNCTION_SITE_                                                                          \
    static struct tx_function_site tx_function_site_ = {__func__, __FILE__, __LINE__, 0}
#define TX_TRACE_FUNCTION()                                                                        \
    TX_FUNCTION_SITE_;                                                                             \
    __attribute__((cleanup(tx_function_leave_))) struct tx_function_call tx_function_call_;        \
    struct tx_function_call *const tx_function_own_ __attribute__((unused)) = &tx_function_call_;  \
    tx_function_enter_(&tx_function_call_, &tx_function_site_)
#define TX_TRACE_FUNCTION_ARGS(...)                                                                \
    TX_FUNCTION_SITE_;                                                                             \
    __attribute__((cleanup(tx_function_leave_args_))) struct tx_function_args tx_function_call_;   \
    struct tx_function_call *const tx_function_own_ __attribute__((unused)) =                      \
        &tx_function_call_.call;                                                                   \
    tx_function_enter_(&tx_function_call_.call, &tx_function_site_);                               \
    if (__builtin_expect(tx_function_call_.call.site != NULL, 0))                                  \
    tx_function_args_(&tx_function_call_, (const struct tx_kv[]){__VA_ARGS__, tx_kv_end()})
/* Of a function that is traced by either. */
#define TX_TRACE_RESULT(field) tx_function_result_(tx_function_own_, field)

#endif

/* The rest of the block as a span. */
#define TX_TRACE_SCOPE(name) TX_SPAN_SCOPE(TX_NAME_(tx_scope_, __LINE__), name)

#endif

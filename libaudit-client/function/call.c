/* SPDX-License-Identifier: MIT */

/*
 * One call of a traced function: a span that is the thread's current one until the function
 * returns, and then a record. Nothing is allocated; what is wrong with an argument leaves out that
 * argument.
 */

#include <errno.h>
#include <string.h>
#include <tracex/trace.h>

#include "libaudit-client/context/current.h"
#include "libaudit-client/function/switch.h"
#include "libtx/base/clock.h"
#include "libtx/base/limits.h"

/* Of one argument's text. */
#define TEXT_MAX 128u
#define NAME_MAX_BYTES (TX_LIMIT_NAME_BYTES + 1)

/* What struct tx_function_call holds. */
struct call {
    const struct tx_function_site *site;
    int64_t time, begun;
    uint64_t epoch; /* of the process; a forked child does not record its parent's calls */
    uint8_t trace_id[16];
    uint8_t span_id[8];
    struct tx_current_before before;
    uint32_t depth;
};

_Static_assert(sizeof(struct call) <= offsetof(struct tx_function_call, result_), "it has to fit");

/* Traced calls that the thread is in. */
static _Thread_local uint32_t depth __attribute__((tls_model("initial-exec")));

static struct call *of(struct tx_function_call *call) {
    return (struct call *)(void *)call;
}

void tx_function_begin_(struct tx_function_call *public_call, struct tx_function_site *site) {
    struct call *call = of(public_call);
    int saved_errno = errno;
    struct tx_current *current = tx_switch_is_on(site) ? tx_current() : NULL;
    bool is_traced = current && tx_current_enter(current, &call->before) == 0;

    errno = saved_errno;
    if (!is_traced)
        return;
    memcpy(call->trace_id, current->trace_id, sizeof(call->trace_id));
    memcpy(call->span_id, current->span_id, sizeof(call->span_id));
    call->epoch = current->ids.epoch;
    call->depth = depth++;
    public_call->result_ = tx_kv_end();
    call->site = site;
    call->time = tx_clock_wall();
    call->begun = tx_clock_get(CLOCK_MONOTONIC);
}

/* --- arguments --- */

static bool is_text(const struct tx_kv *kv) {
    return kv->type == TX_KV_STR || kv->type == TX_KV_BYTES || kv->type == TX_KV_JSON;
}

/* JSON that is cut is none, and goes as a text; what is cut of UTF-8 becomes U+FFFD on its way. */
static bool copy_text(struct tx_function_args *args, struct tx_kv *kv) {
    size_t room = sizeof(args->bytes_) - args->used_;
    size_t n = kv->size < TEXT_MAX ? kv->size : TEXT_MAX;

    if (!kv->value.p)
        return true;
    if (n > room)
        return false;
    if (n < kv->size && kv->type == TX_KV_JSON)
        kv->type = TX_KV_STR;
    if (n > 0)
        memcpy(args->bytes_ + args->used_, kv->value.p, n);
    kv->value.p = args->bytes_ + args->used_;
    kv->size = n;
    args->used_ += (uint32_t)n;
    return true;
}

void tx_function_args_(struct tx_function_args *args, const struct tx_kv *fields) {
    args->n_ = args->used_ = 0;
    for (; fields->type != TX_KV_END && args->n_ < TX_FUNCTION_ARGS_MAX; fields++) {
        struct tx_kv kv = *fields;
        if (kv.name && (!is_text(&kv) || copy_text(args, &kv)))
            args->fields_[args->n_++] = kv;
    }
}

/* --- the record --- */

struct names {
    char bytes[TX_FUNCTION_ARGS_MAX][NAME_MAX_BYTES];
};

/* "arg.<name>"; a name that is too long leaves the argument out. */
static size_t put_arguments(const struct tx_function_args *args, struct names *names,
                            struct tx_kv *fields) {
    static const char prefix[] = "arg.";
    const size_t n_prefix = sizeof(prefix) - 1;
    size_t n = 0;

    for (uint32_t i = 0; i < args->n_; i++) {
        size_t n_name = strnlen(args->fields_[i].name, NAME_MAX_BYTES);
        if (n_prefix + n_name >= NAME_MAX_BYTES)
            continue;
        memcpy(names->bytes[n], prefix, n_prefix);
        memcpy(names->bytes[n] + n_prefix, args->fields_[i].name, n_name + 1);
        fields[n] = args->fields_[i];
        fields[n].name = names->bytes[n];
        n++;
    }
    return n;
}

static size_t put_all(const struct call *call, struct tx_current *current, int64_t duration,
                      const struct tx_kv *result, struct tx_kv *fields) {
    size_t n = 0;

    fields[n++] = TX_STR("code.function.name", call->site->name);
    fields[n++] = TX_STR("code.file.path", call->site->file);
    fields[n++] = TX_I64("code.line.number", call->site->line);
    fields[n++] = TX_I64("duration_ns", duration);
    fields[n++] = TX_I64("thread.id", tx_current_thread_id(current));
    fields[n++] = TX_I64("depth", call->depth);
    if (result->type != TX_KV_END) {
        fields[n] = *result;
        fields[n++].name = "result";
    }
    return n;
}

static bool is_refused(int r) {
    return r == -EINVAL || r == -EEXIST || r == -EMSGSIZE || r == -E2BIG;
}

/* With its first n fields alone where an argument is none, as one whose name stands twice. */
static void emit(struct tx_event *event, const struct tx_function_args *args, struct tx_kv *fields,
                 size_t n) {
    struct names names;

    event->fields = fields;
    event->n_fields = n;
    if (args && args->n_ > 0)
        event->n_fields += put_arguments(args, &names, fields + n);
    int r = tx_trace_emit(event);
    if (!is_refused(r) || event->n_fields == n)
        return;
    event->n_fields = n;
    (void)tx_trace_emit(event);
}

void tx_function_end_(struct tx_function_call *public_call, const struct tx_function_args *args,
                      int failed) {
    int64_t ended = tx_clock_get(CLOCK_MONOTONIC);
    int saved_errno = errno;
    struct call *call = of(public_call);
    struct tx_current *current = tx_current();
    struct tx_kv fields[TX_FUNCTION_ARGS_MAX + 8];
    struct tx_event event = TX_EVENT_INIT;

    event.name = "function.call";
    event.outcome = failed ? TX_FAILURE : TX_SUCCESS;
    event.time_ns = call->time;
    event.trace_id = call->trace_id;
    event.span_id = call->span_id;
    event.parent_span_id = call->before.has_trace ? call->before.span_id : NULL;
    if (tx_ids_is_epoch(call->epoch))
        emit(&event, args, fields,
             put_all(call, current, ended - call->begun, &public_call->result_, fields));
    tx_current_leave(current, &call->before);
    depth = call->depth;
    call->site = NULL;
    errno = saved_errno;
}

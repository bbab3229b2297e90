/* SPDX-License-Identifier: MIT */
#include "libaudit-client/context/current.h"

#include <pthread.h>
#include <sys/mman.h>

#include "libaudit-client/context/carrier.h"

_Thread_local struct tx_current tx_current_ __attribute__((tls_model("initial-exec")));

/* --- memory for texts --- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_end;
static bool has_key;

static void unmap(void *texts) {
    struct tx_current *current = tx_current();

    current->texts = NULL; /* another destructor may log yet */
    tx_current_settle(current);
    munmap(texts, sizeof(struct tx_context_texts));
}

static void make_key(void) {
    has_key = pthread_key_create(&at_thread_end, unmap) == 0;
}

int tx_current_texts(struct tx_current *current, struct tx_context_texts **ret) {
    int saved_errno = errno;

    if (!current->texts) {
        size_t n = sizeof(struct tx_context_texts);
        void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) {
            errno = saved_errno;
            return -ENOMEM;
        }
        madvise(p, n, MADV_DONTDUMP); /* as good as it can be had */
        pthread_once(&once, make_key);
        if (has_key)
            pthread_setspecific(at_thread_end, p); /* else it stays when the thread ends */
        current->texts = p;
    }
    errno = saved_errno;
    *ret = current->texts;
    return 0;
}

/* --- as values --- */

static void copy_text(char *to, const char *from, size_t n) {
    memcpy(to, from, n);
    to[n] = '\0';
}

void tx_context_texts_copy(struct tx_context_texts *to, const struct tx_context_texts *from) {
    copy_text(to->correlation, from->correlation, from->n_correlation);
    copy_text(to->tracestate, from->tracestate, from->n_tracestate);
    copy_text(to->baggage, from->baggage, from->n_baggage);
    to->n_correlation = from->n_correlation;
    to->n_tracestate = from->n_tracestate;
    to->n_baggage = from->n_baggage;
}

static bool has_texts(const struct tx_context_texts *texts) {
    return texts->n_correlation > 0 || texts->n_tracestate > 0 || texts->n_baggage > 0;
}

static void clear_texts(struct tx_context_texts *texts) {
    texts->n_correlation = texts->n_tracestate = texts->n_baggage = 0;
    texts->correlation[0] = texts->tracestate[0] = texts->baggage[0] = '\0';
}

void tx_context_parts_clear(struct tx_context_parts *parts) {
    parts->has_trace = false;
    parts->parent = (struct tx_traceparent){.flags = 0};
    clear_texts(&parts->texts);
}

void tx_current_read(const struct tx_current *current, struct tx_context_parts *ret) {
    ret->has_trace = current->has_trace;
    memcpy(ret->parent.trace_id, current->trace_id, sizeof(current->trace_id));
    memcpy(ret->parent.span_id, current->span_id, sizeof(current->span_id));
    ret->parent.flags = current->flags;
    if (current->texts)
        tx_context_texts_copy(&ret->texts, current->texts);
    else
        clear_texts(&ret->texts);
}

int tx_current_write(struct tx_current *current, const struct tx_context_parts *parts) {
    struct tx_context_texts *texts = current->texts;
    int r = 0;

    current->has_trace = parts->has_trace;
    memcpy(current->trace_id, parts->parent.trace_id, sizeof(current->trace_id));
    memcpy(current->span_id, parts->parent.span_id, sizeof(current->span_id));
    current->flags = parts->parent.flags;
    if (has_texts(&parts->texts))
        r = tx_current_texts(current, &texts);
    if (r == 0 && texts)
        tx_context_texts_copy(texts, &parts->texts);
    tx_current_settle(current);
    return r;
}

_Static_assert(sizeof(struct tx_context_parts) <= sizeof(struct tx_context), "it has to fit");

/* The caller's memory: what it says of lengths is not believed. */
static bool is_sound(const struct tx_context_texts *texts) {
    return texts->n_correlation < sizeof(texts->correlation) &&
           texts->n_tracestate < sizeof(texts->tracestate) &&
           texts->n_baggage < sizeof(texts->baggage);
}

int tx_context_view(const struct tx_context *context, const struct tx_context_parts **ret) {
    const struct tx_context_parts *parts = (const struct tx_context_parts *)context;
    uint8_t has_trace;

    memcpy(&has_trace, &parts->has_trace, 1);
    if (has_trace > 1 || !is_sound(&parts->texts))
        return -EINVAL;
    *ret = parts;
    return 0;
}

int tx_context_parts_read(const struct tx_context *context, struct tx_context_parts *ret) {
    const struct tx_context_parts *parts;

    if (!context) {
        tx_current_read(tx_current(), ret);
        return 0;
    }
    int r = tx_context_view(context, &parts);
    if (r < 0)
        return r;
    ret->has_trace = parts->has_trace;
    ret->parent = parts->parent;
    tx_context_texts_copy(&ret->texts, &parts->texts);
    return 0;
}

int tx_context_parts_write(const struct tx_context_parts *parts, struct tx_context *ret_context) {
    struct tx_context_parts *ret = (struct tx_context_parts *)ret_context;

    if (!ret_context)
        return tx_current_write(tx_current(), parts);
    ret->has_trace = parts->has_trace;
    ret->parent = parts->parent;
    tx_context_texts_copy(&ret->texts, &parts->texts);
    return 0;
}

/* --- the thread's first look --- */

static pthread_once_t looked = PTHREAD_ONCE_INIT;
static struct tx_context_parts of_process;

static void look(void) {
    tx_environment_read(&of_process);
}

void tx_current_begin(struct tx_current *current) {
    int saved_errno = errno;

    current->state = TX_CURRENT_NONE;
    pthread_once(&looked, look);
    if (of_process.has_trace || has_texts(&of_process.texts))
        (void)!tx_current_write(current, &of_process);
    errno = saved_errno;
}

/* --- for records --- */

void tx_current_fill(const struct tx_current *current, struct tx_event *known) {
    if (current->has_trace && !known->trace_id && !known->span_id) {
        known->trace_id = current->trace_id;
        known->span_id = current->span_id;
    }
    if (current->texts && current->texts->n_correlation > 0 && !known->correlation_id)
        known->correlation_id = current->texts->correlation;
}

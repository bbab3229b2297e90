/* SPDX-License-Identifier: MIT */
#include "libaudit-client/span/span.h"

#include <sched.h>
#include <unistd.h>

#include "libaudit-client/context/counts.h"
#include "libaudit-client/settings.h"
#include "libtx/base/clock.h"

#define LARGEST 4096 /* a size beyond it was forgotten */
/* For a lock that is held for a few instructions, unless who holds it is not run. */
#define TRIES 200000

_Static_assert(sizeof(struct tx_span_head) + TX_CORRELATION_SIZE <= TX_SPAN_LEAST,
               "the head has to fit");

struct tx_span_stats tx_span_counts;

int tx_span_stats(struct tx_span_stats *ret_stats) {
    struct tx_span_stats stats = {
        .begun = __atomic_load_n(&tx_span_counts.begun, __ATOMIC_RELAXED),
        .ended = __atomic_load_n(&tx_span_counts.ended, __ATOMIC_RELAXED),
        .wrong_ends = __atomic_load_n(&tx_span_counts.wrong_ends, __ATOMIC_RELAXED),
        .misnested = __atomic_load_n(&tx_span_counts.misnested, __ATOMIC_RELAXED),
        .dropped = __atomic_load_n(&tx_span_counts.dropped, __ATOMIC_RELAXED),
        .lost = __atomic_load_n(&tx_span_counts.lost, __ATOMIC_RELAXED),
    };

    return ret_stats ? tx_sized_write(ret_stats, &stats, sizeof(stats)) : -EINVAL;
}

/* --- the lock --- */

static bool is_sized(const struct tx_span *span) {
    return span && span->size >= TX_SPAN_LEAST && span->size <= LARGEST;
}

static int take(struct tx_span_head *head) {
    for (int i = 0; i < TRIES; i++) {
        if (__atomic_exchange_n(&head->lock, 1, __ATOMIC_ACQUIRE) == 0)
            return 0;
        if (i % 100 == 99)
            sched_yield();
    }
    return -EDEADLK;
}

int tx_span_lock(struct tx_span *span, struct tx_span_head **ret) {
    struct tx_span_head *head = (struct tx_span_head *)span;

    if (!is_sized(span))
        return -EINVAL;
    if (__atomic_load_n(&head->state, __ATOMIC_ACQUIRE) != TX_SPAN_OPEN)
        return -EALREADY;
    int r = take(head);
    if (r < 0)
        return r;
    if (head->state != TX_SPAN_OPEN) {
        tx_span_unlock(head);
        return -EALREADY;
    }
    *ret = head;
    return 0;
}

void tx_span_unlock(struct tx_span_head *head) {
    __atomic_store_n(&head->lock, 0, __ATOMIC_RELEASE);
}

/* --- beginning --- */

static int read_options(const struct tx_span_options *options, struct tx_span_options *ret) {
    static const struct tx_span_options defaults = TX_SPAN_OPTIONS_INIT;
    int r = tx_sized_read(options ? options : &defaults, sizeof(size_t), ret, sizeof(*ret));

    if (r == 0 && (unsigned)ret->kind > TX_SPAN_CONSUMER)
        r = -EINVAL;
    return r;
}

/* Whole characters of a text that has to be cut. */
static uint16_t copy_cut(char *to, const char *text) {
    size_t n = text ? strnlen(text, TX_SPAN_TEXT + 1) : 0;

    if (n > TX_SPAN_TEXT)
        for (n = TX_SPAN_TEXT; n > TX_SPAN_TEXT - 4 && ((uint8_t)text[n] & 0xc0) == 0x80;)
            n--;
    if (n > 0)
        memcpy(to, text, n);
    to[n] = '\0';
    return (uint16_t)n;
}

/* Ids of its own, and of what it is in. */
static int place(struct tx_span_head *head, struct tx_current *current,
                 const struct tx_span_options *options) {
    bool has_trace = current->has_trace && !options->is_root;
    const uint8_t *trace_id = current->trace_id, *parent_id = current->span_id;
    const struct tx_context_parts *parts;
    int r = tx_ids_span(&current->ids, head->span_id);

    head->flags = current->flags;
    if (r == 0 && options->parent && !options->is_root) {
        r = tx_context_view(options->parent, &parts);
        if (r < 0)
            return r;
        has_trace = parts->has_trace;
        trace_id = parts->parent.trace_id;
        parent_id = parts->parent.span_id;
        head->flags = parts->parent.flags;
    }
    if (r < 0)
        return r;
    head->has_parent = has_trace;
    if (has_trace) {
        memcpy(head->trace_id, trace_id, sizeof(head->trace_id));
        memcpy(head->parent_id, parent_id, sizeof(head->parent_id));
        return 0;
    }
    head->flags = TX_TRACE_SAMPLED | TX_TRACE_RANDOM;
    r = tx_ids_span(&current->ids, head->trace_id);
    return r < 0 ? r : tx_ids_span(&current->ids, head->trace_id + 8);
}

/* Where it ends, the thread may have another one, or be another one. */
static void keep_correlation(struct tx_span_head *head, const struct tx_current *current) {
    if (!current->texts || current->texts->n_correlation == 0)
        return;
    head->first = (uint16_t)(current->texts->n_correlation + 1u);
    head->used = head->first;
    memcpy(head->bytes, current->texts->correlation, head->first);
}

static void become_current(struct tx_span_head *head, struct tx_current *current) {
    head->thread = current;
    head->before_serial = current->serial;
    head->serial = current->serial = ++current->last_serial;
    tx_current_change(current, head->trace_id, head->span_id, head->flags, &head->before);
}

static int begin(struct tx_span_head *head, const char *name,
                 const struct tx_span_options *options) {
    struct tx_current *current = tx_current();
    size_t size = head->size;

    *head = (struct tx_span_head){.size = size, .kind = (uint8_t)options->kind};
    int r = place(head, current, options);
    if (r < 0)
        return r;
    head->epoch = current->ids.epoch;
    head->thread_id = tx_current_thread_id(current);
    head->n_name = copy_cut(head->name, name);
    keep_correlation(head, current);
    if (options->is_current)
        become_current(head, current);
    head->time = tx_clock_wall();
    head->begun = tx_clock_get(CLOCK_MONOTONIC);
    return 0;
}

int tx_span_begin(struct tx_span *span, const char *name, const struct tx_span_options *options) {
    struct tx_span_head *head = (struct tx_span_head *)span;
    struct tx_span_options known;

    if (!is_sized(span))
        return -EINVAL;
    __atomic_store_n(&head->state, TX_SPAN_NEVER, __ATOMIC_RELAXED);
    int r = name ? read_options(options, &known) : -EINVAL;
    if (r == 0)
        r = begin(head, name, &known);
    if (r < 0)
        return r;
    __atomic_store_n(&head->state, TX_SPAN_OPEN, __ATOMIC_RELEASE);
    tx_span_count(&tx_span_counts.begun, 1);
    return 0;
}

/* --- what it is told --- */

int tx_span_set_list(struct tx_span *span, const struct tx_kv *fields, size_t n_fields) {
    struct tx_span_head *head;
    int result = 0;

    if (!fields && n_fields > 0)
        return -EINVAL;
    int r = tx_span_lock(span, &head);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n_fields && fields[i].type != TX_KV_END; i++) {
        r = tx_span_add_attribute(head, &fields[i]);
        if (r < 0) {
            result = r;
            head->attributes_dropped++;
            tx_span_count(&tx_span_counts.dropped, 1);
        }
    }
    tx_span_unlock(head);
    return result;
}

int tx_span_status(struct tx_span *span, enum tx_span_status status, const char *message) {
    struct tx_span_head *head;

    if ((unsigned)status > TX_SPAN_ERROR)
        return -EINVAL;
    int r = tx_span_lock(span, &head);
    if (r < 0)
        return r;
    head->status = (uint8_t)status;
    head->n_message = copy_cut(head->message, message);
    tx_span_unlock(head);
    return 0;
}

int tx_span_link(struct tx_span *span, const struct tx_context *context) {
    struct tx_span_link_ids ids;
    struct tx_span_head *head;

    int r = tx_context_ids(context, ids.trace_id, ids.span_id, NULL);
    if (r == 0)
        r = tx_span_lock(span, &head);
    if (r < 0)
        return r;
    r = tx_span_add_link(head, &ids);
    if (r < 0) {
        head->links_dropped++;
        tx_span_count(&tx_span_counts.dropped, 1);
    }
    tx_span_unlock(head);
    return r;
}

int tx_span_context(struct tx_span *span, struct tx_context *ret_context) {
    struct tx_context_parts parts;
    struct tx_span_head *head;

    if (!ret_context)
        return -EINVAL;
    int r = tx_span_lock(span, &head);
    if (r < 0)
        return r;
    tx_current_read(tx_current(), &parts); /* its texts */
    parts.has_trace = true;
    parts.parent.flags = head->flags;
    memcpy(parts.parent.trace_id, head->trace_id, sizeof(head->trace_id));
    memcpy(parts.parent.span_id, head->span_id, sizeof(head->span_id));
    tx_span_unlock(head);
    return tx_context_parts_write(&parts, ret_context);
}

/* --- the end --- */

/* What was there before comes back, unless this is another thread, or what is around it has ended
 * first and has seen to it. */
static void cease_to_be_current(struct tx_span_head *head) {
    struct tx_current *current = tx_current();

    if (!head->thread)
        return;
    if (head->thread != current || head->serial != current->serial)
        tx_span_count(&tx_span_counts.misnested, 1);
    if (head->thread != current || head->serial > current->serial)
        return;
    current->serial = head->before_serial;
    tx_current_leave(current, &head->before);
}

int tx_span_end(struct tx_span *span) {
    int64_t ended = tx_clock_get(CLOCK_MONOTONIC);
    struct tx_span_head *head;

    int r = tx_span_lock(span, &head);
    if (r < 0) {
        tx_span_count(&tx_span_counts.wrong_ends, 1);
        return r;
    }
    __atomic_store_n(&head->state, TX_SPAN_ENDED, __ATOMIC_RELAXED); /* nobody else comes in now */
    tx_span_unlock(head);
    bool is_ours = tx_ids_is_epoch(head->epoch);
    r = is_ours ? tx_span_record(head, ended - head->begun) : -EXDEV;
    cease_to_be_current(head);
    if (!is_ours)
        tx_span_count(&tx_span_counts.wrong_ends, 1);
    else
        tx_span_count(r < 0 ? &tx_span_counts.lost : &tx_span_counts.ended, 1);
    return r;
}

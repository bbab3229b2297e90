/* SPDX-License-Identifier: MIT */
#include "libaudit-client/trace/frame.h"

#include <endian.h>
#include <string.h>

#include "libtx/base/limits.h"
#include "libtx/record/record.h"

/* So much, at least, is left when a field's name or the event's is begun: what is bounded anyway
 * needs no look of its own. */
#define MARGIN 512u

enum { FLAG_MESSAGE = 2, FLAG_CORRELATION = 4, FLAG_TRACE = 8, FLAG_PARENT = 16 };

enum { IN_FIELD = 1, BEGINS_FIELD = 2, IN_EVENT = 4 };

static const uint8_t classes[256] = {
    ['a' ... 'z'] = IN_FIELD | BEGINS_FIELD | IN_EVENT,
    ['A' ... 'Z'] = IN_FIELD | BEGINS_FIELD,
    ['0' ... '9'] = IN_FIELD | IN_EVENT,
    ['_'] = IN_FIELD | BEGINS_FIELD | IN_EVENT,
    ['.'] = IN_FIELD | IN_EVENT,
    ['-'] = IN_FIELD | IN_EVENT,
};

static const uint8_t severities[] = {
    [TX_SEV_DEFAULT] = TX_SEVERITY_INFO,        [TX_SEV_DEBUG] = TX_SEVERITY_DEBUG,
    [TX_SEV_INFO] = TX_SEVERITY_INFO,           [TX_SEV_NOTICE] = TX_SEVERITY_NOTICE,
    [TX_SEV_WARNING] = TX_SEVERITY_WARNING,     [TX_SEV_ERROR] = TX_SEVERITY_ERROR,
    [TX_SEV_CRITICAL] = TX_SEVERITY_CRITICAL,   [TX_SEV_ALERT] = TX_SEVERITY_ALERT,
    [TX_SEV_EMERGENCY] = TX_SEVERITY_EMERGENCY,
};

static const uint8_t outcomes[] = {
    [TX_SUCCESS] = TX_OUTCOME_SUCCESS,
    [TX_FAILURE] = TX_OUTCOME_FAILURE,
    [TX_DENIED] = TX_OUTCOME_DENIED,
    [TX_UNKNOWN] = TX_OUTCOME_UNKNOWN,
};

static const uint8_t labels[] = {
    [TX_KV_PLAIN] = TX_LABEL_NONE,
    [TX_KV_PII] = TX_LABEL_PII,
    [TX_KV_SECRET] = TX_LABEL_SECRET,
};

struct writer {
    uint8_t *p;
    uint8_t *end;
};

static inline void put_u16(struct writer *w, size_t v) {
    uint16_t little = htole16((uint16_t)v);
    memcpy(w->p, &little, sizeof(little));
    w->p += sizeof(little);
}

static inline void put_u32(struct writer *w, size_t v) {
    uint32_t little = htole32((uint32_t)v);
    memcpy(w->p, &little, sizeof(little));
    w->p += sizeof(little);
}

static inline void put_u64(struct writer *w, uint64_t v) {
    uint64_t little = htole64(v);
    memcpy(w->p, &little, sizeof(little));
    w->p += sizeof(little);
}

static inline void put(struct writer *w, const void *p, size_t n) {
    memcpy(w->p, p, n);
    w->p += n;
}

static inline size_t left(const struct writer *w) {
    return (size_t)(w->end - w->p);
}

/* A text that may be long. */
static inline int put_text(struct writer *w, const char *text, size_t n) {
    if (n > TX_LIMIT_FIELDS_BYTES)
        return -EMSGSIZE;
    if (left(w) < n + MARGIN)
        return TX_FRAME_E_ROOM;
    put_u32(w, n);
    put(w, text, n);
    return 0;
}

/* --- names --- */

/* With its length before it. *ret_hash is the same for the same name. */
static inline int put_name(struct writer *w, const char *name, size_t most, uint8_t class,
                           uint32_t *ret_hash) {
    uint8_t *length = w->p;
    uint32_t hash = 0;
    size_t n = 0;

    w->p += 2;
    for (uint8_t c; (c = (uint8_t)name[n]) != 0; n++) {
        if (n == most || !(classes[c] & class))
            return -EINVAL;
        hash = ((hash << 5) | (hash >> 27)) ^ c;
        *w->p++ = c;
    }
    if (n == 0)
        return -EINVAL;
    uint16_t little = htole16((uint16_t)n);
    memcpy(length, &little, sizeof(little));
    *ret_hash = hash * 0x9e3779b1u;
    return 0;
}

static int put_event_name(struct writer *w, const char *name) {
    static const char reserved[] = "tracex.";
    uint32_t hash;

    if (!name)
        return -EINVAL;
    int r = put_name(w, name, TX_LIMIT_EVENT_BYTES, IN_EVENT, &hash);
    if (r == 0 && strncmp(name, reserved, sizeof(reserved) - 1) == 0)
        r = -EPERM;
    return r;
}

/* Names seen so far, as bits of their hashes. */
struct seen {
    uint64_t bits[4];
};

/* Whether it may have been seen. */
static inline bool see(struct seen *seen, uint32_t hash) {
    uint64_t bit = UINT64_C(1) << (hash >> 24 & 63);
    uint64_t *word = &seen->bits[hash >> 30];
    bool before = *word & bit;

    *word |= bit;
    return before;
}

static bool is_repeated(const struct tx_kv *fields, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(fields[i].name, fields[n].name) == 0)
            return true;
    return false;
}

/* --- fields --- */

static inline int put_sized(struct writer *w, uint8_t *type, const struct tx_kv *kv,
                            enum tx_value_type as) {
    if (!kv->value.p && kv->size > 0)
        return -EINVAL;
    if (!kv->value.p && as != TX_VALUE_BYTES) {
        *type = TX_VALUE_NULL;
        return 0;
    }
    *type = (uint8_t)as;
    return put_text(w, kv->value.p ? kv->value.p : "", kv->size);
}

static inline int put_value(struct writer *w, uint8_t *type, const struct tx_kv *kv) {
    switch (kv->type) {
    case TX_KV_STR:
        return put_sized(w, type, kv, TX_VALUE_STR);
    case TX_KV_BYTES:
        return put_sized(w, type, kv, TX_VALUE_BYTES);
    case TX_KV_JSON:
        return put_sized(w, type, kv, TX_VALUE_JSON);
    case TX_KV_I64:
        *type = TX_VALUE_I64;
        break;
    case TX_KV_U64:
        *type = TX_VALUE_U64;
        break;
    case TX_KV_F64:
        *type = TX_VALUE_F64;
        break;
    case TX_KV_BOOL:
        *type = TX_VALUE_BOOL;
        *w->p++ = kv->value.u64 != 0;
        return 0;
    case TX_KV_END:
    default:
        return -EINVAL;
    }
    put_u64(w, kv->value.u64); /* the three share their bytes */
    return 0;
}

static inline int put_field(struct writer *w, const struct tx_kv *fields, size_t i,
                            struct seen *seen) {
    const struct tx_kv *kv = &fields[i];
    uint8_t *type = w->p;
    uint32_t hash;

    if (!kv->name || (unsigned)kv->label >= TX_COUNT_OF(labels))
        return -EINVAL;
    if (left(w) < MARGIN)
        return TX_FRAME_E_ROOM;
    type[1] = labels[kv->label];
    w->p += 2;
    int r = put_name(w, kv->name, TX_LIMIT_NAME_BYTES, IN_FIELD, &hash);
    if (r == 0 && !(classes[(uint8_t)kv->name[0]] & BEGINS_FIELD))
        r = -EINVAL;
    if (r == 0 && see(seen, hash) && is_repeated(fields, i))
        r = -EEXIST;
    return r == 0 ? put_value(w, type, kv) : r;
}

static int put_fields(struct writer *w, const struct tx_event *event) {
    struct seen seen = {{0}};
    uint8_t *count = w->p;
    size_t n = 0;

    if (!event->fields && event->n_fields > 0)
        return -EINVAL;
    w->p += 2;
    uint8_t *begin = w->p;
    for (; n < event->n_fields && event->fields[n].type != TX_KV_END; n++) {
        if (n == TX_LIMIT_FIELDS)
            return -E2BIG;
        int r = put_field(w, event->fields, n, &seen);
        if (r != 0)
            return r;
    }
    uint16_t little = htole16((uint16_t)n);
    memcpy(count, &little, sizeof(little));
    return (size_t)(w->p - begin) > TX_LIMIT_FIELDS_BYTES ? -EMSGSIZE : 0;
}

/* --- the rest --- */

static uint8_t flags_of(const struct tx_event *event) {
    return (uint8_t)((event->message ? FLAG_MESSAGE : 0) |
                     (event->correlation_id ? FLAG_CORRELATION : 0) |
                     (event->trace_id ? FLAG_TRACE : 0) |
                     (event->parent_span_id ? FLAG_PARENT : 0));
}

static int put_ids(struct writer *w, const struct tx_event *event) {
    if (event->correlation_id) {
        size_t n = strnlen(event->correlation_id, TX_LIMIT_CORRELATION_BYTES + 1);
        if (n > TX_LIMIT_CORRELATION_BYTES)
            return -EINVAL;
        put_u16(w, n);
        put(w, event->correlation_id, n);
    }
    if (event->trace_id) {
        put(w, event->trace_id, 16);
        put(w, event->span_id, 8);
    }
    if (event->parent_span_id)
        put(w, event->parent_span_id, 8);
    return 0;
}

static int check(const struct tx_event *event) {
    if ((unsigned)event->outcome >= TX_COUNT_OF(outcomes) ||
        (unsigned)event->severity >= TX_COUNT_OF(severities) || event->time_ns < 0 ||
        event->durability != TX_QUEUED || event->ret_receipt || !event->trace_id != !event->span_id)
        return -EINVAL;
    return 0;
}

int tx_frame_write(const struct tx_event *event, uint64_t n, int64_t time, uint8_t *to, size_t n_to,
                   size_t *ret_n) {
    struct writer w = {.p = to, .end = to + n_to};

    int r = check(event);
    if (r == 0 && n_to < 2 * (size_t)MARGIN)
        r = TX_FRAME_E_ROOM;
    if (r != 0)
        return r;
    put_u64(&w, n);
    *w.p++ = flags_of(event);
    *w.p++ = outcomes[event->outcome];
    *w.p++ = severities[event->severity];
    *w.p++ = 0;
    put_u64(&w, (uint64_t)time);
    r = put_event_name(&w, event->name);
    if (r == 0 && event->message)
        r = put_text(&w, event->message, strnlen(event->message, TX_LIMIT_FIELDS_BYTES + 1));
    if (r == 0)
        r = put_ids(&w, event);
    if (r == 0)
        r = put_fields(&w, event);
    if (r == 0)
        *ret_n = (size_t)(w.p - to);
    return r;
}

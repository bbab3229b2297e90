/* SPDX-License-Identifier: MIT */
#include "libaudit-client/event.h"

#include <string.h>

#include "libtx/record/repeated.h"

static const enum tx_record_severity severities[] = {
    [TX_SEV_DEFAULT] = TX_SEVERITY_INFO,        [TX_SEV_DEBUG] = TX_SEVERITY_DEBUG,
    [TX_SEV_INFO] = TX_SEVERITY_INFO,           [TX_SEV_NOTICE] = TX_SEVERITY_NOTICE,
    [TX_SEV_WARNING] = TX_SEVERITY_WARNING,     [TX_SEV_ERROR] = TX_SEVERITY_ERROR,
    [TX_SEV_CRITICAL] = TX_SEVERITY_CRITICAL,   [TX_SEV_ALERT] = TX_SEVERITY_ALERT,
    [TX_SEV_EMERGENCY] = TX_SEVERITY_EMERGENCY,
};

static const enum tx_record_outcome outcomes[] = {
    [TX_SUCCESS] = TX_OUTCOME_SUCCESS,
    [TX_FAILURE] = TX_OUTCOME_FAILURE,
    [TX_DENIED] = TX_OUTCOME_DENIED,
    [TX_UNKNOWN] = TX_OUTCOME_UNKNOWN,
};

static const enum tx_value_label labels[] = {
    [TX_KV_PLAIN] = TX_LABEL_NONE,
    [TX_KV_PII] = TX_LABEL_PII,
    [TX_KV_SECRET] = TX_LABEL_SECRET,
};

/* A text that is too long comes out one byte longer than it may be. */
static struct tx_text text_of(const char *p, size_t most) {
    return (struct tx_text){.p = p, .n = p ? strnlen(p, most + 1) : 0};
}

/* --- fields --- */

/* STR, BYTES and JSON; NULL is JSON's null, but for bytes of which there are none. */
static int read_sized(const struct tx_kv *kv, enum tx_value_type type, struct tx_field *ret) {
    if (kv->size > TX_LIMIT_FIELDS_BYTES)
        return -EMSGSIZE;
    if (!kv->value.p && kv->size > 0)
        return -EINVAL;
    ret->type = kv->value.p || type == TX_VALUE_BYTES ? type : TX_VALUE_NULL;
    ret->text = (struct tx_text){.p = kv->value.p, .n = kv->size};
    return 0;
}

static int read_value(const struct tx_kv *kv, struct tx_field *ret) {
    switch (kv->type) {
    case TX_KV_STR:
        return read_sized(kv, TX_VALUE_STR, ret);
    case TX_KV_BYTES:
        return read_sized(kv, TX_VALUE_BYTES, ret);
    case TX_KV_JSON:
        return read_sized(kv, TX_VALUE_JSON, ret);
    case TX_KV_I64:
        ret->type = TX_VALUE_I64;
        ret->i64 = kv->value.i64;
        return 0;
    case TX_KV_U64:
        ret->type = TX_VALUE_U64;
        ret->u64 = kv->value.u64;
        return 0;
    case TX_KV_F64:
        ret->type = TX_VALUE_F64;
        ret->f64 = kv->value.f64;
        return 0;
    case TX_KV_BOOL:
        ret->type = TX_VALUE_BOOL;
        ret->boolean = kv->value.u64 != 0;
        return 0;
    case TX_KV_END:
        break;
    }
    return -EINVAL;
}

static int read_field(const struct tx_kv *kv, struct tx_field *ret) {
    size_t n = kv->name ? tx_field_name_length(kv->name) : 0;

    if (n == 0)
        return -EINVAL;
    ret->name = (struct tx_text){.p = kv->name, .n = n};
    ret->masked = NULL;
    ret->dropped = false;
    if ((unsigned)kv->label >= TX_COUNT_OF(labels))
        return -EINVAL;
    ret->label = labels[kv->label];
    return read_value(kv, ret);
}

static int read_fields(const struct tx_event *event, struct tx_field *fields, struct tx_text *names,
                       struct tx_record *ret) {
    size_t n = 0;

    if (!event->fields && event->n_fields > 0)
        return -EINVAL;
    for (; n < event->n_fields && event->fields[n].type != TX_KV_END; n++) {
        if (n == TX_LIMIT_FIELDS)
            return -E2BIG;
        int r = read_field(&event->fields[n], &fields[n]);
        if (r < 0)
            return r;
        names[n] = fields[n].name;
    }
    ret->fields = fields;
    ret->n_fields = n;
    return tx_texts_repeated(names, n) ? -EEXIST : 0;
}

/* --- the rest --- */

static int read_trace(const struct tx_event *event, struct tx_record *ret) {
    if (!event->trace_id != !event->span_id)
        return -EINVAL;
    ret->has_trace = event->trace_id;
    ret->has_parent = event->parent_span_id;
    if (ret->has_trace) {
        memcpy(ret->trace_id, event->trace_id, sizeof(ret->trace_id));
        memcpy(ret->span_id, event->span_id, sizeof(ret->span_id));
    }
    if (ret->has_parent)
        memcpy(ret->parent_span_id, event->parent_span_id, sizeof(ret->parent_span_id));
    return 0;
}

static int read_texts(const struct tx_event *event, struct tx_record *ret) {
    ret->event = (struct tx_text){.p = event->name,
                                  .n = event->name ? tx_event_name_length(event->name) : 0};
    ret->message = text_of(event->message, TX_LIMIT_FIELDS_BYTES);
    ret->correlation_id = text_of(event->correlation_id, TX_LIMIT_CORRELATION_BYTES);
    if (ret->event.n == 0)
        return -EINVAL;
    if (tx_event_name_reserved(ret->event))
        return -EPERM;
    if (ret->correlation_id.n > TX_LIMIT_CORRELATION_BYTES)
        return -EINVAL;
    return ret->message.n > TX_LIMIT_FIELDS_BYTES ? -EMSGSIZE : 0;
}

int tx_event_read(const struct tx_event *event, struct tx_field *fields, struct tx_text *names,
                  struct tx_record *ret) {
    if ((unsigned)event->outcome >= TX_COUNT_OF(outcomes) ||
        (unsigned)event->severity >= TX_COUNT_OF(severities) ||
        (unsigned)event->durability > TX_BUFFERED || event->time_ns < 0)
        return -EINVAL;
    *ret = (struct tx_record){
        .outcome = outcomes[event->outcome],
        .severity = severities[event->severity],
        .wants_receipt = event->durability == TX_DURABLE,
    };
    int r = read_texts(event, ret);
    if (r == 0)
        r = read_trace(event, ret);
    if (r == 0)
        r = read_fields(event, fields, names, ret);
    return r;
}

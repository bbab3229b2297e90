/* SPDX-License-Identifier: MIT */
/* What is in a context, asked for and changed. */
#include "libaudit-client/context/counts.h"
#include "libaudit-client/context/current.h"
#include "libtx/context/baggage.h"
#include "libtx/context/tracestate.h"

static void give_ids(const struct tx_traceparent *parent, uint8_t *ret_trace_id,
                     uint8_t *ret_span_id, uint8_t *ret_flags) {
    if (ret_trace_id)
        memcpy(ret_trace_id, parent->trace_id, sizeof(parent->trace_id));
    if (ret_span_id)
        memcpy(ret_span_id, parent->span_id, sizeof(parent->span_id));
    if (ret_flags)
        *ret_flags = parent->flags;
}

int tx_context_ids(const struct tx_context *context, uint8_t ret_trace_id[16],
                   uint8_t ret_span_id[8], uint8_t *ret_flags) {
    struct tx_context_parts parts;
    int r = tx_context_parts_read(context, &parts);

    if (r < 0)
        return r;
    if (!parts.has_trace)
        return -ENODATA;
    give_ids(&parts.parent, ret_trace_id, ret_span_id, ret_flags);
    return 0;
}

/* --- as headers' values --- */

static int give(const char *text, size_t n_text, char *ret, size_t n) {
    if (!ret)
        return -EINVAL;
    if (n_text == 0)
        return -ENODATA;
    if (n_text >= n)
        return -ENOSPC;
    memcpy(ret, text, n_text);
    ret[n_text] = '\0';
    return 0;
}

int tx_context_traceparent(const struct tx_context *context, char *ret, size_t n) {
    char memory[TX_TRACEPARENT_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_context_parts parts;

    int r = tx_context_parts_read(context, &parts);
    if (r < 0)
        return r;
    if (parts.has_trace)
        tx_traceparent_render(&parts.parent, &b);
    return give(memory, b.len, ret, n);
}

int tx_context_tracestate(const struct tx_context *context, char *ret, size_t n) {
    struct tx_context_parts parts;
    int r = tx_context_parts_read(context, &parts);

    if (r < 0)
        return r;
    return give(parts.texts.tracestate, parts.has_trace ? parts.texts.n_tracestate : 0, ret, n);
}

int tx_context_baggage(const struct tx_context *context, char *ret, size_t n) {
    struct tx_context_parts parts;
    int r = tx_context_parts_read(context, &parts);

    return r < 0 ? r : give(parts.texts.baggage, parts.texts.n_baggage, ret, n);
}

/* --- changes --- */

static struct tx_text text_of(const char *p, size_t most) {
    return (struct tx_text){.p = p, .n = strnlen(p, most + 1)};
}

/* The texts are borrowed from `parts`, so what comes out is made beside it. */
static int put_state(struct tx_context_parts *parts, struct tx_text member) {
    struct tx_context_texts *texts = &parts->texts;
    struct tx_tracestate state = {.n = 0};
    char memory[TX_TRACESTATE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    if (tx_tracestate_read(&state, text_of(texts->tracestate, TX_TRACESTATE_BYTES)) != 0 ||
        tx_tracestate_put(&state, member) != 0)
        return -EINVAL;
    tx_context_count(&tx_context_counts.tracestate_dropped, tx_tracestate_cut(&state));
    tx_tracestate_render(&state, &b);
    memcpy(texts->tracestate, memory, b.len);
    texts->tracestate[b.len] = '\0';
    texts->n_tracestate = (uint16_t)b.len;
    return 0;
}

int tx_context_tracestate_put(struct tx_context *context, const char *key, const char *value) {
    struct tx_context_parts parts;
    char memory[TX_TRACESTATE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));

    if (!key || !value)
        return -EINVAL;
    int r = tx_context_parts_read(context, &parts);
    if (r < 0)
        return r;
    if (!parts.has_trace)
        return -ENODATA;
    tx_buf_put(&b, key, strnlen(key, TX_TRACESTATE_BYTES));
    tx_buf_char(&b, '=');
    tx_buf_put(&b, value, strnlen(value, TX_TRACESTATE_BYTES));
    r = b.full ? -EINVAL : put_state(&parts, (struct tx_text){.p = memory, .n = b.len});
    return r < 0 ? r : tx_context_parts_write(&parts, context);
}

static int set_baggage(struct tx_context_parts *parts, struct tx_text key, const char *value) {
    struct tx_context_texts *texts = &parts->texts;
    struct tx_baggage baggage = {.n = 0};
    char encoded[TX_BAGGAGE_BYTES], memory[TX_BAGGAGE_BYTES];
    struct tx_buf e = tx_buf_of(encoded, sizeof(encoded)), b = tx_buf_of(memory, sizeof(memory));
    int r = 0;

    if (!tx_baggage_is_key(key))
        return -EINVAL;
    tx_baggage_read(&baggage, text_of(texts->baggage, TX_BAGGAGE_BYTES));
    tx_baggage_remove(&baggage, key);
    if (value) {
        tx_baggage_encode(text_of(value, TX_BAGGAGE_BYTES), &e);
        r = e.full ? -ENOSPC
                   : tx_baggage_add(&baggage, key, (struct tx_text){.p = encoded, .n = e.len});
    }
    if (r < 0)
        return r;
    tx_baggage_render(&baggage, &b);
    memcpy(texts->baggage, memory, b.len);
    texts->baggage[b.len] = '\0';
    texts->n_baggage = (uint16_t)b.len;
    return 0;
}

int tx_context_baggage_set(struct tx_context *context, const char *key, const char *value) {
    struct tx_context_parts parts;

    if (!key)
        return -EINVAL;
    int r = tx_context_parts_read(context, &parts);
    if (r == 0)
        r = set_baggage(&parts, text_of(key, TX_BAGGAGE_BYTES), value);
    return r < 0 ? r : tx_context_parts_write(&parts, context);
}

int tx_context_baggage_get(const struct tx_context *context, const char *key, char *ret, size_t n) {
    struct tx_baggage baggage = {.n = 0};
    struct tx_context_parts parts;

    if (!key || !ret)
        return -EINVAL;
    int r = tx_context_parts_read(context, &parts);
    if (r < 0)
        return r;
    tx_baggage_read(&baggage, text_of(parts.texts.baggage, TX_BAGGAGE_BYTES));
    const struct tx_baggage_member *member =
        tx_baggage_find(&baggage, text_of(key, TX_BAGGAGE_BYTES));
    if (!member)
        return -ENODATA;
    struct tx_buf b = tx_buf_of(ret, n);
    tx_baggage_decode(member->value, &b);
    tx_buf_u8(&b, 0);
    return b.full ? -ENOSPC : 0;
}

/* SPDX-License-Identifier: MIT */
#include "libaudit-client/context/carrier.h"

#include <stdlib.h>

#include "libaudit-client/context/counts.h"
#include "libtx/base/limits.h"
#include "libtx/context/baggage.h"
#include "libtx/context/tracestate.h"

/* --- a trace's beginning --- */

static int start(struct tx_context_parts *ret) {
    int r = tx_ids_trace(ret->parent.trace_id, sizeof(ret->parent.trace_id));

    if (r == 0)
        r = tx_ids_trace(ret->parent.span_id, sizeof(ret->parent.span_id));
    ret->parent.flags = TX_TRACE_SAMPLED | TX_TRACE_RANDOM;
    ret->has_trace = r == 0;
    return r;
}

int tx_context_start(struct tx_context *ret_context) {
    struct tx_context_parts *parts = (struct tx_context_parts *)ret_context;

    if (!ret_context)
        return -EINVAL;
    tx_context_parts_clear(parts);
    return start(parts);
}

/* --- headers --- */

static bool is_called(const char *name, const char *lower) {
    size_t i = 0;

    for (; lower[i]; i++) {
        char c = name[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != lower[i])
            return false;
    }
    return name[i] == '\0';
}

/* One that is too long comes out one byte longer than it may be. */
static struct tx_text text_of(const char *value) {
    return (struct tx_text){.p = value, .n = strnlen(value, TX_LIMIT_HEADER_BYTES + 1)};
}

static int read_parent(const struct tx_header *headers, size_t n, struct tx_context_parts *ret) {
    const char *value = NULL;
    bool is_wrong = false;

    for (size_t i = 0; i < n; i++) {
        if (!headers[i].value || !headers[i].name || !is_called(headers[i].name, "traceparent"))
            continue;
        is_wrong = value != NULL;
        value = headers[i].value;
        if (is_wrong)
            break;
    }
    if (value && !is_wrong && tx_traceparent_parse(text_of(value), &ret->parent) == 0) {
        ret->has_trace = true;
        return 0;
    }
    (void)!start(ret);
    tx_context_count(&tx_context_counts.restarted, value ? 1 : 0);
    return value ? TX_CONTEXT_RESTARTED : TX_CONTEXT_STARTED;
}

/* Of no more than all headers together may have. */
static int read_state(const struct tx_header *headers, size_t n, struct tx_context_texts *ret) {
    struct tx_tracestate state = {.n = 0};
    size_t n_left = TX_LIMIT_HEADER_BYTES;

    for (size_t i = 0; i < n; i++) {
        if (!headers[i].value || !headers[i].name || !is_called(headers[i].name, "tracestate"))
            continue;
        struct tx_text text = text_of(headers[i].value);
        if (text.n > n_left || tx_tracestate_read(&state, text) != 0) {
            tx_context_count(&tx_context_counts.tracestate_dropped, 1);
            return TX_CONTEXT_TRACESTATE_DROPPED;
        }
        n_left -= text.n;
    }
    size_t n_cut = tx_tracestate_cut(&state);
    struct tx_buf b = tx_buf_of(ret->tracestate, sizeof(ret->tracestate) - 1);
    tx_tracestate_render(&state, &b);
    ret->n_tracestate = (uint16_t)b.len;
    ret->tracestate[b.len] = '\0';
    tx_context_count(&tx_context_counts.tracestate_dropped, n_cut);
    return n_cut ? TX_CONTEXT_TRACESTATE_CUT : 0;
}

static int read_baggage(const struct tx_header *headers, size_t n, struct tx_context_texts *ret) {
    struct tx_baggage baggage = {.n = 0};
    size_t n_left = TX_LIMIT_HEADER_BYTES;

    for (size_t i = 0; i < n; i++) {
        if (!headers[i].value || !headers[i].name || !is_called(headers[i].name, "baggage"))
            continue;
        struct tx_text text = text_of(headers[i].value);
        if (text.n > n_left) {
            baggage.n_dropped++;
            break;
        }
        tx_baggage_read(&baggage, text);
        n_left -= text.n;
    }
    struct tx_buf b = tx_buf_of(ret->baggage, sizeof(ret->baggage) - 1);
    tx_baggage_render(&baggage, &b);
    ret->n_baggage = (uint16_t)b.len;
    ret->baggage[b.len] = '\0';
    tx_context_count(&tx_context_counts.baggage_dropped, baggage.n_dropped);
    return baggage.n_dropped ? TX_CONTEXT_BAGGAGE_CUT : 0;
}

static int read_headers(const struct tx_header *headers, size_t n, struct tx_context_parts *ret) {
    tx_context_parts_clear(ret);
    int parsed = read_parent(headers, n, ret);

    if (parsed == 0) /* of another trace it would say nothing */
        parsed |= read_state(headers, n, &ret->texts);
    return parsed | read_baggage(headers, n, &ret->texts);
}

int tx_context_from_headers(const struct tx_header *headers, size_t n_headers,
                            struct tx_context *ret_context) {
    if ((!headers && n_headers > 0) || !ret_context)
        return -EINVAL;
    int saved_errno = errno;
    int parsed = read_headers(headers, n_headers, (struct tx_context_parts *)ret_context);
    errno = saved_errno;
    return parsed;
}

/* --- the environment --- */

#define N_VARIABLES 3

static void environment(struct tx_header *ret) {
    ret[0] = (struct tx_header){.name = "traceparent", .value = secure_getenv("TRACEPARENT")};
    ret[1] = (struct tx_header){.name = "tracestate", .value = secure_getenv("TRACESTATE")};
    ret[2] = (struct tx_header){.name = "baggage", .value = secure_getenv("BAGGAGE")};
}

int tx_context_from_environment(struct tx_context *ret_context) {
    struct tx_header headers[N_VARIABLES];

    environment(headers);
    return tx_context_from_headers(headers, N_VARIABLES, ret_context);
}

void tx_environment_read(struct tx_context_parts *ret) {
    struct tx_header headers[N_VARIABLES];

    environment(headers);
    int parsed = read_headers(headers, N_VARIABLES, ret);
    if (parsed & TX_CONTEXT_STARTED)
        ret->has_trace = false;
}

static int render(const char *name, const char *value, char *ret, size_t n) {
    size_t n_name = strlen(name), n_value = strlen(value);

    if (n_name + n_value >= n)
        return -ENOSPC;
    memcpy(ret, name, n_name);
    memcpy(ret + n_name, value, n_value + 1);
    return 0;
}

static void render_parent(const struct tx_context_parts *parts, char ret[TX_TRACEPARENT_SIZE]) {
    struct tx_buf b = tx_buf_of(ret, TX_TRACEPARENT_SIZE - 1);

    if (parts->has_trace)
        tx_traceparent_render(&parts->parent, &b);
    ret[b.len] = '\0';
}

int tx_context_to_environment(const struct tx_context *context,
                              struct tx_environment *ret_environment) {
    struct tx_context_parts parts;
    char parent[TX_TRACEPARENT_SIZE];

    if (!ret_environment)
        return -EINVAL;
    int r = tx_context_parts_read(context, &parts);
    if (r < 0)
        return r;
    memset(ret_environment, 0, sizeof(*ret_environment));
    render_parent(&parts, parent);
    struct tx_environment *ret = ret_environment;
    if (parts.has_trace)
        r = render("TRACEPARENT=", parent, ret->traceparent, sizeof(ret->traceparent));
    if (r == 0 && parts.has_trace && parts.texts.n_tracestate > 0)
        r = render("TRACESTATE=", parts.texts.tracestate, ret->tracestate, sizeof(ret->tracestate));
    if (r == 0 && parts.texts.n_baggage > 0)
        r = render("BAGGAGE=", parts.texts.baggage, ret->baggage, sizeof(ret->baggage));
    return r;
}

static int set_variable(const char *name, const char *value) {
    int r = *value ? setenv(name, value, 1) : unsetenv(name);

    return r < 0 ? -errno : 0;
}

int tx_context_setenv(const struct tx_context *context) {
    struct tx_context_parts parts;
    char parent[TX_TRACEPARENT_SIZE];
    int saved_errno = errno;

    int r = tx_context_parts_read(context, &parts);
    if (r < 0)
        return r;
    render_parent(&parts, parent);
    r = set_variable("TRACEPARENT", parent);
    if (r == 0)
        r = set_variable("TRACESTATE", parts.has_trace ? parts.texts.tracestate : "");
    if (r == 0)
        r = set_variable("BAGGAGE", parts.texts.baggage);
    errno = saved_errno;
    return r;
}

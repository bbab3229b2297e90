/* SPDX-License-Identifier: MIT */
/* Trace headers: each line is one, which its first letter names (p, s, b). What was taken is within
 * the limits, has no line's end, and is read back as the same. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "libtx/context/baggage.h"
#include "libtx/context/traceparent.h"
#include "libtx/context/tracestate.h"

static void assert_clean(const struct tx_buf *b) {
    assert(!b->full);
    for (size_t i = 0; i < b->len; i++)
        assert(b->data[i] >= 0x20 && b->data[i] < 0x7f);
}

static void try_parent(struct tx_text text) {
    char memory[TX_TRACEPARENT_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_traceparent parent, again;

    if (tx_traceparent_parse(text, &parent) != 0)
        return;
    tx_traceparent_render(&parent, &b);
    assert_clean(&b);
    assert(tx_traceparent_parse((struct tx_text){memory, b.len}, &again) == 0);
    assert(memcmp(&parent, &again, sizeof(parent)) == 0);
    assert(tx_trace_id_valid(parent.trace_id, 16) && tx_trace_id_valid(parent.span_id, 8));
}

static void check_state(struct tx_tracestate *state) {
    char memory[TX_TRACESTATE_BYTES], back[TX_TRACESTATE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory)), c = tx_buf_of(back, sizeof(back));
    struct tx_tracestate again = {.n = 0};

    tx_tracestate_cut(state);
    tx_tracestate_render(state, &b);
    assert_clean(&b);
    assert(tx_tracestate_read(&again, (struct tx_text){memory, b.len}) == 0);
    assert(again.n == state->n && tx_tracestate_cut(&again) == 0);
    tx_tracestate_render(&again, &c);
    assert(c.len == b.len && memcmp(memory, back, b.len) == 0);
}

static void check_values(const struct tx_baggage *baggage) {
    char text[3 * TX_BAGGAGE_BYTES];

    for (size_t i = 0; i < baggage->n; i++) {
        struct tx_buf b = tx_buf_of(text, sizeof(text));
        tx_baggage_decode(baggage->members[i].value, &b);
        assert(!b.full && tx_utf8_valid(text, b.len));
    }
}

static void check_baggage(const struct tx_baggage *baggage) {
    char memory[TX_BAGGAGE_BYTES], back[TX_BAGGAGE_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory)), c = tx_buf_of(back, sizeof(back));
    struct tx_baggage again = {.n = 0};

    tx_baggage_render(baggage, &b);
    assert_clean(&b);
    assert(baggage->n_bytes == b.len + (baggage->n > 0));
    tx_baggage_read(&again, (struct tx_text){memory, b.len});
    assert(again.n == baggage->n && again.n_dropped == 0);
    tx_baggage_render(&again, &c);
    assert(c.len == b.len && memcmp(memory, back, b.len) == 0);
    check_values(baggage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct tx_text rest = {.p = (const char *)data, .n = n};
    struct tx_tracestate state = {.n = 0};
    struct tx_baggage baggage = {.n = 0};
    int r = 0;

    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n_line = end ? (size_t)(end - rest.p) : rest.n;
        struct tx_text line = {.p = rest.p + 1, .n = n_line ? n_line - 1 : 0};
        if (n_line > 0 && rest.p[0] == 'p')
            try_parent(line);
        else if (n_line > 0 && rest.p[0] == 's' && r == 0)
            r = tx_tracestate_read(&state, line);
        else if (n_line > 0)
            tx_baggage_read(&baggage, line);
        n_line += end ? 1 : 0;
        rest.p += n_line;
        rest.n -= n_line;
    }
    if (r == 0)
        check_state(&state);
    check_baggage(&baggage);
    return 0;
}

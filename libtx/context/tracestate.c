/* SPDX-License-Identifier: MIT */
#include "libtx/context/tracestate.h"

#include "libtx/context/traceparent.h"

#define KEY_BYTES 256
#define VALUE_BYTES 256
#define LARGE_BYTES 128 /* members above it are dropped first */

/* --- the grammar --- */

static bool is_key_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_key_char(char c) {
    return is_key_start(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}

static struct tx_text key_of(struct tx_text member) {
    const char *end = memchr(member.p, '=', member.n);

    return (struct tx_text){.p = member.p, .n = end ? (size_t)(end - member.p) : member.n};
}

static bool is_key(struct tx_text key) {
    if (key.n == 0 || key.n > KEY_BYTES || !is_key_start(key.p[0]))
        return false;
    for (size_t i = 1; i < key.n; i++)
        if (!is_key_char(key.p[i]))
            return false;
    return true;
}

/* Its last character is no space, since those at the end were taken off. */
static bool is_value(struct tx_text value) {
    if (value.n == 0 || value.n > VALUE_BYTES || value.p[value.n - 1] == ' ')
        return false;
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < 0x20 || value.p[i] > 0x7e || value.p[i] == ',' || value.p[i] == '=')
            return false;
    return true;
}

static bool is_member(struct tx_text member) {
    struct tx_text key = key_of(member);

    if (key.n == member.n || !is_key(key))
        return false;
    return is_value((struct tx_text){.p = key.p + key.n + 1, .n = member.n - key.n - 1});
}

/* --- the list --- */

static size_t find(const struct tx_tracestate *state, struct tx_text key) {
    size_t i = 0;

    while (i < state->n && !tx_text_equal(key_of(state->members[i]), key))
        i++;
    return i;
}

static void take_out(struct tx_tracestate *state, size_t i) {
    state->n--;
    memmove(&state->members[i], &state->members[i + 1], (state->n - i) * sizeof(state->members[0]));
}

static int append(struct tx_tracestate *state, struct tx_text member) {
    if (!is_member(member))
        return TX_TRACESTATE_E_MEMBER;
    if (find(state, key_of(member)) < state->n)
        return 0;
    if (state->n == TX_TRACESTATE_MEMBERS)
        return TX_TRACESTATE_E_MANY;
    state->members[state->n++] = member;
    return 0;
}

int tx_tracestate_read(struct tx_tracestate *state, struct tx_text header) {
    while (header.n > 0) {
        const char *comma = memchr(header.p, ',', header.n);
        size_t n = comma ? (size_t)(comma - header.p) : header.n;
        struct tx_text member = tx_text_trimmed((struct tx_text){.p = header.p, .n = n});
        if (member.n > 0) {
            int r = append(state, member);
            if (r != 0)
                return r;
        }
        n += comma ? 1 : 0;
        header.p += n;
        header.n -= n;
    }
    return 0;
}

int tx_tracestate_put(struct tx_tracestate *state, struct tx_text member) {
    if (!is_member(member))
        return TX_TRACESTATE_E_MEMBER;
    size_t before = find(state, key_of(member));
    if (before < state->n)
        take_out(state, before);
    else if (state->n == TX_TRACESTATE_MEMBERS)
        state->n--;
    memmove(&state->members[1], &state->members[0], state->n * sizeof(state->members[0]));
    state->members[0] = member;
    state->n++;
    return 0;
}

/* --- 512 bytes --- */

static size_t bytes_of(const struct tx_tracestate *state) {
    size_t n = state->n > 0 ? state->n - 1 : 0;

    for (size_t i = 0; i < state->n; i++)
        n += state->members[i].n;
    return n;
}

static void drop_from_end(struct tx_tracestate *state, size_t above) {
    for (size_t i = state->n; i-- > 0 && bytes_of(state) > TX_TRACESTATE_BYTES;)
        if (state->members[i].n > above)
            take_out(state, i);
}

size_t tx_tracestate_cut(struct tx_tracestate *state) {
    size_t n_before = state->n;

    drop_from_end(state, LARGE_BYTES);
    drop_from_end(state, 0);
    return n_before - state->n;
}

void tx_tracestate_render(const struct tx_tracestate *state, struct tx_buf *b) {
    for (size_t i = 0; i < state->n; i++) {
        if (i > 0)
            tx_buf_char(b, ',');
        tx_buf_put(b, state->members[i].p, state->members[i].n);
    }
}

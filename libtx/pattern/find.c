/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "libtx/pattern/compiled.h"

/*
 * Backward over the whole text: the state before each character says whether a match begins there,
 * and which positions can take that character with a match ending somewhere behind it. Then forward
 * from each beginning: on as long as one of the positions that were reached can still end in a
 * match. So no character is read forward that is no part of the longest match, but the one behind
 * it, and the whole is linear.
 */

void tx_pattern_memory_free(struct tx_pattern_memory *memory) {
    if (!memory)
        return;
    free(memory->state);
    free(memory);
}

int tx_pattern_memory_new(size_t cap, struct tx_pattern_memory **ret) {
    _cleanup_(tx_pattern_memory_freep) struct tx_pattern_memory *memory =
        calloc(1, sizeof(*memory));
    if (!memory)
        return -ENOMEM;
    memory->cap = cap;
    memory->state = calloc(cap + 1, sizeof(memory->state[0]));
    if (!memory->state)
        return -ENOMEM;
    *ret = TX_STEAL(memory);
    return 0;
}

uint64_t tx_pattern_memory_steps(const struct tx_pattern_memory *memory) {
    return memory->steps;
}

/* The kind of the character before `at`. */
static unsigned kind_before(const struct tx_pattern *pattern, struct tx_text text, size_t at) {
    size_t bytes;
    unsigned symbol =
        at == 0 ? TX_SYMBOL_NUL
                : tx_alphabet_before(&pattern->alphabet, (const uint8_t *)text.p, at, &bytes);
    return pattern->alphabet.kind[symbol];
}

/* State 0, in which no match begins, stands at bytes within a character. False when none begins
 * anywhere. */
static bool run_backward(const struct tx_pattern *pattern, struct tx_text text, uint16_t *ret) {
    const struct tx_dfa *dfa = &pattern->backward;
    const uint8_t *p = (const uint8_t *)text.p, *ascii = pattern->alphabet.ascii;
    size_t at = text.n, bytes, n_symbols = dfa->n_symbols, state = dfa->initial[0];
    uint8_t begins = 0;

    while (at > 0) {
        unsigned symbol;
        if (p[at - 1] < 0x80) {
            symbol = ascii[p[--at]];
        } else {
            symbol = tx_alphabet_before(&pattern->alphabet, p, at, &bytes);
            at -= bytes;
            memset(&ret[at], 0, bytes * sizeof(ret[0]));
        }
        state = dfa->next[state * n_symbols + symbol];
        ret[at] = (uint16_t)state;
        begins |= dfa->edge[state];
    }
    return begins != 0;
}

static bool touch(const uint64_t *a, const uint64_t *b, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        if (a[i] & b[i])
            return true;
    return false;
}

/* The end of the longest match that begins at `start`, where one does. The memory's states of it
 * become the forward ones. */
static size_t run_forward(const struct tx_pattern *pattern, struct tx_pattern_memory *memory,
                          struct tx_text text, size_t start, unsigned kind) {
    const struct tx_dfa *dfa = &pattern->forward;
    size_t at = start, bytes, state = dfa->initial[kind];

    while (at < text.n) {
        unsigned symbol =
            tx_alphabet_next(&pattern->alphabet, (const uint8_t *)text.p, text.n, at, &bytes);
        size_t next = dfa->next[state * dfa->n_symbols + symbol];
        memory->steps += 1 + dfa->n_words;
        if (!touch(tx_dfa_set(dfa, next), tx_dfa_set(&pattern->backward, memory->state[at]),
                   dfa->n_words))
            break;
        state = next;
        memory->state[at] = (uint16_t)state;
        at += bytes;
    }
    assert(at > start && (dfa->edge[state] & TX_DFA_GAPS));
    return at;
}

static bool report(const struct tx_pattern *pattern, struct tx_pattern_memory *memory,
                   struct tx_text text, size_t start, size_t end, tx_pattern_found *found,
                   void *userdata) {
    return pattern->options.capture
               ? tx_capture_report(pattern, memory, text, start, end, found, userdata)
               : found(userdata, start, end);
}

static void report_all(const struct tx_pattern *pattern, struct tx_pattern_memory *memory,
                       struct tx_text text, tx_pattern_found *found, void *userdata) {
    const uint8_t *begins = pattern->backward.edge; /* never DEAD: a match may always end */
    size_t at = 0;
    bool goes_on = true;

    while (goes_on) {
        while (at < text.n && !begins[memory->state[at]])
            at++;
        if (at == text.n)
            break;
        unsigned kind = kind_before(pattern, text, at);
        if (!(begins[memory->state[at]] >> kind & 1)) {
            at++;
            continue;
        }
        size_t end = run_forward(pattern, memory, text, at, kind);
        goes_on = report(pattern, memory, text, at, end, found, userdata);
        at = end;
    }
}

/* --- patterns that are tried at each place --- */

/* The end of the longest match from `start` on, or `start` when there is none; the memory's states
 * of it are the forward ones. */
static size_t try_forward(const struct tx_pattern *pattern, struct tx_pattern_memory *memory,
                          struct tx_text text, size_t start, unsigned kind) {
    const struct tx_dfa *dfa = &pattern->forward;
    const uint8_t *p = (const uint8_t *)text.p;
    size_t at = start, bytes = 0, end = start, state = dfa->initial[kind];

    for (;; at += bytes) {
        unsigned symbol = at == text.n
                              ? TX_SYMBOL_NUL
                              : tx_alphabet_next(&pattern->alphabet, p, text.n, at, &bytes);
        if (dfa->edge[state] >> pattern->alphabet.kind[symbol] & 1)
            end = at;
        size_t next = dfa->next[state * dfa->n_symbols + symbol];
        memory->steps++;
        if (dfa->edge[next] == TX_DFA_DEAD)
            return end;
        state = next;
        memory->state[at] = (uint16_t)state;
    }
}

static void try_each(const struct tx_pattern *pattern, struct tx_pattern_memory *memory,
                     struct tx_text text, tx_pattern_found *found, void *userdata) {
    unsigned kind = pattern->alphabet.kind[TX_SYMBOL_NUL];
    size_t at = 0, bytes;

    while (at < text.n) {
        size_t end = try_forward(pattern, memory, text, at, kind);
        if (end > at && !report(pattern, memory, text, at, end, found, userdata))
            return;
        if (end > at) {
            at = end;
            kind = kind_before(pattern, text, at);
            continue;
        }
        unsigned symbol =
            tx_alphabet_next(&pattern->alphabet, (const uint8_t *)text.p, text.n, at, &bytes);
        kind = pattern->alphabet.kind[symbol];
        at += bytes;
    }
}

int tx_pattern_find_all(const struct tx_pattern *pattern, struct tx_pattern_memory *memory,
                        struct tx_text text, tx_pattern_found *found, void *userdata) {
    if (text.n > memory->cap)
        return -E2BIG;
    if (!tx_literal_is_in(&pattern->literal, text))
        return 0;
    memory->steps += text.n;
    if (pattern->tries_each)
        try_each(pattern, memory, text, found, userdata);
    else if (run_backward(pattern, text, memory->state))
        report_all(pattern, memory, text, found, userdata);
    explicit_bzero(memory->state, text.n * sizeof(memory->state[0]));
    return 0;
}

bool tx_pattern_is_whole(const struct tx_pattern *pattern, struct tx_text text) {
    const struct tx_dfa *dfa = &pattern->forward;
    unsigned bound = pattern->alphabet.kind[TX_SYMBOL_NUL];
    size_t at = 0, bytes, state = dfa->initial[bound];

    if (text.n == 0)
        return pattern->matches_empty;
    for (; at < text.n; at += bytes)
        state = dfa->next[state * dfa->n_symbols + tx_alphabet_next(&pattern->alphabet,
                                                                    (const uint8_t *)text.p, text.n,
                                                                    at, &bytes)];
    return dfa->edge[state] >> bound & 1;
}

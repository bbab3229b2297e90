/* SPDX-License-Identifier: MIT */
/* A pattern up to the first newline, its flags in the first byte, then a text: what is found is
 * what following each edge from each start finds, and takes no more steps than it may. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "libtx/pattern/compiled.h"
#include "libtx/pattern/contains.h"

#define TEXT_MAX 300
#define STATES_MAX 300

struct spans {
    size_t n;
    size_t start[TEXT_MAX], end[TEXT_MAX];
};

static bool note(void *userdata, size_t start, size_t end) {
    struct spans *spans = userdata;
    assert(start < end && spans->n < TEXT_MAX);
    assert(spans->n == 0 || spans->end[spans->n - 1] <= start);
    spans->start[spans->n] = start;
    spans->end[spans->n++] = end;
    return true;
}

static unsigned symbol_at(const struct tx_pattern *pattern, struct tx_text text, size_t at,
                          size_t *ret_bytes) {
    *ret_bytes = 1;
    return at == text.n ? TX_SYMBOL_NUL
                        : tx_alphabet_next(&pattern->alphabet, (const uint8_t *)text.p, text.n, at,
                                           ret_bytes);
}

/* The longest match from `start` on by the edges alone, or `start`. */
static size_t follow(const struct tx_pattern *pattern, struct tx_text text, size_t start,
                     unsigned kind) {
    const struct tx_nfa *nfa = &pattern->nfa;
    static bool here[TX_NFA_POSITIONS_MAX], next[TX_NFA_POSITIONS_MAX];
    size_t end = start, bytes;

    memset(here, 0, nfa->n);
    here[TX_NFA_START] = true;
    for (size_t at = start; at <= text.n; at += bytes) {
        unsigned symbol = symbol_at(pattern, text, at, &bytes);
        unsigned gap = TX_GAP(kind, pattern->alphabet.kind[symbol]);
        memset(next, 0, nfa->n);
        for (size_t q = 0; q < nfa->n; q++)
            for (uint32_t i = nfa->forward.at[q]; here[q] && i < nfa->forward.at[q + 1]; i++) {
                const struct tx_edge *edge = &nfa->forward.edge[i];
                if (!(edge->gap & gap))
                    continue;
                if (edge->to == TX_NFA_ACCEPT)
                    end = at;
                else if (tx_symbols_have(&pattern->alphabet.class[nfa->class[edge->to]], symbol))
                    next[edge->to] = true;
            }
        memcpy(here, next, nfa->n);
        kind = pattern->alphabet.kind[symbol];
    }
    return end;
}

static void check(const struct tx_pattern *pattern, struct tx_text text,
                  const struct spans *spans) {
    unsigned kind = pattern->alphabet.kind[TX_SYMBOL_NUL];
    size_t n = 0, bytes;
    for (size_t at = 0; at < text.n;) {
        size_t end = follow(pattern, text, at, kind);
        if (end > at) {
            assert(n < spans->n && spans->start[n] == at && spans->end[n] == end);
            assert(!memchr(text.p + at, 0, end - at) && tx_utf8_valid(text.p + at, end - at));
            n++;
        }
        for (size_t stop = end > at ? end : at + 1; at < stop; at += bytes)
            kind = pattern->alphabet.kind[symbol_at(pattern, text, at, &bytes)];
    }
    assert(n == spans->n);
}

/* What each match is said to contain, it does; so it is for the text's beginning, when it is said
 * of that. */
static void check_contained(const struct tx_pattern *pattern, struct tx_text text,
                            const struct spans *spans) {
    struct tx_pattern_error error;
    bool ignore_case;
    struct tx_text own = tx_pattern_literal(pattern, &ignore_case);
    struct tx_literal literal;

    tx_literal_set(own, ignore_case, &literal);
    int r = tx_pattern_contains(pattern, &literal, &error);
    assert(r == 0 || strstr(error.reason, "too large"));
    tx_literal_set((struct tx_text){text.p, text.n < 2 ? text.n : 2}, ignore_case, &literal);
    if (tx_pattern_contains(pattern, &literal, &error) != 0)
        return;
    for (size_t i = 0; i < spans->n; i++)
        assert(tx_literal_is_in(
            &literal, (struct tx_text){text.p + spans->start[i], spans->end[i] - spans->start[i]}));
}

static void run(const struct tx_pattern *pattern, struct tx_text text) {
    _cleanup_(tx_pattern_memory_freep) struct tx_pattern_memory *memory = NULL;
    struct spans spans = {.n = 0};
    if (tx_pattern_memory_new(text.n, &memory) < 0)
        abort();
    int r = tx_pattern_find_all(pattern, memory, text, note, &spans);
    assert(r == 0);
    uint64_t each = pattern->tries_each ? TX_TRIED_MAX + 2 : 4 + 3 * pattern->forward.n_words;
    assert(tx_pattern_memory_steps(memory) <= each * (text.n + 1));
    if (!pattern->options.capture) {
        check(pattern, text, &spans);
        check_contained(pattern, text, &spans);
    }
    (void)tx_pattern_is_whole(pattern, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    const uint8_t *newline = n > 1 ? memchr(data + 1, '\n', n - 1) : NULL;
    if (!newline || newline - data > 200)
        return 0;
    struct tx_text text = {(const char *)newline + 1, n - (size_t)(newline + 1 - data)};
    struct tx_pattern_options options = {.states = STATES_MAX,
                                         .ignore_case = data[0] & 1,
                                         .whole_words = data[0] & 2,
                                         .whole_value = data[0] & 4,
                                         .capture = data[0] & 8};
    _cleanup_(tx_pattern_freep) struct tx_pattern *pattern = NULL;
    struct tx_pattern_error error = {.at = SIZE_MAX};
    struct tx_text pattern_text = {(const char *)data + 1, (size_t)(newline - data) - 1};

    int r = tx_pattern_new(pattern_text, &options, &error, &pattern);
    if (text.n > TEXT_MAX)
        text.n = TEXT_MAX;
    if (r == TX_PATTERN_E_REFUSED)
        assert(error.at <= pattern_text.n && error.reason[0]);
    else if (r == 0)
        run(pattern, text);
    else
        abort();
    return 0;
}

/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_COMPILED_H
#define TX_PATTERN_COMPILED_H

/*
 * A pattern ready to run, and the memory of a run: pattern.c makes them, find.c and capture.c use
 * them.
 */

#include "libtx/pattern/dfa.h"
#include "libtx/pattern/literal.h"

/* No match of a pattern that is tried at each place has more characters. */
#define TX_TRIED_MAX 1024

struct tx_pattern {
    struct tx_pattern_options options;
    bool matches_empty;
    bool tries_each; /* there is no backward table: each place is tried; see find.c */
    struct tx_literal literal;
    struct tx_alphabet alphabet;
    struct tx_nfa nfa;
    struct tx_dfa forward, backward;
};

struct tx_pattern_memory {
    size_t cap;
    uint64_t steps;
    uint16_t *state; /* of each byte of the text that begins a character; see find.c */
};

static inline const uint64_t *tx_dfa_set(const struct tx_dfa *dfa, size_t state) {
    return &dfa->set[state * dfa->n_words];
}

/* What the first group covers in [start, end), a match, in any way of matching it. The memory holds
 * the forward states; they are used up. False when `found` said so. */
bool tx_capture_report(const struct tx_pattern *pattern, struct tx_pattern_memory *memory,
                       struct tx_text text, size_t start, size_t end, tx_pattern_found *found,
                       void *userdata);

#endif

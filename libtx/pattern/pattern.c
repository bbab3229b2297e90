/* SPDX-License-Identifier: MIT */
#include "libtx/pattern/pattern.h"

#include <stdio.h>

#include "libtx/pattern/compiled.h"
#include "libtx/pattern/refuse.h"

/* text → tree → symbols and positions → a table for each direction. */

static int refuse_table(const struct tx_pattern *pattern, struct tx_pattern_error *error, int r) {
    if (r == TX_DFA_E_WORK)
        return tx_refuse(error, 0,
                         "the pattern is too large to be compiled; write lower repeats, "
                         "or + instead of a high one");
    char why[64] = "";
    if (pattern->nfa.longest > TX_TRIED_MAX)
        snprintf(why, sizeof(why), ", and its matches can be longer than %d characters",
                 TX_TRIED_MAX);
    return tx_refuse(error, 0,
                     "the pattern needs more than %u states (limits: regex_states)%s; write lower "
                     "repeats, + instead of a high one, or classes that leave out what comes next",
                     pattern->options.states, why);
}

/* Read backward, some patterns with a fixed number of any characters need a state for each set of
 * places that they could have begun at. */
static int make_tables(struct tx_pattern *pattern, struct tx_pattern_error *error) {
    size_t max_states = pattern->options.states;
    int r = tx_dfa_init(&pattern->nfa, &pattern->alphabet, true, max_states, &pattern->backward);
    if (r > 0 && pattern->nfa.longest <= TX_TRIED_MAX) {
        tx_dfa_deinit(&pattern->backward);
        pattern->tries_each = true;
        r = 0;
    }
    if (r == 0)
        r = tx_dfa_init(&pattern->nfa, &pattern->alphabet, false, max_states, &pattern->forward);
    return r > 0 ? refuse_table(pattern, error, r) : r;
}

/* A lazy repeat means the same as a greedy one when no match is the beginning of a longer one. */
static int check_lazy(const struct tx_pattern *pattern, const struct tx_syntax *syntax,
                      struct tx_pattern_error *error) {
    const struct tx_dfa *dfa = &pattern->forward;
    for (size_t state = 0; state < dfa->n_states; state++)
        for (size_t symbol = 0; symbol < dfa->n_symbols; symbol++) {
            const uint64_t *set = tx_dfa_set(dfa, dfa->next[state * dfa->n_symbols + symbol]);
            bool goes_on = dfa->edge[state] >> pattern->alphabet.kind[symbol] & 1;
            for (size_t w = 0; w < dfa->n_words && goes_on; w++)
                if (set[w])
                    return tx_refuse(error, syntax->lazy_at,
                                     "the longest match is always taken, so this lazy repeat would "
                                     "not mean what it says; leave out the ?, or write a class "
                                     "that ends it, as \"[^\"]*\"");
        }
    return 0;
}

static int check_matches(const struct tx_pattern *pattern, struct tx_pattern_error *error) {
    const struct tx_dfa *dfa = pattern->tries_each ? &pattern->forward : &pattern->backward;
    for (size_t state = 0; state < dfa->n_states; state++)
        if (dfa->edge[state] & TX_DFA_GAPS)
            return 0;
    return tx_refuse(error, 0, "the pattern can never match anything");
}

static int compile(struct tx_pattern *pattern, const struct tx_syntax *syntax,
                   struct tx_pattern_error *error) {
    int r = tx_alphabet_init(syntax, error, &pattern->alphabet);
    if (r == 0)
        r = tx_nfa_init(syntax, error, &pattern->nfa);
    if (r != 0)
        return r;
    pattern->matches_empty = pattern->nfa.empty != 0;
    if (pattern->matches_empty && !pattern->options.whole_value)
        return tx_refuse(error, 0, "the pattern matches the empty text, so it would be everywhere");
    tx_literal_find(syntax, &pattern->literal);
    r = make_tables(pattern, error);
    if (r != 0)
        return r;
    if (!pattern->matches_empty)
        r = check_matches(pattern, error);
    return r == 0 && syntax->has_lazy ? check_lazy(pattern, syntax, error) : r;
}

int tx_pattern_new(struct tx_text text, const struct tx_pattern_options *options,
                   struct tx_pattern_error *ret_error, struct tx_pattern **ret) {
    _cleanup_(tx_syntax_deinit) struct tx_syntax syntax = {.node = NULL};
    _cleanup_(tx_pattern_freep) struct tx_pattern *pattern = calloc(1, sizeof(*pattern));
    if (!pattern)
        return -ENOMEM;
    pattern->options = *options;
    if (pattern->options.states == 0)
        pattern->options.states = TX_PATTERN_STATES_DEFAULT;
    int r = tx_syntax_parse(text, options, ret_error, &syntax);
    if (r == 0)
        r = compile(pattern, &syntax, ret_error);
    if (r != 0)
        return r;
    *ret = TX_STEAL(pattern);
    return 0;
}

void tx_pattern_free(struct tx_pattern *pattern) {
    if (!pattern)
        return;
    tx_alphabet_deinit(&pattern->alphabet);
    tx_nfa_deinit(&pattern->nfa);
    tx_dfa_deinit(&pattern->forward);
    tx_dfa_deinit(&pattern->backward);
    free(pattern);
}

struct tx_text tx_pattern_literal(const struct tx_pattern *pattern, bool *ret_ignore_case) {
    *ret_ignore_case = pattern->literal.ignore_case;
    return (struct tx_text){pattern->literal.text, pattern->literal.n};
}

uint32_t tx_pattern_steps_max(const struct tx_pattern *pattern) {
    return (pattern->tries_each ? pattern->nfa.longest + 1 : 2) + pattern->options.capture;
}

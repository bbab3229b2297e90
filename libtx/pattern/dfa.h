/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_DFA_H
#define TX_PATTERN_DFA_H

/*
 * A table made of an automaton ahead of time: for each state and symbol the next state. A state is
 * a set of positions and the kind of the character that was read last.
 *
 * Forward, from one place on: the positions that can have taken the last character. Backward, over
 * the whole text: the positions that can take the last one read (the leftmost) such that a match
 * ends somewhere to the right.
 */

#include "libtx/pattern/nfa.h"

#define TX_DFA_E_STATES 1 /* more than the limit */
#define TX_DFA_E_WORK 2   /* it would take too long */

#define TX_DFA_GAPS 7u /* bits of tx_dfa.edge */
#define TX_DFA_DEAD 8u

struct tx_dfa {
    size_t n_states, n_symbols, n_words;
    uint16_t *next; /* [state * n_symbols + symbol] */
    /* Of each state: a bit for each kind of what is on the other side of the gap, with which a
     * match can end here (backward: begin here); or DEAD, when no match goes on from it. */
    uint8_t *edge;
    uint64_t *set;               /* [state * n_words]: bits of positions */
    uint8_t *kind;               /* of the last character */
    uint16_t initial[TX_KIND_N]; /* forward: by the kind of the character before; backward: [0] */
};

static inline bool tx_set_has(const uint64_t *set, size_t position) {
    return set[position / 64] >> (position % 64) & 1;
}
static inline void tx_set_add(uint64_t *set, size_t position) {
    set[position / 64] |= UINT64_C(1) << (position % 64);
}

void tx_dfa_deinit(struct tx_dfa *dfa);
/* *ret is to be deinitialised in any case. */
TX_MUST_USE int tx_dfa_init(const struct tx_nfa *nfa, const struct tx_alphabet *alphabet,
                            bool backward, size_t max_states, struct tx_dfa *ret);

#endif

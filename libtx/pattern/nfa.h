/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_NFA_H
#define TX_PATTERN_NFA_H

/*
 * A pattern as positions (each takes one character of its class) and edges between them that an
 * assertion may bar: Glushkov's automaton, with repeats written out. Optional copies are nested,
 * x(x(x)?)?, so that what can follow a copy can follow each one before it.
 */

#include "libtx/pattern/alphabet.h"

#define TX_NFA_START 0u  /* position before the first */
#define TX_NFA_ACCEPT 1u /* behind the last */
#define TX_NFA_POSITIONS_MAX 4096
#define TX_NFA_EDGES_MAX (1u << 19)

struct tx_edge {
    uint16_t to;
    uint16_t gap;
};

/* Edges of position q: edge[at[q]] up to edge[at[q + 1]]. */
struct tx_edges {
    uint32_t *at;
    struct tx_edge *edge;
};

struct tx_nfa {
    size_t n; /* positions, START and ACCEPT among them */
    size_t n_edges;
    uint32_t *class; /* of each; START and ACCEPT have none */
    bool *in_group_1;
    struct tx_edges forward, backward;
    unsigned empty;   /* the gaps in which the pattern matches the empty text */
    uint32_t longest; /* characters of the longest match; UINT32_MAX: as long as one likes */
};

void tx_nfa_deinit(struct tx_nfa *nfa);
TX_MUST_USE int tx_nfa_init(const struct tx_syntax *syntax, struct tx_pattern_error *ret_error,
                            struct tx_nfa *ret);

#endif

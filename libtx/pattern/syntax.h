/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_SYNTAX_H
#define TX_PATTERN_SYNTAX_H

/*
 * A pattern's text as a tree (docs/patterns.md is the syntax). What cannot be run in linear time is
 * refused here, with its place and the reason. It knows no automaton.
 */

#include "libtx/base/text.h"
#include "libtx/pattern/pattern.h"
#include "libtx/pattern/ranges.h"

/* What stands on the two sides of a gap between characters: the value's start or end, a word's
 * character, another. An assertion is the set of pairs that it allows: bit 3 * before + after. */
enum tx_kind { TX_KIND_BOUND, TX_KIND_WORD, TX_KIND_OTHER, TX_KIND_N };
#define TX_GAP(before, after) (1u << (3 * (before) + (after)))
#define TX_GAP_ANY 0x1ffu
#define TX_GAP_START                                                                               \
    (TX_GAP(TX_KIND_BOUND, TX_KIND_BOUND) | TX_GAP(TX_KIND_BOUND, TX_KIND_WORD) |                  \
     TX_GAP(TX_KIND_BOUND, TX_KIND_OTHER))
#define TX_GAP_END                                                                                 \
    (TX_GAP(TX_KIND_BOUND, TX_KIND_BOUND) | TX_GAP(TX_KIND_WORD, TX_KIND_BOUND) |                  \
     TX_GAP(TX_KIND_OTHER, TX_KIND_BOUND))
#define TX_GAP_WORD_EDGE                                                                           \
    (TX_GAP(TX_KIND_WORD, TX_KIND_BOUND) | TX_GAP(TX_KIND_WORD, TX_KIND_OTHER) |                   \
     TX_GAP(TX_KIND_BOUND, TX_KIND_WORD) | TX_GAP(TX_KIND_OTHER, TX_KIND_WORD))
#define TX_GAP_NOT_IN_WORD (TX_GAP_ANY & ~TX_GAP(TX_KIND_WORD, TX_KIND_WORD))

enum tx_node_kind {
    TX_NODE_EMPTY,
    TX_NODE_ASSERT,
    TX_NODE_CLASS,
    TX_NODE_CAT,
    TX_NODE_ALT,
    TX_NODE_REPEAT
};

#define TX_NO_NODE UINT32_MAX
#define TX_REPEAT_MAX 1000
#define TX_REPEAT_EVER UINT16_MAX

struct tx_node {
    enum tx_node_kind kind;
    bool in_group_1;
    uint16_t gap;      /* ASSERT */
    uint16_t min, max; /* REPEAT */
    uint32_t class;    /* CLASS: index */
    uint32_t child;    /* CAT, ALT, REPEAT: the first */
    uint32_t next;     /* the sibling */
};

struct tx_syntax {
    size_t n_nodes, cap_nodes;
    struct tx_node *node;
    size_t n_classes, cap_classes;
    struct tx_ranges *class;
    uint32_t root;
    size_t n_groups; /* that capture */
    bool has_lazy;
    size_t lazy_at;
};

void tx_syntax_deinit(struct tx_syntax *syntax);

/* TX_PATTERN_E_REFUSED with *ret_error set. *ret is to be deinitialised in any case. */
TX_MUST_USE int tx_syntax_parse(struct tx_text text, const struct tx_pattern_options *options,
                                struct tx_pattern_error *ret_error, struct tx_syntax *ret);

#endif

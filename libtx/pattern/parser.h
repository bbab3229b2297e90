/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_PARSER_H
#define TX_PATTERN_PARSER_H

/*
 * What the parts of the parser share: groups and repeats are read in syntax.c, characters, escapes
 * and classes in syntax-class.c. `at` is never past the end.
 */

#include "libtx/pattern/refuse.h"
#include "libtx/pattern/syntax.h"

struct tx_parser {
    const char *p;
    size_t n, at;
    bool ignore_case;
    bool in_group_1;
    unsigned depth;
    struct tx_pattern_error *error;
    struct tx_syntax *syntax;
};

/* The next byte, or -1. */
static inline int tx_parser_peek(const struct tx_parser *p) {
    return p->at < p->n ? (uint8_t)p->p[p->at] : -1;
}
static inline bool tx_parser_starts(const struct tx_parser *p, const char *with) {
    struct tx_text rest = {p->p + p->at, p->n - p->at};
    return tx_text_starts(rest, (struct tx_text){with, __builtin_strlen(with)});
}

/* A character that stands for itself, `.`, an escape or a class: one CLASS or ASSERT node. */
TX_MUST_USE int tx_parser_take_character(struct tx_parser *p, uint32_t *ret_node);

TX_MUST_USE int tx_parser_new_node(struct tx_parser *p, struct tx_node node, uint32_t *ret);

#endif

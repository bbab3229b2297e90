/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_IDS_H
#define TX_DETECT_IDS_H

/*
 * All shapes of all families as one tree: from a word to the separator and the length of the next
 * word, down to the shapes that are written so. Built once, from constants.
 */

#include <stdint.h>

#include "libtx/detect/id.h"

#define TX_ID_CHARS_MAX 34 /* of an id without its separators */

enum tx_id_separator { TX_ID_FIRST, TX_ID_SPACE, TX_ID_DASH, TX_ID_DOT, TX_ID_SLASH, TX_ID_NONE };

struct tx_id_node {
    uint8_t separator;       /* before the word */
    uint8_t n;               /* characters of the word */
    uint16_t child, sibling; /* 0: none */
    uint16_t first_row;      /* 1 + its index; 0: none */
};

struct tx_id_row {
    const struct tx_id_shape *shape;
    uint16_t next; /* 1 + index of the next row of the same node; 0: none */
    uint8_t n;
    bool single;                       /* one word */
    char pattern[TX_ID_CHARS_MAX + 1]; /* of 9, A and X only */
};

struct tx_id_tree {
    size_t n_nodes, n_rows;
    uint16_t roots[TX_ID_CHARS_MAX + 1]; /* by the first word's length */
    struct tx_id_node nodes[1024];
    struct tx_id_row rows[1024];
};

/* TX_ID_NONE: it separates no words of an id. */
enum tx_id_separator tx_id_separator_of(char c);

/* Borrowed, for ever. */
const struct tx_id_tree *tx_id_tree(void);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_IDS_H
#define TX_DETECT_IDS_H

/*
 * All shapes of all families as one tree: from a word to the separator and the length of the next
 * word, down to the shapes that are written so. Built once, from constants.
 */

#include <stdint.h>

#include "libtx/detect/detect.h"
#include "libtx/detect/id.h"

#define TX_ID_CHARS_MAX 34 /* of an id without its separators */

enum tx_id_separator {
    TX_ID_SPACE,
    TX_ID_DASH,
    TX_ID_DOT,
    TX_ID_SLASH,
    TX_ID_SEPARATORS,
    TX_ID_NONE = TX_ID_SEPARATORS, /* it separates no words of an id */
};

/* Which characters of an id are digits, and which letters; bit i is the i-th. */
struct tx_id_kinds {
    uint64_t digits, letters;
};

/* What ids that go on from somewhere have in common, of the characters up to there: all of them,
 * those that want no word of their context, and those that want none apart. All bits: there are
 * none. */
struct tx_id_common {
    struct tx_id_kinds all, alone, apart;
};

struct tx_id_node {
    struct tx_id_common common[2];   /* of ids that begin with a digit, and of others */
    uint16_t first_row;              /* 1 + its index; 0: none. Doubtful ones are last */
    bool has_sure;                   /* rows that may want no word of their context */
    struct tx_detector_set doubtful; /* of its rows that may want a word of their context */
};

struct tx_id_row {
    const struct tx_id_shape *shape;
    struct tx_id_kinds kinds; /* where it must have which */
    uint16_t next;            /* 1 + index of the next row of the same node; 0: none */
    uint16_t next_other;      /* the same, of other kinds */
    uint8_t n;
    bool single; /* one word */
};

/* A word with a digit, and which of its characters are digits. */
struct tx_id_word {
    uint64_t digits;
    uint32_t start, end;
    uint8_t what; /* can begin with it */
};
#define TX_ID_WORDS 64 /* that are looked at before any is tried */

#define TX_ID_SINGLE 1u /* an id of one word */
#define TX_ID_MORE 2u   /* an id of more words */
#define TX_ID_PREFIX 4u /* not with it, but with a word of letters in front of it */
#define TX_ID_OTHER 8u  /* a maker's token, an address */
#define TX_ID_CARD 16u  /* the first group of a card's number */

#define TX_ID_WORD_MAX 18 /* characters of a word */
#define TX_ID_BEHIND 8    /* as many as there are separators, and more: a power of two */
#define TX_ID_SPAN_MAX 64 /* of an id with its separators, and a word behind it */
#define TX_ID_NODES 1024

/* Which of a word's characters must be digits, in the lower half, and which letters. All: nothing
 * fits. */
typedef uint64_t tx_id_mask;
static inline uint64_t tx_id_kinds(uint64_t digits) {
    return digits | ~digits << 32;
}

/* What shapes have in common by their first word's length (or a greater one) and what is behind it:
 * a second word, of some lengths, or with TX_ID_NONE nothing. */
struct tx_id_start {
    tx_id_mask must;
    uint32_t seconds;
};

#define TX_ID_STARTS ((TX_ID_WORD_MAX + 2) * TX_ID_BEHIND)
#define TX_ID_SECONDS 32 /* more than characters of a word: a power of two */
static inline size_t tx_id_start(size_t n, size_t separator) {
    return n * TX_ID_BEHIND + separator;
}

/* The same by their first two words: of ids that begin with a digit, and of others, of which no
 * more than the first 32 characters; and the lengths of third words, all where an id ends before
 * one. */
struct tx_id_further {
    tx_id_mask must[2];
    uint32_t thirds[TX_ID_BEHIND];
};

/* Numbers of as many digits each, with the same separator between them. */
#define TX_ID_ROW_DIGITS_MAX 6
struct tx_id_uniform {
    uint64_t places, whole; /* of the digits, and all; bit i is the i-th byte */
    size_t bytes;           /* as many as any id has, which goes on so, and one number more */
    bool has_alone;         /* an id that is such a row needs nothing else */
    uint16_t passing;       /* bit d: one does that has nothing but digits d */
};

struct tx_id_tree {
    size_t n_nodes, n_rows;
    struct tx_id_start starts[TX_ID_STARTS];
    struct tx_id_further further[TX_ID_NODES]; /* by the node of the second word */
    uint16_t roots[TX_ID_WORD_MAX + 1];
    uint16_t pairs[TX_ID_STARTS][TX_ID_SECONDS]; /* nodes; the same, and the second word's length */
    uint8_t separators[256];                     /* tx_id_separator of each character */
    /* From a node, by the separator and the length of the next word. */
    uint16_t next[TX_ID_NODES][TX_ID_SEPARATORS][TX_ID_WORD_MAX + 1];
    struct tx_id_uniform uniform[TX_ID_ROW_DIGITS_MAX + 1][TX_ID_SEPARATORS];
    struct tx_id_node nodes[TX_ID_NODES];
    struct tx_id_row rows[1024];
};

/* Whether the b-th word of the bits lies in a row of short numbers in which no id begins. */
#define TX_ID_ROW_SHORT 3 /* digits of each: too short for anything else that begins with them */
#define TX_ID_ROW_WORDS_MIN 13
struct tx_scan;
bool tx_id_is_row(struct tx_scan *s, size_t b);

/* Borrowed, for ever. */
const struct tx_id_tree *tx_id_tree(void);

#endif

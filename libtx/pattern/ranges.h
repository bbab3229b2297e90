/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_RANGES_H
#define TX_PATTERN_RANGES_H

/*
 * A set of characters as ranges of code points. What it holds never includes U+0000 once it is
 * normal.
 */

#include <stdbool.h>
#include <stdint.h>

#include "libtx/base/error.h"

#define TX_CODE_POINT_MAX 0x10ffffu

struct tx_range {
    uint32_t from, to;
};

struct tx_ranges {
    size_t n, cap;
    struct tx_range *range; /* owned */
};

void tx_ranges_deinit(struct tx_ranges *ranges);

TX_MUST_USE int tx_ranges_add(struct tx_ranges *ranges, uint32_t from, uint32_t to);

/* Sorts and merges, and takes U+0000 out. */
void tx_ranges_normalise(struct tx_ranges *ranges);

/* Of a normal set: all other characters, again without U+0000. */
TX_MUST_USE int tx_ranges_negate(struct tx_ranges *ranges);

/* Adds the other case of each letter (ASCII, Latin, Greek, Cyrillic); wants normalising then. */
TX_MUST_USE int tx_ranges_fold(struct tx_ranges *ranges);

bool tx_ranges_equal(const struct tx_ranges *a, const struct tx_ranges *b);
bool tx_ranges_have(const struct tx_ranges *ranges, uint32_t c);

/* Digits, `_`, letters of Latin, Greek and Cyrillic, and the marks that are written above them:
 * ascending. */
extern const struct tx_range tx_word_ranges[];
extern const size_t tx_n_word_ranges;

/* The other case of a letter, or the character itself. */
uint32_t tx_other_case(uint32_t c);

#endif

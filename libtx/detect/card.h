/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_CARD_H
#define TX_DETECT_CARD_H

/*
 * Which digits a payment card's number has, and what stands around one that is none. It finds
 * nothing itself and knows no check digit.
 */

#include "libtx/detect/scan.h"

#define TX_CARD_DIGITS_MIN 12
#define TX_CARD_DIGITS_MAX 19

enum tx_card {
    TX_CARD_NONE,
    TX_CARD_DOUBTFUL, /* as often something else: a word must stand near */
    TX_CARD_SURE,
};

/* Who issues numbers, by their first four digits; row 0: nobody. */
#define TX_CARD_ROWS 32
struct tx_card_table {
    uint8_t row[10000];
    uint8_t lengths[TX_CARD_ROWS]; /* bit n - TX_CARD_DIGITS_MIN: of n digits */
};

/* Borrowed, for ever. */
const struct tx_card_table *tx_card_table(void);

static inline size_t tx_card_row(const struct tx_card_table *table, const uint8_t digits[4]) {
    return table->row[digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3]];
}

/* Of n digits' values, by who issues numbers that begin so, with that length. */
enum tx_card tx_card_kind(const uint8_t *digits, size_t n);

/* What becomes of a number of that kind which stands at [start, end), its separators included. */
enum tx_fate tx_card_fate(struct tx_scan *s, enum tx_card kind, size_t start, size_t end);

#endif

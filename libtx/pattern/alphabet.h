/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_ALPHABET_H
#define TX_PATTERN_ALPHABET_H

/*
 * Characters that a pattern does not tell apart are one symbol. Reading a text from either end
 * gives the same symbols: a character of UTF-8 is one, and so is each byte that belongs to none.
 */

#include "libtx/pattern/syntax.h"

enum { TX_SYMBOL_NUL, TX_SYMBOL_INVALID, TX_SYMBOL_FIRST, TX_SYMBOLS_MAX = 250 };

/* Those of a class. */
struct tx_symbols {
    uint64_t word[4];
};

static inline bool tx_symbols_have(const struct tx_symbols *symbols, unsigned symbol) {
    return symbols->word[symbol / 64] >> (symbol % 64) & 1;
}

struct tx_alphabet {
    unsigned n;
    uint8_t ascii[128];
    /* Symbols of the code points from 0x80 on: each holds from `from` up to the next one's. */
    size_t n_above, cap_above;
    struct tx_above {
        uint32_t from;
        uint8_t symbol;
    } * above;
    uint8_t kind[TX_SYMBOLS_MAX]; /* what the pattern cannot tell apart is TX_KIND_OTHER */
    struct tx_symbols *class;     /* of each class of the syntax */
};

void tx_alphabet_deinit(struct tx_alphabet *alphabet);
TX_MUST_USE int tx_alphabet_init(const struct tx_syntax *syntax, struct tx_pattern_error *ret_error,
                                 struct tx_alphabet *ret);

unsigned tx_alphabet_above(const struct tx_alphabet *alphabet, const uint8_t *p, size_t n,
                           size_t *ret_bytes);
size_t tx_alphabet_back(const uint8_t *p, size_t at);

/* The symbol at `at` < n, and how many bytes it has. */
static inline unsigned tx_alphabet_next(const struct tx_alphabet *alphabet, const uint8_t *p,
                                        size_t n, size_t at, size_t *ret_bytes) {
    *ret_bytes = 1;
    if (p[at] < 0x80)
        return alphabet->ascii[p[at]];
    return tx_alphabet_above(alphabet, p + at, n - at, ret_bytes);
}

/* The symbol that ends before `at` > 0. */
static inline unsigned tx_alphabet_before(const struct tx_alphabet *alphabet, const uint8_t *p,
                                          size_t at, size_t *ret_bytes) {
    *ret_bytes = 1;
    if (p[at - 1] < 0x80)
        return alphabet->ascii[p[at - 1]];
    size_t bytes = tx_alphabet_back(p, at);
    return tx_alphabet_above(alphabet, p + at - bytes, bytes, ret_bytes);
}

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_SET_H
#define TX_MASK_SET_H

/*
 * A set of conditions or rules, by their index. Loops run over the words that are in use, which are
 * few for a usual policy; the others hold nothing of meaning.
 */

#include <stdbool.h>
#include <string.h>

#include "libtx/base/error.h"

/* Rules, what their conditions are made of, and entries of `allow:`. */
#define TX_CONDITIONS_MAX 4096
#define TX_SET_WORDS (TX_CONDITIONS_MAX / 64)

struct tx_set {
    uint64_t word[TX_SET_WORDS];
};

static inline size_t tx_set_words(size_t n) {
    return (n + 63) / 64;
}
static inline void tx_set_add(struct tx_set *set, size_t i) {
    set->word[i / 64] |= UINT64_C(1) << (i % 64);
}
static inline void tx_set_remove(struct tx_set *set, size_t i) {
    set->word[i / 64] &= ~(UINT64_C(1) << (i % 64));
}
static inline bool tx_set_has(const struct tx_set *set, size_t i) {
    return set->word[i / 64] >> (i % 64) & 1;
}
/* One word is the usual case, for which a call costs more than the work. */
static inline void tx_set_clear(struct tx_set *set, size_t n_words) {
    if (n_words == 1)
        set->word[0] = 0;
    else
        memset(set->word, 0, n_words * sizeof(set->word[0]));
}
static inline void tx_set_copy(struct tx_set *set, const struct tx_set *other, size_t n_words) {
    if (n_words == 1)
        set->word[0] = other->word[0];
    else
        memcpy(set->word, other->word, n_words * sizeof(set->word[0]));
}
static inline void tx_set_or(struct tx_set *set, const struct tx_set *other, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        set->word[i] |= other->word[i];
}
static inline void tx_set_and(struct tx_set *set, const struct tx_set *other, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        set->word[i] &= other->word[i];
}
static inline void tx_set_subtract(struct tx_set *set, const struct tx_set *other, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        set->word[i] &= ~other->word[i];
}
static inline bool tx_set_any(const struct tx_set *set, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        if (set->word[i])
            return true;
    return false;
}
static inline bool tx_set_meets(const struct tx_set *a, const struct tx_set *b, size_t n_words) {
    uint64_t any = 0;
    for (size_t i = 0; i < n_words; i++)
        any |= a->word[i] & b->word[i];
    return any != 0;
}
static inline bool tx_set_equal(const struct tx_set *a, const struct tx_set *b, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        if (a->word[i] != b->word[i])
            return false;
    return true;
}

/* The first at or behind `i`, or TX_CONDITIONS_MAX. */
static inline size_t tx_set_next(const struct tx_set *set, size_t i, size_t n_words) {
    for (size_t w = i / 64; w < n_words; w++, i = w * 64) {
        uint64_t bits = set->word[w] >> (i % 64);
        if (bits)
            return i + (size_t)__builtin_ctzll(bits);
    }
    return TX_CONDITIONS_MAX;
}
#define TX_SET_EACH(i, set, n_words)                                                               \
    for (size_t i = tx_set_next((set), 0, (n_words)); i < TX_CONDITIONS_MAX;                       \
         i = tx_set_next((set), i + 1, (n_words)))

#endif

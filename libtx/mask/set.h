/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_SET_H
#define TX_MASK_SET_H

/*
 * A set of rules, by their index. Loops run over the words that are in use, which is one for a
 * usual policy.
 */

#include <stdbool.h>
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/mask/mask.h"

#define TX_MASK_BUILTIN_MAX 64
#define TX_SET_WORDS ((TX_MASK_RULES_MAX + TX_MASK_BUILTIN_MAX + 63) / 64)

struct tx_set {
    uint64_t word[TX_SET_WORDS];
};

static inline size_t tx_set_words(size_t n_rules) {
    return (n_rules + 63) / 64;
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
static inline void tx_set_or(struct tx_set *set, const struct tx_set *other, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        set->word[i] |= other->word[i];
}
static inline void tx_set_and(struct tx_set *set, const struct tx_set *other, size_t n_words) {
    for (size_t i = 0; i < n_words; i++)
        set->word[i] &= other->word[i];
}
static inline bool tx_set_any(const struct tx_set *set, size_t n_words) {
    uint64_t any = 0;
    for (size_t i = 0; i < n_words; i++)
        any |= set->word[i];
    return any != 0;
}
static inline bool tx_set_meets(const struct tx_set *a, const struct tx_set *b, size_t n_words) {
    uint64_t any = 0;
    for (size_t i = 0; i < n_words; i++)
        any |= a->word[i] & b->word[i];
    return any != 0;
}
static inline bool tx_set_equal(const struct tx_set *a, const struct tx_set *b, size_t n_words) {
    uint64_t differ = 0;
    for (size_t i = 0; i < n_words; i++)
        differ |= a->word[i] ^ b->word[i];
    return differ == 0;
}

#endif

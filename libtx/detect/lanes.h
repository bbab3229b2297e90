/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_LANES_H
#define TX_DETECT_LANES_H

/*
 * Some words of a bitmap at a time, for anchors.h, in C that any compiler makes vectors of. Whoever
 * includes this defines TX_ANCHORS_FOR: nothing, or a target("...") and a comma; TX_VECTOR_BYTES of
 * a vector; and TX_ANY(v): whether any bit is set.
 */

#include <stdint.h>
#include <string.h>

/* All is inlined, so there is no convention for passing vectors to agree on. */
#pragma GCC diagnostic ignored "-Wpsabi"

#define TX_LANES (TX_VECTOR_BYTES / 8)
typedef uint64_t tx_lanes __attribute__((vector_size(TX_VECTOR_BYTES)));

/* A map at some words, and the words before and behind each. */
struct tx_around {
    tx_lanes before, at, after;
};

#define TX_LANE static inline __attribute__((TX_ANCHORS_FOR always_inline))

TX_LANE tx_lanes tx_load(const uint64_t *p) {
    tx_lanes v;
    memcpy(&v, p, sizeof(v));
    return v;
}
TX_LANE void tx_store(uint64_t *p, tx_lanes v) {
    memcpy(p, &v, sizeof(v));
}
TX_LANE struct tx_around tx_around(const uint64_t *p) {
    return (struct tx_around){tx_load(p - 1), tx_load(p), tx_load(p + 1)};
}

/* The word before each, of which the first is *last; that becomes the last of these. */
TX_LANE tx_lanes tx_before(tx_lanes at, uint64_t *last) {
    tx_lanes before = {*last};
    for (unsigned i = 1; i < TX_LANES; i++)
        before[i] = at[i - 1];
    *last = at[TX_LANES - 1];
    return before;
}

/* alnum + more: a bit of a word, added to all its bits, carries on to the one behind it; from the
 * last of the words to *carry. Gives those behind. */
TX_LANE tx_lanes tx_carry(tx_lanes alnum, tx_lanes more, uint64_t *carry) {
    tx_lanes ret = {0};
    for (unsigned i = 0; i < TX_LANES; i++) {
        uint64_t sum = alnum[i] + *carry;
        *carry = sum < alnum[i];
        sum += more[i];
        *carry |= sum < more[i];
        ret[i] = sum & ~alnum[i];
    }
    return ret;
}

/* What is set k places further on; what was k places before. */
#define TX_AHEAD(m, k) ((m).at >> (k) | (m).after << (64 - (k)))
#define TX_BACK(m, k) ((m).at << (k) | (m).before >> (64 - (k)))

#endif

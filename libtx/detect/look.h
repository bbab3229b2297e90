/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_LOOK_H
#define TX_DETECT_LOOK_H

/*
 * From places to those that are worth more than a look: words by which an identifier may be
 * believed. Without branches, as nobody can tell before what stands there. Compiled once for each
 * way of classify.h, since such code is shorter with each processor's newer instructions. Whoever
 * includes this defines TX_ANCHORS_FOR; see lanes.h.
 */

#include "libtx/detect/phrases.h"
#include "libtx/detect/scan.h"

#define TX_LOOK static inline __attribute__((TX_ANCHORS_FOR always_inline))

/* Where words begin in the b-th word of the bits, in [from, to). */
TX_LOOK uint64_t tx_begins_in(const struct tx_scan *s, size_t b, size_t from, size_t to) {
    return s->bits->begin[b] & tx_bits_within(b, from, to);
}

/* Of those, the ones of two or three letters that a capital ends: idNo, vatId. */
TX_LOOK uint64_t tx_humps(const struct tx_scan *s, size_t b, uint64_t begins) {
    const uint64_t *begin = s->bits->begin + b, *alnum = s->bits->alnum + b;
    uint64_t second = alnum[0] >> 1 | alnum[1] << 63, third = alnum[0] >> 2 | alnum[1] << 62;
    uint64_t at_third = begin[0] >> 2 | begin[1] << 62, at_fourth = begin[0] >> 3 | begin[1] << 61;
    return begins & ((at_third & second) | (at_fourth & third));
}

/* Where words begin in the bits [from, to), of which there are at most TX_PHRASE_PLACES, that may
 * be of a context. */
TX_LOOK size_t tx_look_at_begins(const struct tx_scan *s, size_t from, size_t to,
                                 uint32_t ret[TX_PHRASE_PLACES]) {
    const struct tx_phrases *phrases = s->phrases;
    const uint64_t *alnum = s->bits->alnum, *high = s->bits->high;
    const uint8_t *p = s->p;
    const size_t first = s->first, n_text = s->n;
    size_t n = 0;

    for (size_t b = from / 64; b * 64 < to; b++) {
        uint64_t begins = tx_begins_in(s, b, from, to), humps = tx_humps(s, b, begins);
        uint64_t third = (alnum[b] | high[b]) >> 2 | (alnum[b + 1] | high[b + 1]) << 62;
        for (; begins; begins &= begins - 1) {
            size_t i = (size_t)__builtin_ctzll(begins), at = b * 64 + i - first;
            uint32_t bytes = tx_phrase_bytes(p + at, n_text - at);
            ret[n] = (uint32_t)at;
            n += tx_phrase_may_begin(phrases, bytes, ~third >> i & 1) | (humps >> i & 1);
        }
    }
    return n;
}

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_CLASSIFY_H
#define TX_DETECT_CLASSIFY_H

/*
 * From bytes to bitmaps, in two ways that give the same bits: with the vectors of AVX2 where the
 * processor has them, and in plain C.
 */

#include <string.h>

#include "libtx/detect/bits.h"

struct tx_classifier {
    /* Fills the classes of a text. Gives whether there is a byte past ASCII. */
    bool (*classify)(const uint8_t *p, size_t n, const struct tx_bits *ret);
    /* From its classes, its places. False when there is none. */
    bool (*anchors)(const struct tx_bits *bits, size_t n);
};

/* No byte of a class behind the text, in the words of the bits from b on. */
static inline void tx_classes_end(const struct tx_bits *ret, size_t b) {
    uint64_t *const *maps = (uint64_t *const *)ret;
#pragma GCC unroll 16
    for (size_t i = 0; i < TX_BITS_CLASSES; i++)
        memset(maps[i] + b, 0, TX_BITS_BEHIND * sizeof(maps[i][0]));
}

extern const struct tx_classifier tx_classify_portable;

/* NULL: this processor, or this architecture, has nothing faster. */
const struct tx_classifier *tx_classify_fast(void);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_CLASSIFY_H
#define TX_DETECT_CLASSIFY_H

/*
 * From bytes to bitmaps, in ways that give the same bits: with the vectors of AVX-512 or of AVX2
 * where the processor has them, and in plain C.
 */

#include <string.h>

#include "libtx/detect/bits.h"

/* A text that is no longer has room in one word of the bits, with what is behind it. */
#define TX_SHORT_BYTES 63

struct tx_scan;
struct tx_id_word;

struct tx_classifier {
    /* Fills the classes of a text. Gives whether there is a byte past ASCII. */
    bool (*classify)(const uint8_t *p, size_t n, const struct tx_bits *ret);
    /* The same for one of 1 to TX_SHORT_BYTES: only the first word of each map is written, all
     * others are zero already. */
    bool (*classify_short)(const uint8_t *p, size_t n, const struct tx_bits *ret);
    /* From its classes, its places. False when there is none. */
    bool (*anchors)(const struct tx_bits *bits, size_t n);
    /* From its places, those that are worth more; see look.h. */
    size_t (*words)(struct tx_scan *s, size_t *b, struct tx_id_word *ret);
    size_t (*phrases)(const struct tx_scan *s, size_t from, size_t to, uint32_t *ret);
};

/* No byte of a class behind the text, in n words of the bits from b on. */
static inline void tx_classes_end(const struct tx_bits *ret, size_t b, size_t n) {
    uint64_t *const *maps = (uint64_t *const *)ret;
#pragma GCC unroll 16
    for (size_t i = 0; i < TX_BITS_CLASSES; i++)
        memset(maps[i] + b, 0, n * sizeof(maps[i][0]));
}

extern const struct tx_classifier tx_classify_portable;

/* The places of a short text, whichever way its classes were found. False when there is none. */
bool tx_classify_short_anchors(const struct tx_bits *bits, size_t n);

/* Of look.h, where a way's processors have more instructions than any. */
size_t tx_look_bmi_words(struct tx_scan *s, size_t *b, struct tx_id_word *ret);
size_t tx_look_bmi_phrases(const struct tx_scan *s, size_t from, size_t to, uint32_t *ret);

/* NULL: this processor, or this architecture, has it not. */
const struct tx_classifier *tx_classify_avx2(void);
const struct tx_classifier *tx_classify_avx512(void);

/* Of an ASCII character: bit k says whether it is of the k-th class in tx_bits; of the first eight,
 * and of those behind them that one character tells. */
struct tx_class_bytes {
    uint8_t first[128], second[128];
    uint8_t literal[3][128]; /* groups of literals.h, of the three characters */
};
const struct tx_class_bytes *tx_class_bytes(void);

#endif

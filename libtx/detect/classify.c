/* SPDX-License-Identifier: MIT */
#include "libtx/detect/classify.h"

#include <endian.h>
#include <pthread.h>
#include <string.h>

#include "libtx/crypto/secret.h"
#define TX_ANCHORS_FOR
#define TX_ANY(v) (((v)[0] | (v)[1] | (v)[2] | (v)[3]) != 0)
#include "libtx/detect/anchors.h"
#include "libtx/detect/literals.h"
#include "libtx/detect/look.h"
#include "libtx/detect/scan.h"

/*
 * The portable way. A table has for each character the classes that it is in, one in the lowest bit
 * of each byte of a word; eight characters, shifted by their places and put together, are eight
 * bits of each of eight classes.
 */

enum class {
    DIGIT,
    LETTER,
    HEX,
    BASE64,
    COLON,
    DOT,
    GAP,
    OPENER,
    RARE,
    SLASHES,
    ESCAPE,
    UPPER,
    HIGH,
    N_CLASSES
};

struct tables {
    uint64_t first[256], second[256]; /* the first eight classes, and the others */
    uint32_t literal[256];            /* groups of the three characters of a beginning */
};

static struct tables tables;
static struct tx_class_bytes class_bytes;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool is_in(enum class class, uint8_t c) {
    switch (class) {
    case DIGIT:
        return tx_is_digit(c);
    case LETTER:
        return tx_is_letter(c);
    case HEX:
        return tx_is_hex(c);
    case BASE64:
        return tx_is_alnum(c) || c == '+' || c == '/' || c == '-' || c == '_';
    case COLON:
        return c == ':';
    case DOT:
        return c == '.';
    case GAP:
        return c == ' ' || c == '-';
    case OPENER:
        return c == '+' || c == '(';
    case RARE:
        return c == '@' || c == '<';
    case SLASHES:
        return c == '+' || c == '/';
    case ESCAPE:
        return c == '%' || c == '\\' || c == '&';
    case UPPER:
        return c >= 'A' && c <= 'Z';
    case HIGH:
        return c >= 0x80;
    case N_CLASSES:
        break;
    }
    return false;
}

static void build_class_bytes(void) {
    /* In the order of tx_bits. */
    static const enum class first[] = {DIGIT, LETTER, HEX, BASE64, COLON, DOT, GAP, OPENER};
    static const enum class second[] = {RARE, SLASHES, ESCAPE, UPPER};
    for (uint8_t c = 0; c < 128; c++) {
        for (unsigned k = 0; k < TX_COUNT_OF(first); k++)
            class_bytes.first[c] |= (uint8_t)(is_in(first[k], c) << k);
        class_bytes.first[c] |= (uint8_t)(is_in(DIGIT, c) << 1); /* of letters: alnum */
        for (unsigned k = 0; k < TX_COUNT_OF(second); k++)
            class_bytes.second[c] |= (uint8_t)(is_in(second[k], c) << k);
        for (unsigned k = 0; k < 3; k++)
            class_bytes.literal[k][c] = tx_literal_low[k][c & 15] & tx_literal_high[k][c >> 4];
    }
}

static void build(void) {
    for (unsigned c = 0; c < 256; c++) {
        for (unsigned k = 0; k < N_CLASSES; k++) {
            uint64_t *word = k < 8 ? &tables.first[c] : &tables.second[c];
            *word |= (uint64_t)is_in((enum class)k, (uint8_t)c) << (8 * (k % 8));
        }
        for (unsigned k = 0; k < 3; k++)
            tables.literal[c] |= (uint32_t)(tx_literal_low[k][c & 15] & tx_literal_high[k][c >> 4])
                                 << (8 * k);
    }
    build_class_bytes();
}

const struct tx_class_bytes *tx_class_bytes(void) {
    pthread_once(&once, build);
    return &class_bytes;
}

/* The highest bits of eight bytes, the first one's lowest. */
static inline uint64_t highest(uint64_t bytes) {
    return ((bytes & UINT64_C(0x8080808080808080)) >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

/* Of eight bytes which are not 0, but for their highest bits. */
static inline uint64_t lower_set(uint64_t bytes) {
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    return highest((bytes & low) + low);
}

/* 64 bytes, and the two behind them. */
static uint64_t classify_block(const uint8_t *p, const struct tx_bits *ret, size_t b) {
    uint8_t bits[16][8]; /* of each class eight at a time, the first ones first */
    uint64_t literal = 0, scheme = 0, map[16];
    uint32_t first_of = tables.literal[p[0]], second_of = tables.literal[p[1]];

    for (unsigned i = 0; i < 8; i++) {
        uint64_t first = 0, second = 0, groups = 0;
#pragma GCC unroll 8
        for (unsigned k = 0; k < 8; k++) {
            const uint8_t *at = p + 8 * i + k;
            uint32_t third_of = tables.literal[at[2]];
            groups |= (uint64_t)(first_of & second_of >> 8 & third_of >> 16 & 0xff) << (8 * k);
            first_of = second_of;
            second_of = third_of;
            first |= tables.first[*at] << k;
            second |= tables.second[*at] << k;
        }
        literal |= lower_set(groups) << (8 * i);
        scheme |= highest(groups) << (8 * i);
#pragma GCC unroll 8
        for (unsigned k = 0; k < 8; k++) {
            bits[k][i] = (uint8_t)(first >> (8 * k));
            bits[8 + k][i] = (uint8_t)(second >> (8 * k));
        }
    }
#pragma GCC unroll 16
    for (unsigned k = 0; k < N_CLASSES; k++) {
        memcpy(&map[k], bits[k], sizeof(map[k]));
        map[k] = le64toh(map[k]);
    }
    ret->digit[b] = map[DIGIT];
    ret->alnum[b] = map[DIGIT] | map[LETTER];
    ret->hex[b] = map[HEX];
    ret->base64[b] = map[BASE64];
    ret->colon[b] = map[COLON];
    ret->dot[b] = map[DOT];
    ret->gap[b] = map[GAP];
    ret->opener[b] = map[OPENER];
    ret->rare[b] = map[RARE];
    ret->slashes[b] = map[SLASHES];
    ret->escape[b] = map[ESCAPE];
    ret->literal[b] = literal;
    ret->scheme[b] = scheme;
    ret->upper[b] = map[UPPER];
    ret->high[b] = map[HIGH];
    return map[HIGH];
}

static bool classify(const uint8_t *p, size_t n, const struct tx_bits *ret) {
    uint8_t rest[3 * 64] = {0};
    uint64_t high = 0;
    size_t b = 0;

    pthread_once(&once, build);
    for (; n - b * 64 >= 64 + 2; b++)
        high |= classify_block(p + b * 64, ret, b);
    size_t n_rest = n - b * 64;
    if (n_rest)
        memcpy(rest, p + b * 64, n_rest);
    for (size_t k = 0; k <= n_rest; k += 64)
        high |= classify_block(rest + k, ret, b++);
    tx_classes_end(ret, b, TX_LANES);
    tx_wipe(rest, n_rest);
    return high != 0;
}

static bool classify_short(const uint8_t *p, size_t n, const struct tx_bits *ret) {
    uint8_t block[64 + 2] = {0};

    pthread_once(&once, build);
    memcpy(block, p, n);
    bool is_high = classify_block(block, ret, 0) != 0;
    tx_wipe(block, n);
    return is_high;
}

static bool anchors(const struct tx_bits *bits, size_t n) {
    return tx_anchors(bits, n);
}

static size_t words(struct tx_scan *s, size_t *b, struct tx_id_word *ret) {
    return tx_look_at_words(s, b, ret);
}

static size_t phrases(const struct tx_scan *s, size_t from, size_t to, uint32_t *ret) {
    return tx_look_at_begins(s, from, to, ret);
}

const struct tx_classifier tx_classify_portable = {.classify = classify,
                                                   .classify_short = classify_short,
                                                   .anchors = anchors,
                                                   .words = words,
                                                   .phrases = phrases};

/* SPDX-License-Identifier: MIT */
#include "libtx/detect/classify.h"

#include <endian.h>
#include <pthread.h>
#include <string.h>

#include "libtx/crypto/secret.h"
#define TX_ANCHORS_FOR
#define TX_VECTOR_BYTES 16
#define TX_ANY(v) (((v)[0] | (v)[1]) != 0)
#include "libtx/detect/anchors.h"
#include "libtx/detect/literals.h"
#include "libtx/detect/look.h"
#include "libtx/detect/scan.h"

/*
 * The portable way. The bits of 64 bytes are turned about, to eight words with a bit of each byte;
 * from those each class is a few operations for all 64.
 */

static struct tx_class_bytes class_bytes;
static pthread_once_t once = PTHREAD_ONCE_INIT;

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
    N_CLASSES
};

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

const struct tx_class_bytes *tx_class_bytes(void) {
    pthread_once(&once, build_class_bytes);
    return &class_bytes;
}

typedef uint8_t bytes __attribute__((vector_size(16)));
typedef uint64_t pair __attribute__((vector_size(16)));

/* Eight times eight bits, twice, turned about: the k-th bits of eight bytes are the k-th byte. */
static inline bytes turned(const uint8_t *p) {
    pair x;
    memcpy(&x, p, sizeof(x));
    if (__BYTE_ORDER == __BIG_ENDIAN)
        x = (pair){le64toh(x[0]), le64toh(x[1])};
    pair t = (x ^ x >> 7) & UINT64_C(0x00aa00aa00aa00aa);
    x ^= t ^ t << 7;
    t = (x ^ x >> 14) & UINT64_C(0x0000cccc0000cccc);
    x ^= t ^ t << 14;
    t = (x ^ x >> 28) & UINT64_C(0x00000000f0f0f0f0);
    x ^= t ^ t << 28;
    if (__BYTE_ORDER == __BIG_ENDIAN)
        x = (pair){htole64(x[0]), htole64(x[1])};
    return (bytes)x;
}

/* The bytes of two vectors in turn, of their first halves and of their second ones. */
static inline bytes low(bytes a, bytes b) {
    return __builtin_shuffle(a, b, (bytes){0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23});
}
static inline bytes high(bytes a, bytes b) {
    return __builtin_shuffle(a, b,
                             (bytes){8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31});
}

/* Of 64 bytes, the k-th bits in the k-th word. */
static inline void planes(const uint8_t *p, uint64_t ret[8]) {
    bytes a = turned(p), b = turned(p + 16), c = turned(p + 32), d = turned(p + 48);
    bytes even_low = low(low(a, c), low(b, d)), even_high = high(low(a, c), low(b, d));
    bytes odd_low = low(high(a, c), high(b, d)), odd_high = high(high(a, c), high(b, d));
    bytes all[4] = {low(even_low, odd_low), high(even_low, odd_low), low(even_high, odd_high),
                    high(even_high, odd_high)};
    memcpy(ret, all, sizeof(all));
    for (size_t i = 0; i < 8; i++)
        ret[i] = le64toh(ret[i]);
}

/* Which of 64 bytes have each lower half, and each upper half of ASCII. */
struct halves {
    uint64_t low[16], high[8];
};

static inline void split(const uint64_t bit[8], struct halves *ret) {
    uint64_t first[4], second[4], upper[4];
#pragma GCC unroll 4
    for (unsigned k = 0; k < 4; k++) {
        first[k] = (k & 1 ? bit[0] : ~bit[0]) & (k & 2 ? bit[1] : ~bit[1]);
        second[k] = (k & 1 ? bit[2] : ~bit[2]) & (k & 2 ? bit[3] : ~bit[3]);
        upper[k] = (k & 1 ? bit[4] : ~bit[4]) & (k & 2 ? bit[5] : ~bit[5]);
    }
#pragma GCC unroll 16
    for (unsigned k = 0; k < 16; k++)
        ret->low[k] = first[k & 3] & second[k >> 2];
#pragma GCC unroll 8
    for (unsigned k = 0; k < 8; k++)
        ret->high[k] = upper[k & 3] & (k & 4 ? bit[6] : ~bit[6]) & ~bit[7];
}

/* Of a group of beginnings, the k-th characters. */
static inline uint64_t of_group(const struct halves *halves, unsigned k, unsigned group) {
    uint64_t low = 0, high = 0;
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++)
        low |= tx_literal_low[k][i] >> group & 1 ? halves->low[i] : 0;
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        high |= tx_literal_high[k][i] >> group & 1 ? halves->high[i] : 0;
    return low & high;
}

static inline uint64_t begin(const struct halves *halves, unsigned group) {
    return of_group(halves, 0, group) & of_group(halves, 1, group) >> 1 &
           of_group(halves, 2, group) >> 2;
}

/* The groups of the beginning at p. */
static inline uint8_t groups_at(const uint8_t *p) {
    return (p[0] | p[1] | p[2]) & 0x80
               ? 0
               : class_bytes.literal[0][p[0]] & class_bytes.literal[1][p[1]] &
                     class_bytes.literal[2][p[2]];
}

/* In 64 bytes, of which the last two go on in those behind. */
static inline void put_literals(const uint8_t *p, const struct halves *halves,
                                const struct tx_bits *ret, size_t b) {
    uint64_t literal = 0, last = groups_at(p + 62), after = groups_at(p + 63);
#pragma GCC unroll 7
    for (unsigned group = 0; group < 7; group++)
        literal |= begin(halves, group);
    ret->literal[b] =
        literal | (uint64_t)((last & 0x7f) != 0) << 62 | (uint64_t)((after & 0x7f) != 0) << 63;
    ret->scheme[b] = begin(halves, 7) | last >> 7 << 62 | after >> 7 << 63;
}

/* The text in other words: to be wiped. */
struct work {
    uint64_t bit[8];
    struct halves halves;
};

/* 64 bytes, and the two behind them. */
static uint64_t classify_block(const uint8_t *p, struct work *work, const struct tx_bits *ret,
                               size_t b) {
    planes(p, work->bit);
    split(work->bit, &work->halves);
    const uint64_t *bit = work->bit;
    const struct halves h = work->halves;
    uint64_t small = h.high[4] | h.high[6], great = h.high[5] | h.high[7]; /* of letters */
    uint64_t up_to_10 = ~bit[3] | (~bit[2] & ~(bit[1] & bit[0]));
    uint64_t digit = h.high[3] & (~bit[3] | (~bit[2] & ~bit[1]));
    uint64_t letter = (small & ~h.low[0]) | (great & up_to_10);
    uint64_t dash = h.high[2] & h.low[13], plus = h.high[2] & h.low[11];
    uint64_t slashes = plus | (h.high[2] & h.low[15]);
    ret->digit[b] = digit;
    ret->alnum[b] = digit | letter;
    ret->hex[b] = digit | (small & ~bit[3] & ~h.low[0] & ~h.low[7]);
    ret->base64[b] = digit | letter | slashes | dash | (h.high[5] & h.low[15]);
    ret->colon[b] = h.high[3] & h.low[10];
    ret->dot[b] = h.high[2] & h.low[14];
    ret->gap[b] = dash | (h.high[2] & h.low[0]);
    ret->opener[b] = plus | (h.high[2] & h.low[8]);
    ret->rare[b] = (h.high[4] & h.low[0]) | (h.high[3] & h.low[12]);
    ret->slashes[b] = slashes;
    ret->escape[b] = (h.high[2] & (h.low[5] | h.low[6])) | (h.high[5] & h.low[12]);
    ret->upper[b] = letter & ~bit[5];
    ret->high[b] = bit[7];
    put_literals(p, &h, ret, b);
    return bit[7];
}

static bool classify(const uint8_t *p, size_t n, const struct tx_bits *ret) {
    uint8_t rest[3 * 64] = {0};
    TX_UNINITIALIZED struct work work;
    uint64_t high = 0;
    size_t b = 0;

    pthread_once(&once, build_class_bytes);
    for (; n - b * 64 >= 64 + 2; b++)
        high |= classify_block(p + b * 64, &work, ret, b);
    size_t n_rest = n - b * 64;
    if (n_rest)
        memcpy(rest, p + b * 64, n_rest);
    for (size_t k = 0; k <= n_rest; k += 64)
        high |= classify_block(rest + k, &work, ret, b++);
    tx_classes_end(ret, b, TX_LANES);
    tx_wipe(rest, n_rest);
    tx_wipe(&work, sizeof(work));
    return high != 0;
}

static bool classify_short(const uint8_t *p, size_t n, const struct tx_bits *ret) {
    uint8_t block[64 + 2] = {0};
    TX_UNINITIALIZED struct work work;

    pthread_once(&once, build_class_bytes);
    memcpy(block, p, n);
    bool is_high = classify_block(block, &work, ret, 0) != 0;
    tx_wipe(block, n);
    tx_wipe(&work, sizeof(work));
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

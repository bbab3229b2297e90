/* SPDX-License-Identifier: MIT */
#include <immintrin.h>
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/classify.h"
#include "libtx/detect/scan.h"

/*
 * 64 bytes at a time: one look-up gives eight classes of each, and a product of bit matrices makes
 * of eight bytes' classes eight bits of each class. Eight times that are eight words of each map,
 * as a vector each; so are the places.
 */

#define WAYS "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,gfni,bmi,bmi2,popcnt"
#define TX_ANCHORS_FOR target(WAYS),
#define AVX512 static inline __attribute__((target(WAYS), always_inline))
#define TX_LANES 8

typedef uint64_t tx_lanes __attribute__((vector_size(8 * TX_LANES)));
struct tx_around {
    tx_lanes before, at, after;
};

AVX512 tx_lanes tx_load(const uint64_t *p) {
    return (tx_lanes)_mm512_loadu_si512(p);
}
AVX512 void tx_store(uint64_t *p, tx_lanes v) {
    _mm512_storeu_si512(p, (__m512i)v);
}
/* The word before each, and the one behind. */
AVX512 tx_lanes before(__m512i at, uint64_t first) {
    return (tx_lanes)_mm512_alignr_epi64(at, _mm512_set1_epi64((int64_t)first), 7);
}
AVX512 tx_lanes behind(__m512i at, uint64_t last) {
    return (tx_lanes)_mm512_alignr_epi64(_mm512_set1_epi64((int64_t)last), at, 1);
}
/* What was stored as a whole is loaded so: anything else would wait for it. */
AVX512 struct tx_around tx_around(const uint64_t *p) {
    __m512i at = _mm512_loadu_si512(p);
    return (struct tx_around){before(at, p[-1]), (tx_lanes)at, behind(at, p[TX_LANES])};
}
AVX512 tx_lanes tx_before(tx_lanes at, uint64_t *last) {
    tx_lanes ret = before((__m512i)at, *last);
    *last = at[TX_LANES - 1];
    return ret;
}
/* The words' carries are added as the bits of one number: a word of ones passes one on. */
AVX512 tx_lanes tx_carry(tx_lanes alnum, tx_lanes more, uint64_t *carry) {
    __m512i ones = _mm512_set1_epi64(-1), sum = (__m512i)(alnum + more);
    uint32_t makes = _cvtmask8_u32(_mm512_cmplt_epu64_mask(sum, (__m512i)alnum));
    uint32_t passes = _cvtmask8_u32(_mm512_cmpeq_epi64_mask(sum, ones));
    uint32_t gets = (passes + (makes << 1 | (uint32_t)*carry)) ^ passes;
    *carry = gets >> TX_LANES & 1;
    sum = _mm512_mask_sub_epi64(sum, _cvtu32_mask8(gets), sum, ones);
    return (tx_lanes)sum & ~alnum;
}
#define TX_AHEAD(m, k) ((tx_lanes)_mm512_shrdi_epi64((__m512i)(m).at, (__m512i)(m).after, k))
#define TX_BACK(m, k) ((tx_lanes)_mm512_shldi_epi64((__m512i)(m).at, (__m512i)(m).before, k))
#define TX_ANY(v) (_mm512_test_epi64_mask((__m512i)(v), (__m512i)(v)) != 0)
#include "libtx/detect/anchors.h"

#define EIGHT 8 /* words of each map at a time; the classes of the first maps */

/* Of the classes behind those, the ones that a table does not tell, by their places in tx_bits. */
#define LITERAL 16
#define HIGH 32
#define SCHEME 64

struct look_up {
    __m512i low, high;
};

AVX512 struct look_up look_up(const uint8_t table[128]) {
    return (struct look_up){_mm512_loadu_si512(table), _mm512_loadu_si512(table + 64)};
}
AVX512 __m512i at_ascii(const struct look_up *t, __mmask64 ascii, __m512i v) {
    return _mm512_maskz_permutex2var_epi8(ascii, t->low, v, t->high);
}

struct tables {
    struct look_up first, second, literal[3];
    __m512i reversed, gathered;
};

AVX512 void load_tables(struct tables *t) {
    /* Of each eight bytes, the last first; and the k-th of each eight together. */
    static const uint8_t reversed[64] = {
        7,  6,  5,  4,  3,  2,  1,  0,  15, 14, 13, 12, 11, 10, 9,  8,  23, 22, 21, 20, 19, 18,
        17, 16, 31, 30, 29, 28, 27, 26, 25, 24, 39, 38, 37, 36, 35, 34, 33, 32, 47, 46, 45, 44,
        43, 42, 41, 40, 55, 54, 53, 52, 51, 50, 49, 48, 63, 62, 61, 60, 59, 58, 57, 56};
    static const uint8_t gathered[64] = {
        0,  8,  16, 24, 32, 40, 48, 56, 1,  9,  17, 25, 33, 41, 49, 57, 2,  10, 18, 26, 34, 42,
        50, 58, 3,  11, 19, 27, 35, 43, 51, 59, 4,  12, 20, 28, 36, 44, 52, 60, 5,  13, 21, 29,
        37, 45, 53, 61, 6,  14, 22, 30, 38, 46, 54, 62, 7,  15, 23, 31, 39, 47, 55, 63};
    const struct tx_class_bytes *bytes = tx_class_bytes();
    t->first = look_up(bytes->first);
    t->second = look_up(bytes->second);
    for (size_t k = 0; k < 3; k++)
        t->literal[k] = look_up(bytes->literal[k]);
    t->reversed = _mm512_loadu_si512(reversed);
    t->gathered = _mm512_loadu_si512(gathered);
}

/* From bytes with a bit for each class to words with a bit for each byte, a word for each class:
 * a matrix of eight times eight bits, multiplied with the unit matrix, is turned about. */
AVX512 __m512i turned(const struct tables *t, __m512i classes) {
    const __m512i unit = _mm512_set1_epi64((int64_t)UINT64_C(0x8040201008040201));
    __m512i rows = _mm512_permutexvar_epi8(t->reversed, classes);
    return _mm512_permutexvar_epi8(t->gathered, _mm512_gf2p8affine_epi64_epi8(unit, rows, 0));
}

/* As many ones as n says, which is less than 256. */
AVX512 __mmask64 ones(size_t n) {
    return _cvtu64_mask64(_bzhi_u64(UINT64_MAX, (uint32_t)n));
}

/* Of 64 bytes, and the two behind them. */
struct three {
    __m512i at, second, third;
};

AVX512 struct three load(const uint8_t *p) {
    return (struct three){_mm512_loadu_si512(p), _mm512_loadu_si512(p + 1),
                          _mm512_loadu_si512(p + 2)};
}
/* Of n > 0 bytes. */
AVX512 struct three load_last(const uint8_t *p, size_t n) {
    return (struct three){_mm512_maskz_loadu_epi8(ones(n), p),
                          _mm512_maskz_loadu_epi8(ones(n - 1), p + 1),
                          _mm512_maskz_loadu_epi8(ones(n > 2 ? n - 2 : 0), p + 2)};
}

/* The classes of 64 bytes: of the first eight maps, and of the others. Gives which bytes are past
 * ASCII. */
AVX512 uint64_t classes_of(const struct tables *t, const struct three *v, __m512i *ret_first,
                           __m512i *ret_second) {
    __mmask64 high = _mm512_movepi8_mask(v->at), ascii = _knot_mask64(high);
    __m512i groups = _mm512_ternarylogic_epi64(
        at_ascii(&t->literal[0], ascii, v->at),
        at_ascii(&t->literal[1], _knot_mask64(_mm512_movepi8_mask(v->second)), v->second),
        at_ascii(&t->literal[2], _knot_mask64(_mm512_movepi8_mask(v->third)), v->third), 0x80);
    __m512i second = at_ascii(&t->second, ascii, v->at);
    __mmask64 literal = _mm512_test_epi8_mask(groups, _mm512_set1_epi8(0x7f)),
              scheme = _mm512_movepi8_mask(groups);
    second = _mm512_mask_add_epi8(second, literal, second, _mm512_set1_epi8(LITERAL));
    second = _mm512_mask_add_epi8(second, high, second, _mm512_set1_epi8(HIGH));
    second = _mm512_mask_add_epi8(second, scheme, second, _mm512_set1_epi8(SCHEME));
    *ret_first = turned(t, at_ascii(&t->first, ascii, v->at));
    *ret_second = turned(t, second);
    return _cvtmask64_u64(high);
}

/* Eight maps of eight words, from those of each word together. */
AVX512 void store(const __m512i by_word[EIGHT], uint64_t *const *maps, size_t n, size_t b) {
    __m512i pair[EIGHT], four[EIGHT], map[EIGHT];
    for (int i = 0; i < EIGHT; i += 2) {
        pair[i] = _mm512_unpacklo_epi64(by_word[i], by_word[i + 1]);
        pair[i + 1] = _mm512_unpackhi_epi64(by_word[i], by_word[i + 1]);
    }
    for (int i = 0; i < 2; i++) { /* maps 0 4, 2 6 of four words, then of the other four */
        four[i] = _mm512_shuffle_i64x2(pair[i], pair[i + 2], 0x88);
        four[i + 2] = _mm512_shuffle_i64x2(pair[i], pair[i + 2], 0xdd);
        four[i + 4] = _mm512_shuffle_i64x2(pair[i + 4], pair[i + 6], 0x88);
        four[i + 6] = _mm512_shuffle_i64x2(pair[i + 4], pair[i + 6], 0xdd);
    }
    for (int i = 0; i < 4; i++) {
        map[i] = _mm512_shuffle_i64x2(four[i], four[i + 4], 0x88);
        map[i + 4] = _mm512_shuffle_i64x2(four[i], four[i + 4], 0xdd);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < n; i++)
        _mm512_storeu_si512(maps[i] + b, map[i]);
}

__attribute__((target(WAYS))) static bool classify(const uint8_t *p, size_t n,
                                                   const struct tx_bits *ret) {
    TX_UNINITIALIZED struct tables t;
    uint64_t *const *maps = (uint64_t *const *)ret;
    uint64_t high = 0;
    size_t b = 0;

    load_tables(&t);
    for (; b * 64 <= n; b += EIGHT) {
        TX_UNINITIALIZED __m512i first[EIGHT], second[EIGHT];
        for (size_t i = 0; i < EIGHT; i++) {
            size_t at = (b + i) * 64;
            if (at >= n) {
                first[i] = second[i] = _mm512_setzero_si512();
                continue;
            }
            const struct three v = n - at >= 64 + 2 ? load(p + at) : load_last(p + at, n - at);
            high |= classes_of(&t, &v, &first[i], &second[i]);
        }
        store(first, maps, EIGHT, b);
        store(second, maps + EIGHT, TX_BITS_CLASSES - EIGHT, b);
    }
    tx_classes_end(ret, b, 1);
    return high != 0;
}

__attribute__((target(WAYS))) static bool classify_short(const uint8_t *p, size_t n,
                                                         const struct tx_bits *ret) {
    TX_UNINITIALIZED struct tables t;
    uint64_t *const *maps = (uint64_t *const *)ret;
    uint64_t words[2 * EIGHT];
    __m512i first, second;

    load_tables(&t);
    const struct three v = load_last(p, n);
    uint64_t high = classes_of(&t, &v, &first, &second);
    _mm512_storeu_si512(words, first);
    _mm512_storeu_si512(words + EIGHT, second);
#pragma GCC unroll 16
    for (size_t i = 0; i < TX_BITS_CLASSES; i++)
        maps[i][0] = words[i];
    return high != 0;
}

__attribute__((target(WAYS))) static bool anchors(const struct tx_bits *bits, size_t n) {
    return tx_anchors(bits, n);
}

const struct tx_classifier *tx_classify_avx512(void) {
    static const struct tx_classifier avx512 = {.classify = classify,
                                                .classify_short = classify_short,
                                                .anchors = anchors,
                                                .words = tx_look_bmi_words,
                                                .phrases = tx_look_bmi_phrases};
    bool has_all = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
                   __builtin_cpu_supports("gfni") && __builtin_cpu_supports("bmi") &&
                   __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") &&
                   __builtin_cpu_supports("lzcnt");
    return has_all ? &avx512 : NULL;
}

/* SPDX-License-Identifier: MIT */
#include <immintrin.h>
#include <string.h>

#include "libtx/base/error.h"
#include "libtx/crypto/secret.h"
/* Processors with AVX2 have these, too; all are asked for. */
#define WAYS "avx2,bmi,bmi2,popcnt"
#define TX_ANCHORS_FOR target(WAYS),
#define TX_VECTOR_BYTES 32
#define TX_ANY(v) (!_mm256_testz_si256((__m256i)(v), (__m256i)(v)))
#include "libtx/detect/anchors.h"
#include "libtx/detect/classify.h"
#include "libtx/detect/literals.h"
#include "libtx/detect/scan.h"

/* 64 bytes at a time, as two vectors. What each class is, classify.c says. */

#define AVX2 __attribute__((target(WAYS))) static inline

struct pair {
    __m256i a, b;
};

AVX2 uint64_t mask(struct pair v) {
    return (uint32_t)_mm256_movemask_epi8(v.a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(v.b)
                                                     << 32;
}
AVX2 struct pair is(struct pair v, char c) {
    __m256i all = _mm256_set1_epi8(c);
    return (struct pair){_mm256_cmpeq_epi8(v.a, all), _mm256_cmpeq_epi8(v.b, all)};
}
AVX2 struct pair either(struct pair x, struct pair y) {
    return (struct pair){_mm256_or_si256(x.a, y.a), _mm256_or_si256(x.b, y.b)};
}
AVX2 struct pair less(struct pair v, char c) {
    __m256i all = _mm256_set1_epi8(c);
    return (struct pair){_mm256_sub_epi8(v.a, all), _mm256_sub_epi8(v.b, all)};
}
/* As numbers without a sign. */
AVX2 struct pair at_most(struct pair v, char c) {
    __m256i all = _mm256_set1_epi8(c);
    return (struct pair){_mm256_cmpeq_epi8(_mm256_min_epu8(v.a, all), v.a),
                         _mm256_cmpeq_epi8(_mm256_min_epu8(v.b, all), v.b)};
}
AVX2 struct pair load(const uint8_t *p) {
    return (struct pair){_mm256_loadu_si256((const __m256i *)p),
                         _mm256_loadu_si256((const __m256i *)(p + 32))};
}

/* The groups of literals.h that a vector's characters have as the k-th of a beginning. */
AVX2 __m256i groups_of(__m256i v, unsigned k) {
    __m256i half = _mm256_set1_epi8(15);
    __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)tx_literal_low[k]));
    __m256i high =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)tx_literal_high[k]));
    return _mm256_and_si256(
        _mm256_shuffle_epi8(low, _mm256_and_si256(v, half)),
        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), half)));
}
AVX2 __m256i literals_of(const uint8_t *p) {
    __m256i first = groups_of(_mm256_loadu_si256((const __m256i *)p), 0);
    __m256i second = groups_of(_mm256_loadu_si256((const __m256i *)(p + 1)), 1);
    __m256i third = groups_of(_mm256_loadu_si256((const __m256i *)(p + 2)), 2);
    return _mm256_and_si256(first, _mm256_and_si256(second, third));
}

/* 64 bytes, and the two behind them. */
AVX2 uint64_t classify_block(const uint8_t *p, const struct tx_bits *ret, size_t b) {
    struct pair v = load(p), bit5 = {_mm256_set1_epi8(0x20), _mm256_set1_epi8(0x20)};
    struct pair letter = less(either(v, bit5), 'a');
    struct pair dash = is(v, '-'), plus = is(v, '+');
    struct pair slashes = either(plus, is(v, '/'));
    struct pair groups = {literals_of(p), literals_of(p + 32)};
    struct pair bits7 = {_mm256_set1_epi8(0x7f), _mm256_set1_epi8(0x7f)};
    struct pair others = {_mm256_and_si256(groups.a, bits7.a), _mm256_and_si256(groups.b, bits7.b)};

    uint64_t digit = mask(at_most(less(v, '0'), 9)), alnum = digit | mask(at_most(letter, 25));
    ret->digit[b] = digit;
    ret->alnum[b] = alnum;
    ret->hex[b] = digit | mask(at_most(letter, 5));
    ret->base64[b] = alnum | mask(either(slashes, either(dash, is(v, '_'))));
    ret->colon[b] = mask(is(v, ':'));
    ret->dot[b] = mask(is(v, '.'));
    ret->gap[b] = mask(either(dash, is(v, ' ')));
    ret->opener[b] = mask(either(plus, is(v, '(')));
    ret->rare[b] = mask(either(is(v, '@'), is(v, '<')));
    ret->slashes[b] = mask(slashes);
    ret->escape[b] = mask(either(is(v, '&'), either(is(v, '%'), is(v, '\\'))));
    ret->literal[b] = ~mask(is(others, 0));
    ret->scheme[b] = mask(groups);
    ret->upper[b] = mask(at_most(less(v, 'A'), 25));
    ret->high[b] = mask(v);
    return ret->high[b];
}

__attribute__((target(WAYS))) static bool classify(const uint8_t *p, size_t n,
                                                   const struct tx_bits *ret) {
    TX_UNINITIALIZED uint8_t rest[3 * 64];
    uint64_t high = 0;
    size_t b = 0;

    for (; n - b * 64 >= 64 + 2; b++)
        high |= classify_block(p + b * 64, ret, b);
    size_t n_rest = n - b * 64;
    memset(rest, 0, n_rest < 64 ? 96 : sizeof(rest));
    if (n_rest)
        memcpy(rest, p + b * 64, n_rest);
    for (size_t k = 0; k <= n_rest; k += 64)
        high |= classify_block(rest + k, ret, b++);
    tx_classes_end(ret, b, TX_LANES);
    tx_wipe(rest, n_rest);
    return high != 0;
}

__attribute__((target(WAYS))) static bool classify_short(const uint8_t *p, size_t n,
                                                         const struct tx_bits *ret) {
    uint8_t block[96] = {0};
    memcpy(block, p, n);
    bool is_high = classify_block(block, ret, 0) != 0;
    tx_wipe(block, n);
    return is_high;
}

__attribute__((target(WAYS))) static bool anchors(const struct tx_bits *bits, size_t n) {
    return tx_anchors(bits, n);
}

const struct tx_classifier *tx_classify_avx2(void) {
    static const struct tx_classifier avx2 = {.classify = classify,
                                              .classify_short = classify_short,
                                              .anchors = anchors,
                                              .words = tx_look_bmi_words,
                                              .phrases = tx_look_bmi_phrases};
    bool has_all = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                   __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") &&
                   __builtin_cpu_supports("lzcnt");
    return has_all ? &avx2 : NULL;
}

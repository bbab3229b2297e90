/* SPDX-License-Identifier: MIT */
#include "libtx/detect/ids.h"
#include "libtx/detect/scan.h"

/*
 * Rows of numbers of one length with one separator, in which at each number the same ids might
 * begin: where no word of a context stands, and no id is such a row by itself, none does. A row is
 * known by its bits, without a look at each number.
 */

/* Whether in three words around b each place is as the one k further on, and the one k before. */
static bool has_period(const uint64_t *map, size_t b, unsigned k) {
    uint64_t before = map[(ptrdiff_t)b - 1], at = map[b], behind = map[b + 1];
    return before == (before >> k | at << (64 - k)) && at == (at << k | before >> (64 - k)) &&
           behind == (behind << k | at >> (64 - k));
}

/* Whether all that is no letter and no digit in three words around b is in `map`. */
static bool are_between(const struct tx_bits *bits, size_t b, const uint64_t *map,
                        const uint64_t *without, const uint64_t *with) {
    for (size_t i = 0; i < 3; i++) {
        ptrdiff_t w = (ptrdiff_t)(b + i) - 1;
        uint64_t set =
            map[w] & (with ? with[w] : UINT64_MAX) & (without ? ~without[w] : UINT64_MAX);
        if (set != ~bits->alnum[w])
            return false;
    }
    return true;
}

static enum tx_id_separator separator_of(const struct tx_bits *bits, size_t b) {
    if (are_between(bits, b, bits->dot, NULL, NULL))
        return TX_ID_DOT;
    if (are_between(bits, b, bits->gap, NULL, bits->base64))
        return TX_ID_DASH;
    return are_between(bits, b, bits->gap, bits->base64, NULL) ? TX_ID_SPACE : TX_ID_NONE;
}

/* The digits of each number; 0: it is no such row. */
static unsigned digits_of(const struct tx_bits *bits, size_t b) {
    for (unsigned n = 1; n <= TX_ID_ROW_SHORT; n++) {
        uint64_t others = ~bits->alnum[b] & ((UINT64_C(2) << n) - 1);
        if (has_period(bits->alnum, b, n + 1) && others && !(others & (others - 1)))
            return n;
    }
    return 0;
}

/* Of n digits each: all are the same, with which no id passes that is such a row. */
static bool is_same_digit(const struct tx_scan *s, const struct tx_id_uniform *uniform, size_t from,
                          size_t to, size_t n) {
    const uint8_t *p = s->p + from;
    size_t first = 0;
    while (!tx_is_digit(p[first]))
        first++;
    for (size_t i = first; i <= first + n + 1; i++)
        if (tx_is_digit(p[i]) && p[i] != p[first])
            return false;
    return memcmp(p, p + n + 1, to - from - n - 1) == 0 &&
           !(uniform->passing >> (p[first] - '0') & 1);
}

bool tx_id_is_row(struct tx_scan *s, size_t b) {
    const struct tx_bits *bits = s->bits;
    for (size_t i = 0; i < 3; i++)
        if (bits->digit[(ptrdiff_t)(b + i) - 1] != bits->alnum[(ptrdiff_t)(b + i) - 1])
            return false;
    unsigned n = digits_of(bits, b);
    enum tx_id_separator separator = n ? separator_of(bits, b) : TX_ID_NONE;
    if (separator == TX_ID_NONE)
        return false;
    const struct tx_id_uniform *uniform = &s->ids->uniform[n][separator];
    size_t start = b * 64 - s->first, end = start + 2 * 64;
    if (uniform->has_alone && !is_same_digit(s, uniform, start - 64, end, n))
        return false;
    return tx_context_is_clear(s, start, end) ||
           (tx_context_never(s, &tx_detectors_all, start, end) &&
            tx_context_is_clear(s, start, end));
}

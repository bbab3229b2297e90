/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "libtx/crypto/secret.h"
#include "libtx/detect/card.h"
#include "libtx/detect/scan.h"

/*
 * A card's number in its printed groups with some other sign between them than the space or the
 * dash of detect-card.c: tabs, lines, slashes, low lines. Any four numbers pass the check often
 * enough, so the groups must be all that stands there, and the signs the same everywhere.
 */

#define SIGNS_MAX 4 /* between two groups */
#define DIGITS 16

static bool is_sign(uint8_t c) {
    static const bool signs[256] = {
        [' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true, ['-'] = true, ['/'] = true,
        ['_'] = true, ['.'] = true,  ['+'] = true,  ['|'] = true,  [':'] = true};
    return signs[c];
}

/* How many signs stand at `at`; 0: none, too many, or those that are not for here. */
static size_t signs_at(const struct tx_scan *s, size_t at) {
    size_t n = 0;
    while (n <= SIGNS_MAX && is_sign(tx_scan_at(s, at + n)))
        n++;
    uint8_t first = tx_scan_at(s, at);
    return n > SIGNS_MAX || (n == 1 && (first == ' ' || first == '-')) ? 0 : n;
}

/* Whether the same signs join it with something in front, and behind. */
static bool goes_on_before(const struct tx_scan *s, size_t start, size_t n_signs) {
    return start > n_signs && tx_is_alnum(s->p[start - n_signs - 1]) &&
           memcmp(s->p + start - n_signs, s->p + start + 4, n_signs) == 0;
}
static bool goes_on_behind(const struct tx_scan *s, size_t start, size_t end, size_t n_signs) {
    return s->n - end > n_signs && tx_is_alnum(s->p[end + n_signs]) &&
           memcmp(s->p + end, s->p + start + 4, n_signs) == 0;
}

/* From the first group's end on, groups of these lengths: the last one's end, or 0. */
static size_t groups_end(const struct tx_scan *s, size_t end, size_t n_signs,
                         const uint8_t lengths[3], uint8_t *digits) {
    const uint8_t *signs = s->p + end;
    size_t n = 4;
    for (size_t i = 0; i < 3 && lengths[i]; i++) {
        size_t start = end + n_signs;
        if (s->n - end < n_signs + lengths[i] || memcmp(s->p + end, signs, n_signs) != 0)
            return 0;
        end = tx_run_end(s->bits->alnum, s->first + start) - s->first;
        if (end - start != lengths[i])
            return 0;
        for (size_t at = start; at < end; at++) {
            if (!tx_is_digit(s->p[at]))
                return 0;
            digits[n++] = (uint8_t)(s->p[at] - '0');
        }
    }
    return end;
}

static bool luhn(const uint8_t *digits, size_t n) {
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned value = digits[n - 1 - i] * (i % 2 ? 2u : 1u);
        sum += value > 9 ? value - 9 : value;
    }
    return sum % 10 == 0;
}

void tx_detect_card_groups(struct tx_scan *s, size_t start) {
    static const struct {
        uint8_t lengths[3], n;
    } forms[] = {{{4, 4, 4}, 16}, {{6, 5, 0}, 15}, {{6, 4, 0}, 14}};
    uint8_t digits[DIGITS];
    size_t n_signs = signs_at(s, start + 4);

    if (n_signs == 0 || !tx_scan_wants(s, TX_DETECT_CREDIT_CARD) ||
        goes_on_before(s, start, n_signs))
        return;
    for (size_t i = 0; i < 4; i++)
        digits[i] = (uint8_t)(s->p[start + i] - '0');
    for (size_t i = 0; i < TX_COUNT_OF(forms); i++) {
        size_t n = forms[i].n, end = groups_end(s, start + 4, n_signs, forms[i].lengths, digits);
        if (end > 0 && !goes_on_behind(s, start, end, n_signs) && luhn(digits, n) &&
            tx_card_kind(digits, n) == TX_CARD_SURE)
            tx_scan_claim(s, TX_DETECT_CREDIT_CARD, start, end);
    }
    s->matches->work += 4;
    tx_wipe(digits, sizeof(digits));
}

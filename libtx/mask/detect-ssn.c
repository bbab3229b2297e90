/* SPDX-License-Identifier: MIT */
#include "libtx/mask/scan.h"

/*
 * A US social security number: 3-2-4 digits with the same separator twice, within the areas, groups
 * and serials that are issued; nine digits without separators only where the text just before says
 * what they are, since nine of ten random ones would pass.
 */

#define CONTEXT_BYTES 32

static unsigned number(const uint8_t *p, size_t n) {
    unsigned v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (unsigned)(p[i] - '0');
    return v;
}

static bool is_issued(const uint8_t *area, const uint8_t *group, const uint8_t *serial) {
    unsigned a = number(area, 3);
    return a != 0 && a != 666 && a < 900 && number(group, 2) != 0 && number(serial, 4) != 0;
}

static bool are_digits(const struct tx_scan *s, size_t at, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!tx_is_digit(tx_scan_at(s, at + i)))
            return false;
    return true;
}

static bool is_named(const struct tx_scan *s, size_t at) {
    size_t start = at > CONTEXT_BYTES ? at - CONTEXT_BYTES : 0;
    s->spans->work += at - start;
    for (size_t i = start; i < at; i++)
        if (tx_lower(s->p[i]) == 's' &&
            (tx_scan_is_word(s, i, "ssn") || tx_scan_is_word(s, i, "social security") ||
             tx_scan_is_word(s, i, "social_security")))
            return true;
    return false;
}

void tx_detect_ssn(struct tx_scan *s, size_t at, size_t end) {
    const uint8_t *p = s->p + at;
    uint8_t separator = tx_scan_at(s, end);

    if (!tx_scan_wants(s, TX_DETECT_SSN))
        return;
    if (end - at == 9 && is_issued(p, p + 3, p + 5) && is_named(s, at))
        tx_scan_claim(s, TX_DETECT_SSN, at, end);
    if (end - at != 3 || (separator != '-' && separator != ' '))
        return;
    if (are_digits(s, at + 4, 2) && tx_scan_at(s, at + 6) == separator &&
        are_digits(s, at + 7, 4) && !tx_is_digit(tx_scan_at(s, at + 11)) &&
        is_issued(p, p + 4, p + 7))
        tx_scan_claim(s, TX_DETECT_SSN, at, at + 11);
}

/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * Lines of machine-readable travel documents (ICAO 9303 parts 4 to 6): the last line of TD3 (44)
 * and TD2 (36), the first two of TD1 (30), by their check digits; and the line with the name. The
 * anchor is '<', which is rare elsewhere.
 */

static bool is_mrz(uint8_t c) {
    return tx_is_digit(c) || (c >= 'A' && c <= 'Z') || c == '<';
}

static unsigned value_of(uint8_t c) {
    return tx_is_digit(c) ? (unsigned)(c - '0') : c == '<' ? 0 : (unsigned)(c - 'A') + 10;
}

/* Part 3, section 4.9: weights 7, 3, 1. */
static bool checks(const uint8_t *line, size_t from, size_t n) {
    static const unsigned weights[] = {7, 3, 1};
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i % 3] * value_of(line[from + i]);
    uint8_t check = line[from + n];
    return check == '<' ? sum % 10 == 0 : tx_is_digit(check) && sum % 10 == (unsigned)(check - '0');
}

static bool is_name_line(const uint8_t *line, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (tx_is_digit(line[i]))
            return false;
    return (n == 44 && line[0] == 'P') || (n == 36 && memchr("PIACV", line[0], 5)) ||
           (n == 30 && memmem(line, n, "<<", 2));
}

/* Number, day of birth and day of expiry stand alike in TD2 and TD3. */
static bool is_data_line(const uint8_t *line, size_t n) {
    if (n == 44 || n == 36)
        return checks(line, 0, 9) && checks(line, 13, 6) && checks(line, 21, 6);
    if (n != 30)
        return false;
    bool first = memchr("IACV", line[0], 4) && checks(line, 5, 9);
    return first || (checks(line, 0, 6) && checks(line, 8, 6) && memchr("MFX<", line[7], 4));
}

void tx_detect_mrz(struct tx_scan *s, size_t at) {
    size_t start = at, end = at;

    if (at < s->mrz_done || !tx_scan_wants(s, TX_DETECT_MRZ_PASSPORT))
        return;
    while (start > 0 && at - start < 44 && is_mrz(s->p[start - 1]))
        start--;
    while (end < s->n && is_mrz(s->p[end]))
        end++;
    s->matches->work += end - start;
    s->mrz_done = end;
    size_t n = end - start;
    if (n != 44 && n != 36 && n != 30)
        return;
    if (is_data_line(s->p + start, n) || is_name_line(s->p + start, n))
        tx_scan_claim(s, TX_DETECT_MRZ_PASSPORT, start, end);
    else
        tx_scan_refuse(s, TX_DETECT_MRZ_PASSPORT, start, end, TX_FATE_INVALID);
}

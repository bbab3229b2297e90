/* SPDX-License-Identifier: MIT */
#include "libtx/crypto/secret.h"
#include "libtx/detect/id.h"
#include "libtx/detect/scan.h"

/*
 * A social security number whose groups have two spaces between them, or a dash between spaces:
 * "536  90  4399", "536 - 90 - 4399". As it stands in tables and in what somebody typed; with a
 * word near. The other ways have a shape (ids-america.c).
 */

#define GAP_BYTES 3

static bool is_gap(uint8_t c) {
    return c == ' ' || c == '-';
}

/* Takes n digits at *at and the gap behind them, if there must be one. */
static bool take_group(const struct tx_scan *s, size_t n, size_t *at, char *digits) {
    for (size_t i = 0; i < n; i++, ++*at) {
        if (!tx_is_digit(tx_scan_at(s, *at)))
            return false;
        digits[i] = (char)s->p[*at];
    }
    return true;
}

static bool skip_gap(const struct tx_scan *s, size_t *at) {
    size_t start = *at;
    while (*at - start < GAP_BYTES && is_gap(tx_scan_at(s, *at)))
        ++*at;
    return *at > start;
}

void tx_detect_ssn(struct tx_scan *s, size_t start) {
    char id[10] = "";
    size_t at = start;
    if (!tx_scan_wants(s, TX_DETECT_US_SSN) || tx_is_word(tx_scan_before(s, start)))
        return;
    bool found = take_group(s, 3, &at, id) && skip_gap(s, &at) && take_group(s, 2, &at, id + 3) &&
                 skip_gap(s, &at) && take_group(s, 4, &at, id + 5) &&
                 !tx_is_word(tx_scan_at(s, at)) && tx_id_is_ssn(id);
    tx_wipe(id, sizeof(id));
    if (found && tx_context_near(s, TX_DETECT_US_SSN, start, at))
        tx_scan_claim(s, TX_DETECT_US_SSN, start, at);
}

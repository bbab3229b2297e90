/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * A MAC address with colons (IEEE 802): six pairs of hex digits, not all the same. With dashes or
 * dots it is an identifier of a shape (ids-common.c), or with dashes one of letters only. The
 * anchor is the first colon or dash.
 */

static bool is_pair(const struct tx_scan *s, size_t at) {
    return tx_is_hex(tx_scan_at(s, at)) && tx_is_hex(tx_scan_at(s, at + 1));
}

#define BYTES 17

/* AA-BB-CC-DD-EE-FF: a digit would have begun a shape. */
static void take_letters(struct tx_scan *s, size_t at) {
    size_t start = at - 2, end = start + BYTES;
    bool differ = false;
    if (end > s->n || tx_is_word(tx_scan_before(s, start)) || tx_scan_before(s, start) == '-' ||
        tx_is_word(tx_scan_at(s, end)) ||
        (tx_scan_at(s, end) == '-' && tx_is_alnum(tx_scan_at(s, end + 1))))
        return;
    for (size_t i = start; i < end; i++) {
        bool dash = (i - start) % 3 == 2;
        if (dash ? s->p[i] != '-' : !tx_is_hex(s->p[i]) || tx_is_digit(s->p[i]))
            return;
        differ |= !dash && tx_lower(s->p[i]) != tx_lower(s->p[start]);
    }
    if (differ)
        tx_scan_claim(s, TX_DETECT_MAC, start, end);
}

void tx_detect_mac(struct tx_scan *s, size_t at) {
    bool differ = false;

    if (s->p[at] == '-') {
        if (at >= 2 && is_pair(s, at - 2) && is_pair(s, at + 1) && tx_scan_wants(s, TX_DETECT_MAC))
            take_letters(s, at);
        return;
    }

    if (at < 2 || at < s->mac_done || !is_pair(s, at - 2) || !tx_scan_wants(s, TX_DETECT_MAC))
        return;
    size_t start = at - 2, end = at;
    while (end - start < BYTES && tx_scan_at(s, end) == ':' && is_pair(s, end + 1))
        end += 3;
    s->mac_done = end;
    if (end - start != BYTES || tx_is_word(tx_scan_before(s, start)) ||
        tx_scan_before(s, start) == ':' || tx_is_word(tx_scan_at(s, end)) ||
        tx_scan_at(s, end) == ':')
        return;
    for (size_t i = start; i < end; i++)
        differ |= s->p[i] != ':' && s->p[i] != s->p[start];
    if (differ)
        tx_scan_claim(s, TX_DETECT_MAC, start, end);
}

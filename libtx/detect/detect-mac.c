/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * A MAC address with colons (IEEE 802): six pairs of hex digits, not all the same. With dashes or
 * dots it is an identifier of a shape (ids-common.c). The anchor is the first colon.
 */

static bool is_pair(const struct tx_scan *s, size_t at) {
    return tx_is_hex(tx_scan_at(s, at)) && tx_is_hex(tx_scan_at(s, at + 1));
}

void tx_detect_mac(struct tx_scan *s, size_t at) {
    bool differ = false;

    if (at < 2 || at < s->mac_done || !is_pair(s, at - 2) || !tx_scan_wants(s, TX_DETECT_MAC))
        return;
    size_t start = at - 2, end = at;
    while (end - start < 17 && tx_scan_at(s, end) == ':' && is_pair(s, end + 1))
        end += 3;
    s->mac_done = end;
    if (end - start != 17 || tx_is_word(tx_scan_before(s, start)) ||
        tx_scan_before(s, start) == ':' || tx_is_word(tx_scan_at(s, end)) ||
        tx_scan_at(s, end) == ':')
        return;
    for (size_t i = start; i < end; i++)
        differ |= s->p[i] != ':' && s->p[i] != s->p[start];
    if (differ)
        tx_scan_claim(s, TX_DETECT_MAC, start, end);
}

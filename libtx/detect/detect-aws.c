/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * Amazon's access keys: an id of 20 characters with a known beginning, and the secret of 40, which
 * has none and so wants a word near it.
 */

#define ID_BYTES 20

/* The anchor is the last letter of the beginning, an 'A', or the one of A3T. */
static size_t id_start(const struct tx_scan *s, size_t at) {
    static const char *const beginnings[] = {"AKIA", "ASIA", "ABIA", "ACCA"};
    for (size_t i = 0; at >= 3 && i < TX_COUNT_OF(beginnings); i++)
        if (tx_scan_is(s, at - 3, beginnings[i]))
            return at - 3;
    return tx_scan_is(s, at, "A3T") ? at : SIZE_MAX;
}

void tx_detect_aws_key(struct tx_scan *s, size_t at) {
    if (!tx_scan_wants(s, TX_DETECT_AWS_KEY_ID))
        return;
    size_t start = id_start(s, at), end = start;
    if (start == SIZE_MAX || tx_is_word(tx_scan_before(s, start)))
        return;
    while (end < s->n && end - start <= ID_BYTES &&
           ((s->p[end] >= 'A' && s->p[end] <= 'Z') || tx_is_digit(s->p[end])))
        end++;
    s->matches->work += end - start;
    if (end - start == ID_BYTES && !tx_is_word(tx_scan_at(s, end)) &&
        tx_scan_entropy(s, start, end) >= 3.0)
        tx_scan_claim(s, TX_DETECT_AWS_KEY_ID, start, end);
}

static bool is_mixed(const struct tx_scan *s, size_t start, size_t end) {
    bool upper = false, lower = false, digit = false, hex = true;
    for (size_t i = start; i < end; i++) {
        uint8_t c = s->p[i];
        if (!tx_is_alnum(c) && c != '/' && c != '+')
            return false;
        upper |= c >= 'A' && c <= 'Z';
        lower |= c >= 'a' && c <= 'z';
        digit |= tx_is_digit(c);
        hex &= tx_is_hex(c);
    }
    return upper && lower && digit && !hex;
}

void tx_detect_aws_secret(struct tx_scan *s, size_t start, size_t end) {
    if (!tx_scan_wants(s, TX_DETECT_AWS_SECRET))
        return;
    s->matches->work += end - start;
    bool is_file = start >= 7 && tx_scan_is(s, start - 7, "base64,"); /* data:image/png;base64, */
    if (is_file || !is_mixed(s, start, end) || tx_scan_entropy(s, start, end) < 4.0)
        tx_scan_refuse(s, TX_DETECT_AWS_SECRET, start, end, TX_FATE_INVALID);
    else if (!tx_context_near(s, TX_DETECT_AWS_SECRET, start, end))
        tx_scan_refuse(s, TX_DETECT_AWS_SECRET, start, end, TX_FATE_NO_CONTEXT);
    else
        tx_scan_claim(s, TX_DETECT_AWS_SECRET, start, end);
}

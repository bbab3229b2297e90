/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * Four octets without leading zeros. Five or more numbers with dots between them are a version or
 * an object identifier; so is what follows a letter (v1.2.3.4) or a word for one.
 */

/* Whether one of such words ends at `end`; app_version has one, subversion has none. */
static bool ends_in_word(const uint8_t *p, size_t end) {
    static const char *const words[] = {"version", "release", "section", "firmware", "oid", "ver"};
    for (size_t i = 0; i < TX_COUNT_OF(words); i++) {
        size_t n = strlen(words[i]), k = 0;
        while (k < n && end >= n && tx_lower(p[end - n + k]) == (uint8_t)words[i][k])
            k++;
        if (k == n && (end == n || !tx_is_alnum(p[end - n - 1])))
            return true;
    }
    return false;
}

/* "version 1.2.3.4", "section 24.1.1.3"; or the value begins so and its name is such a word. */
static bool is_version(const struct tx_scan *s, size_t at) {
    const struct tx_text *name = &s->options->name;
    size_t end = at;
    while (end > 0 && at - end < 4 && s->p[end - 1] && strchr(" :=\"'", s->p[end - 1]))
        end--;
    if (at == 0)
        return ends_in_word((const uint8_t *)name->p, name->n);
    return end < at && ends_in_word(s->p, end);
}

/* The end of an octet at `at`, or at. */
static size_t octet_end(const struct tx_scan *s, size_t at) {
    unsigned v = 0;
    size_t end = at;
    while (end - at < 4 && tx_is_digit(tx_scan_at(s, end)))
        v = v * 10 + (unsigned)(s->p[end++] - '0');
    if (v > 255 || end - at > 3 || (end - at > 1 && s->p[at] == '0'))
        return at;
    return end;
}

void tx_detect_ipv4(struct tx_scan *s, size_t at, size_t end) {
    size_t start = at;

    if (end - at > 3 || tx_scan_at(s, end) != '.' || !tx_scan_wants(s, TX_DETECT_IPV4))
        return;
    if (tx_is_alnum(tx_scan_before(s, at)) ||
        (tx_scan_before(s, at) == '.' && at > 1 && tx_is_digit(s->p[at - 2])))
        return;
    for (int i = 0; i < 4; i++) {
        end = octet_end(s, at);
        if (end == at || (i < 3 && tx_scan_at(s, end) != '.')) {
            tx_scan_refuse(s, TX_DETECT_IPV4, start, end, TX_FATE_INVALID);
            return;
        }
        at = end + 1;
    }
    bool goes_on = tx_scan_at(s, end) == '.' && tx_is_digit(tx_scan_at(s, end + 1));
    if (!goes_on && !tx_is_alnum(tx_scan_at(s, end)) && !is_version(s, start))
        tx_scan_claim(s, TX_DETECT_IPV4, start, end);
    else
        tx_scan_refuse(s, TX_DETECT_IPV4, start, end, TX_FATE_INVALID);
}

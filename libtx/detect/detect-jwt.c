/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * A JSON Web Token: parts of base64url with dots between them, of which the first is a JSON object
 * ("eyJ" is base64 of `{"`) with "alg" or "enc", and the second is a JSON object too or is followed
 * by a third.
 */

#define PART_BYTES_MIN 8

static size_t part_end(const struct tx_scan *s, size_t at) {
    while (at < s->n && tx_is_base64url(s->p[at]))
        at++;
    return at;
}

/* base64 of "alg" and "enc" with their quotes, in each of the three places that a byte can have. */
static bool has_algorithm(const struct tx_scan *s, size_t start, size_t end) {
    static const char *const forms[] = {"ImFsZyI", "JhbGci", "iYWxnI",
                                        "ImVuYyI", "JlbmMi", "iZW5jI"};
    for (size_t i = 0; i < TX_COUNT_OF(forms); i++)
        if (memmem(s->p + start, end - start, forms[i], strlen(forms[i])))
            return true;
    return false;
}

void tx_detect_jwt(struct tx_scan *s, size_t at) {
    if (at < s->jwt_done || !tx_scan_wants(s, TX_DETECT_JWT) || at < 2 || s->p[at - 1] != 'y' ||
        s->p[at - 2] != 'e')
        return;
    size_t start = at - 2, first = part_end(s, at);
    s->jwt_done = first;
    s->matches->work += first - start;
    if (first - start < 3 + PART_BYTES_MIN || tx_scan_at(s, first) != '.' ||
        !has_algorithm(s, start, first)) {
        tx_scan_refuse(s, TX_DETECT_JWT, start, first, TX_FATE_INVALID);
        return;
    }
    size_t second = part_end(s, first + 1), end = second;
    s->matches->work += second - first;
    bool is_json = s->n - first > 3 && memcmp(s->p + first + 1, "eyJ", 3) == 0;
    if (second - first < PART_BYTES_MIN || (!is_json && tx_scan_at(s, second) != '.'))
        return;
    while (tx_scan_at(s, end) == '.')
        end = part_end(s, end + 1);
    s->matches->work += end - second;
    s->jwt_done = end;
    tx_scan_claim(s, TX_DETECT_JWT, start, end);
}

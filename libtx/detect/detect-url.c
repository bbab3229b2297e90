/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * The password of scheme://user:password@host (RFC 3986 section 3.2.1), and a token in the user's
 * place. The anchor is the ':' of "://".
 */

#define TOKEN_BYTES_MIN 16

/* Behind the scheme and the userinfo, or 0; *ret_colon: the first ':' in it, or 0. */
static size_t userinfo_end(struct tx_scan *s, size_t at, size_t *ret_colon) {
    size_t i = at, end = 0;
    *ret_colon = 0;
    for (; i < s->n && !tx_is_space(s->p[i]) && !strchr("/?#\"'<>", s->p[i]); i++) {
        if (s->p[i] == ':' && !*ret_colon && !end)
            *ret_colon = i;
        if (s->p[i] == '@')
            end = i; /* the last one counts: a password may have some */
    }
    s->matches->work += i - at;
    s->url_done = i;
    return end;
}

static bool is_token(const struct tx_scan *s, size_t start, size_t end) {
    size_t n_digits = 0;
    for (size_t i = start; i < end; i++) {
        if (!tx_is_base64url(s->p[i]))
            return false;
        n_digits += tx_is_digit(s->p[i]);
    }
    return end - start >= TOKEN_BYTES_MIN && n_digits > 0;
}

void tx_detect_url(struct tx_scan *s, size_t at) {
    size_t start = at + 3, colon;

    if (tx_scan_at(s, at + 1) != '/' || tx_scan_at(s, at + 2) != '/' || at < s->url_done ||
        !tx_is_alnum(tx_scan_before(s, at)) || !tx_scan_wants(s, TX_DETECT_URL_PASSWORD))
        return;
    size_t end = userinfo_end(s, start, &colon);
    if (end == 0)
        return;
    if (colon && colon < end) {
        size_t first = colon + 1;
        while (first < end && s->p[first] == '*')
            first++;
        if (first < end && !tx_scan_is(s, colon + 1, "[redacted]@"))
            tx_scan_claim(s, TX_DETECT_URL_PASSWORD, colon + 1, end);
    } else if (is_token(s, start, end)) {
        tx_scan_claim(s, TX_DETECT_URL_PASSWORD, start, end);
    }
}

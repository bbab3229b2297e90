/* SPDX-License-Identifier: MIT */
#include "libtx/mask/scan.h"

/*
 * Credentials of an HTTP Authorization header: "Bearer" or "Basic" and a token (RFC 6750, RFC
 * 7617). Only the token is claimed. After "Basic" it must be base64 with a ':' in it, since the
 * word is common.
 */

#define TOKEN_BYTES_MIN 8

static bool is_token(uint8_t c) {
    return tx_is_alnum(c) || (c && strchr("-._~+/=", c));
}

/* What people write after the word "bearer". */
static bool is_prose(const struct tx_scan *s, size_t start, size_t end) {
    static const char *const words[] = {"authentication", "authorization", "authenticated",
                                        "authorisation",  "credential",    "credentials"};
    while (end > start && s->p[end - 1] == '.')
        end--;
    for (size_t i = 0; i < TX_COUNT_OF(words); i++)
        if (end - start == strlen(words[i]) && tx_scan_is_word(s, start, words[i]))
            return true;
    return false;
}

static int base64_value(uint8_t c) {
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+' || c == '-' ? 62
           : c == '/' || c == '_' ? 63
                                  : -1;
}

/* Whether the bytes that base64 stands for have a ':' (and no control character). */
static bool is_user_and_password(const struct tx_scan *s, size_t start, size_t end) {
    uint32_t bits = 0;
    unsigned n_bits = 0;
    bool colon = false;

    for (size_t i = start; i < end && s->p[i] != '='; i++) {
        int v = base64_value(s->p[i]);
        if (v < 0)
            return false;
        bits = (bits << 6 | (uint32_t)v) & 0xffff;
        n_bits += 6;
        if (n_bits < 8)
            continue;
        n_bits -= 8;
        uint8_t c = (uint8_t)(bits >> n_bits);
        if (c < 0x20)
            return false;
        colon = colon || c == ':';
    }
    return colon;
}

void tx_detect_bearer(struct tx_scan *s, size_t at) {
    bool bearer = tx_scan_is_word(s, at, "bearer"), basic = tx_scan_is_word(s, at, "basic");

    if ((!bearer && !basic) || tx_is_alnum(tx_scan_before(s, at)) ||
        !tx_scan_wants(s, TX_DETECT_BEARER))
        return;
    size_t start = at + (bearer ? 6 : 5), word = start;
    while (tx_is_space(tx_scan_at(s, start)) || tx_scan_at(s, start) == ':' ||
           tx_scan_at(s, start) == '=' || tx_scan_at(s, start) == '"')
        start++;
    if (start == word || start < (bearer ? s->bearer_done : s->basic_done))
        return;
    size_t end = start;
    while (end < s->n && is_token(s->p[end]))
        end++;
    s->spans->work += end - at;
    *(bearer ? &s->bearer_done : &s->basic_done) = end;
    if (end - start < (bearer ? TOKEN_BYTES_MIN : 4))
        return;
    if (bearer ? !is_prose(s, start, end) : is_user_and_password(s, start, end))
        tx_scan_claim(s, TX_DETECT_BEARER, start, end);
}

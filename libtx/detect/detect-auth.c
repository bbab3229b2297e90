/* SPDX-License-Identifier: MIT */
#include "libtx/detect/scan.h"

/*
 * Credentials of an HTTP Authorization header: a scheme and a token (RFC 6750, RFC 7617, RFC 4559).
 * Only the token is claimed. After "Basic" it must be base64 with a ':' in it, and after the other
 * words it must look like no word, since those are common. The anchor is what ends the scheme.
 */

#define TOKEN_BYTES_MIN 8
#define PROSE_BYTES 256 /* what is longer is not looked at twice */

static bool is_token(uint8_t c) {
    static const bool signs[256] = {['-'] = true, ['.'] = true, ['_'] = true, ['~'] = true,
                                    ['+'] = true, ['/'] = true, ['='] = true};
    return tx_is_alnum(c) || signs[c];
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

static bool is_gap(uint8_t c) {
    return tx_is_space(c) || c == ':' || c == '=' || c == '"' || c == '\'' || c == '\\';
}

enum scheme { BEARER, BASIC, TOKEN, OTHER, N_SCHEMES };

/* Whether what stands before the word that ends at `end` and has n characters names the header. */
static bool is_in_header(const struct tx_scan *s, size_t end, size_t n) {
    static const char header[] = "authorization";
    size_t at = end - n;
    while (at > 0 && is_gap(s->p[at - 1]))
        at--;
    return at >= sizeof(header) - 1 && tx_scan_is_word(s, at - (sizeof(header) - 1), header);
}

/* The scheme that ends before `at`. N_SCHEMES when there is none: "digest" is a common word. */
static enum scheme scheme_before(const struct tx_scan *s, size_t at) {
    static const struct {
        const char *word;
        size_t n;
        enum scheme scheme;
    } words[] = {{"bearer", 6, BEARER}, {"basic", 5, BASIC},     {"digest", 6, OTHER},
                 {"token", 5, TOKEN},   {"negotiate", 9, OTHER}, {"apikey", 6, TOKEN}};
    for (size_t i = 0; i < TX_COUNT_OF(words); i++) {
        size_t n = words[i].n;
        if (at >= n && tx_scan_is_word(s, at - n, words[i].word) &&
            !tx_is_alnum(tx_scan_before(s, at - n)))
            return words[i].word[0] != 'd' || is_in_header(s, at, n) ? words[i].scheme : N_SCHEMES;
    }
    return N_SCHEMES;
}

/* Digits among letters, or a sign that no sentence has within a word. */
static bool looks_random(const struct tx_scan *s, size_t start, size_t end) {
    size_t n_digits = 0, n_letters = 0;
    for (size_t i = start; i < end; i++) {
        n_digits += tx_is_digit(s->p[i]);
        n_letters += tx_is_letter(s->p[i]);
    }
    return n_digits >= 2 && n_letters >= 2;
}

void tx_detect_auth(struct tx_scan *s, size_t at) {
    uint8_t last = tx_lower(tx_scan_before(s, at));
    if (at < s->auth_done || !last || !strchr("rctney", last) ||
        !tx_scan_wants(s, TX_DETECT_AUTH_HEADER))
        return;
    enum scheme scheme = scheme_before(s, at);
    if (scheme == N_SCHEMES)
        return;
    size_t start = at;
    bool has_sign = false; /* token=value: see detect-kv.c */
    for (; is_gap(tx_scan_at(s, start)); start++)
        has_sign |= s->p[start] == ':' || s->p[start] == '=';
    if (has_sign && scheme == TOKEN)
        return;
    size_t end = start;
    while (end < s->n && is_token(s->p[end]))
        end++;
    s->matches->work += end - at;
    s->auth_done = end - start > PROSE_BYTES ? end : start;
    if (end - start < (scheme == BASIC ? 4 : TOKEN_BYTES_MIN))
        return;
    bool found = scheme == BEARER  ? !is_prose(s, start, end)
                 : scheme == BASIC ? is_user_and_password(s, start, end)
                                   : looks_random(s, start, end);
    if (found) {
        s->auth_done = end;
        tx_scan_claim(s, TX_DETECT_AUTH_HEADER, start, end);
    } else {
        tx_scan_refuse(s, TX_DETECT_AUTH_HEADER, start, end, TX_FATE_INVALID);
    }
}

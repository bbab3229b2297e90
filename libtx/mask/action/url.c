/* SPDX-License-Identifier: MIT */
#include "libtx/mask/action/url.h"

#include <string.h>

#define ROUNDS_MAX 4 /* of percent signs */

static bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Letters, digits, percent signs before two hex digits, bytes past ASCII, and what is in `also`. */
static bool is_made_of(struct tx_text text, const char *also) {
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            if (text.n - i < 3 || hex_digit(text.p[i + 1]) < 0 || hex_digit(text.p[i + 2]) < 0)
                return false;
        } else if (!(is_alnum(c) || (c & 0x80) || (c && strchr(also, c)))) {
            return false;
        }
    }
    return true;
}

#define UNRESERVED "-._~"
#define SUB_DELIMS "!$&'()*+,;="
#define PCHAR UNRESERVED SUB_DELIMS ":@"

static struct tx_text piece(struct tx_text text, size_t from, size_t to) {
    return (struct tx_text){text.p + from, to - from};
}

/* The first of these characters, or the end. */
static size_t find_any(struct tx_text text, size_t at, const char *these) {
    while (at < text.n && !(text.p[at] && strchr(these, text.p[at])))
        at++;
    return at;
}

static bool is_scheme(struct tx_text text) {
    for (size_t i = 0; i < text.n; i++)
        if (!is_alnum(text.p[i]) && !(text.p[i] && strchr("+-.", text.p[i])))
            return false;
    return text.n > 0 && is_alnum(text.p[0]) && !(text.p[0] >= '0' && text.p[0] <= '9');
}

static bool is_userinfo(struct tx_text text) {
    struct tx_text mark = TX_TEXT("[redacted]");
    if (text.n >= mark.n && memcmp(text.p + text.n - mark.n, mark.p, mark.n) == 0 &&
        (text.n == mark.n || text.p[text.n - mark.n - 1] == ':'))
        text.n -= mark.n;
    return is_made_of(text, UNRESERVED SUB_DELIMS ":");
}

/* No percent signs nor signs of other scripts: a name and a password could be hidden by them. */
static bool is_host(struct tx_text text) {
    size_t port = text.n;
    while (port > 0 && text.p[port - 1] >= '0' && text.p[port - 1] <= '9')
        port--;
    if (port > 0 && text.p[port - 1] == ':' && text.n - port <= 5)
        text.n = port - 1;
    if (text.n > 0 && text.p[0] == '[')
        return text.n > 2 && text.p[text.n - 1] == ']' && !memchr(text.p, '%', text.n) &&
               is_made_of(piece(text, 1, text.n - 1), "-._~:");
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '%' || text.p[i] & 0x80)
            return false;
    return is_made_of(text, UNRESERVED "!$'()*+,");
}

static bool parse_authority(struct tx_text text, struct tx_url *url) {
    size_t at = text.n;
    while (at > 0 && text.p[at - 1] != '@')
        at--;
    if (at > 0)
        url->userinfo = piece(text, 0, at - 1);
    url->host = piece(text, at, text.n);
    return is_userinfo(url->userinfo) && is_host(url->host);
}

/* Segments, each of which may be "{id}". */
static bool is_path(struct tx_text text) {
    for (size_t at = 0, end; at < text.n; at = end + 1) {
        end = find_any(text, at, "/");
        struct tx_text segment = piece(text, at, end);
        if (!tx_text_equal(segment, TX_TEXT("{id}")) && !is_made_of(segment, PCHAR))
            return false;
    }
    return true;
}

bool tx_url_parse(struct tx_text text, struct tx_url *ret) {
    struct tx_url url = {.scheme = {NULL, 0}};
    size_t at = find_any(text, 0, ":/?#");

    if (at < text.n && text.p[at] == ':') {
        url.scheme = piece(text, 0, at++);
        if (!is_scheme(url.scheme) || text.n - at < 2 || memcmp(text.p + at, "//", 2) != 0)
            return false;
    } else if (at > 0 || text.n == 0 || text.p[0] != '/') {
        return false;
    }
    if (text.n - at >= 2 && memcmp(text.p + at, "//", 2) == 0) {
        size_t end = find_any(text, at + 2, "/?#");
        if (!parse_authority(piece(text, at + 2, end), &url))
            return false;
        at = end;
    }
    size_t query = find_any(text, at, "?#"), fragment = find_any(text, query, "#");
    url.path = piece(text, at, query);
    if (query < fragment)
        url.query = piece(text, query + 1, fragment);
    if (fragment < text.n)
        url.fragment = piece(text, fragment + 1, text.n);
    *ret = url;
    return is_path(url.path) && is_made_of(url.query, PCHAR "/?[]") &&
           is_made_of(url.fragment, PCHAR "/?[]");
}

/* In place; whether there was a percent sign to take away. */
static bool decode(char *p, size_t *n) {
    size_t to = 0;
    bool any = false;
    for (size_t i = 0; i < *n; i++) {
        bool encoded =
            p[i] == '%' && *n - i >= 3 && hex_digit(p[i + 1]) >= 0 && hex_digit(p[i + 2]) >= 0;
        char c = encoded ? (char)(hex_digit(p[i + 1]) << 4 | hex_digit(p[i + 2])) : p[i];
        i += encoded ? 2 : 0;
        any = any || encoded;
        p[to++] = c;
    }
    *n = to;
    return any;
}

struct tx_text tx_url_decode_once(struct tx_text text, char *memory, size_t cap) {
    size_t n = text.n;
    if (n > cap)
        return (struct tx_text){NULL, 0};
    if (n > 0)
        memcpy(memory, text.p, n);
    decode(memory, &n);
    return (struct tx_text){memory, n};
}

struct tx_text tx_url_decode(struct tx_text text, char *memory, size_t cap) {
    struct tx_text decoded = tx_url_decode_once(text, memory, cap);
    for (int i = 1; i < ROUNDS_MAX && decoded.p; i++)
        if (!decode(memory, &decoded.n))
            return decoded;
    return (struct tx_text){NULL, 0};
}

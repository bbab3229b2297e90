/* SPDX-License-Identifier: MIT */
#include "libtx/record/read-blank.h"

#include <stdint.h>
#include <string.h>

#include "libtx/base/limits.h"

static bool is_digit(struct tx_text line, size_t at) {
    return at < line.n && line.p[at] >= '0' && line.p[at] <= '9';
}

static bool is_char(struct tx_text line, size_t at, const char *set) {
    return at < line.n && line.p[at] != '\0' && strchr(set, line.p[at]);
}

static size_t skip_digits(struct tx_text line, size_t at) {
    while (is_digit(line, at))
        at++;
    return at;
}

/* The place after the number (RFC 8259 section 6) at `at`, or 0 when there is none. */
static size_t number_end(struct tx_text line, size_t at) {
    at += is_char(line, at, "-");
    if (!is_digit(line, at))
        return 0;
    at = line.p[at] == '0' ? at + 1 : skip_digits(line, at);
    if (is_char(line, at, ".")) {
        if (!is_digit(line, at + 1))
            return 0;
        at = skip_digits(line, at + 1);
    }
    if (is_char(line, at, "eE")) {
        at++;
        at += is_char(line, at, "+-");
        if (!is_digit(line, at))
            return 0;
        at = skip_digits(line, at);
    }
    /* What follows directly would otherwise be hidden from jansson: 01, 1x. */
    return at < line.n && !is_char(line, at, ",]} \t\n\r") ? 0 : at;
}

/* The place after the string at `at`, or 0 when it does not end. */
static size_t string_end(struct tx_text line, size_t at) {
    for (at++; at < line.n; at++) {
        if (line.p[at] == '"')
            return at + 1;
        if (line.p[at] == '\\')
            at++;
    }
    return 0;
}

/* The place after the brackets that open at `at`, or 0 when they do not match or nest too deep. A
 * bit for each level says which closes it. */
static size_t brackets_end(struct tx_text line, size_t at) {
    uint64_t is_object = 0;
    unsigned depth = 0;
    _Static_assert(TX_LIMIT_JSON_DEPTH <= 64, "one bit a level");

    while (at < line.n) {
        char c = line.p[at];
        if (c == '"') {
            if ((at = string_end(line, at)) == 0)
                return 0;
            continue;
        }
        if (c == '{' || c == '[') {
            if (depth++ == TX_LIMIT_JSON_DEPTH)
                return 0;
            is_object = is_object << 1 | (c == '{');
        } else if (c == '}' || c == ']') {
            if ((is_object & 1) != (c == '}'))
                return 0;
            is_object >>= 1;
            if (--depth == 0)
                return at + 1;
        }
        at++;
    }
    return 0;
}

static void blank(char *copy, size_t begin, size_t end) {
    memset(copy + begin, ' ', end - begin);
    copy[begin] = '0';
}

int tx_read_blank(struct tx_text line, char *copy, size_t *ret_members) {
    size_t at = 0, n_members = 0;
    unsigned depth = 0;

    memcpy(copy, line.p, line.n);
    while (at < line.n) {
        char c = line.p[at];
        size_t end = at + 1;
        if (c == '"') {
            end = string_end(line, at);
        } else if (c == '-' || is_digit(line, at)) {
            end = number_end(line, at);
            if (end)
                blank(copy, at, end);
        } else if (c == '[' || (c == '{' && depth == 2)) {
            end = brackets_end(line, at);
            if (end)
                blank(copy, at, end);
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && depth > 0) {
            depth--;
        } else if (c == ':') {
            n_members++;
        }
        if (end == 0)
            return -EBADMSG;
        at = end;
    }
    *ret_members = n_members;
    return 0;
}

/* SPDX-License-Identifier: MIT */
#include "libtx/detect/decode.h"

#include <string.h>

#include "libtx/detect/detect.h"

/* Shorter ones hold nothing that a detector finds. */
#define BASE64_MIN 12
#define HEX_MIN 14

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* 1 more than the value; 0: none. Both alphabets of RFC 4648. */
static const uint8_t base64_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['-'] = 63,
    ['/'] = 64, ['_'] = 64,
};

static bool is_base64(char c) {
    return base64_values[(uint8_t)c] != 0;
}

/* What no text has: of random bytes every eighth is one. */
static bool is_control(uint8_t c) {
    return (c < 0x20 && !is_space((char)c)) || c == 0x7f;
}

/* --- percent signs and escapes: a word between white space --- */

static size_t put_utf8(uint8_t *ret, uint32_t c) {
    if (c < 0x80) {
        ret[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        ret[0] = (uint8_t)(0xc0 | c >> 6);
        ret[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    ret[0] = (uint8_t)(0xe0 | c >> 12);
    ret[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    ret[2] = (uint8_t)(0x80 | (c & 0x3f));
    return 3;
}

static int hex_run(const char *p, size_t n, size_t n_digits) {
    int value = 0;
    if (n < n_digits)
        return -1;
    for (size_t i = 0; i < n_digits; i++) {
        int digit = hex_value(p[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* One character at p: how many bytes it takes; *ret_n of what it stands for. 0: it is itself. */
static size_t unescape(const char *p, size_t n, unsigned decode, uint8_t *ret, size_t *ret_n) {
    int value;
    *ret_n = 1;
    if (p[0] == '%' && (decode & TX_READ_PERCENT) && (value = hex_run(p + 1, n - 1, 2)) > 0) {
        ret[0] = (uint8_t)value;
        return 3;
    }
    if (p[0] != '\\' || n < 2 || !(decode & TX_READ_ESCAPES))
        return 0;
    if (p[1] == 'u' && (value = hex_run(p + 2, n - 2, 4)) > 0) {
        *ret_n = put_utf8(ret, (uint32_t)value);
        return 6;
    }
    if (p[1] == 'x' && (value = hex_run(p + 2, n - 2, 2)) > 0) {
        ret[0] = (uint8_t)value;
        return 4;
    }
    if (p[1] == '/' || p[1] == '"') {
        ret[0] = (uint8_t)p[1];
        return 2;
    }
    return 0;
}

static void decode_escapes(struct tx_text text, unsigned decode, size_t at, uint8_t *ret,
                           struct tx_encoded *ret_word) {
    size_t start = at, n = 0;
    while (start > 0 && !is_space(text.p[start - 1]) && at - start < 256)
        start--;
    size_t i = start;
    for (size_t n_char; i < text.n && !is_space(text.p[i]); i += n_char) {
        size_t n_put;
        n_char = unescape(text.p + i, text.n - i, decode, ret + n, &n_put);
        if (n_char == 0) {
            n_char = 1;
            ret[n] = (uint8_t)text.p[i];
        }
        n += n_put;
    }
    *ret_word = (struct tx_encoded){.start = start, .end = i, .n = n};
}

/* --- base64 and hex: a run of their characters --- */

static bool decode_hex(struct tx_text run, uint8_t *ret, size_t *ret_n) {
    if (run.n < HEX_MIN || run.n % 2)
        return false;
    for (size_t i = 0; i < run.n; i += 2) {
        int byte = hex_run(run.p + i, 2, 2);
        if (byte < 0)
            return false;
        ret[i / 2] = (uint8_t)byte;
        if (is_control(ret[i / 2]))
            return false;
    }
    *ret_n = run.n / 2;
    return tx_utf8_valid((const char *)ret, *ret_n);
}

static bool decode_base64(struct tx_text run, uint8_t *ret, size_t *ret_n) {
    uint32_t bits = 0;
    size_t n = 0;
    if (run.n < BASE64_MIN || run.n % 4 == 1)
        return false;
    for (size_t i = 0; i < run.n; i++) {
        bits = bits << 6 | (base64_values[(uint8_t)run.p[i]] - 1u);
        if (i % 4 == 0)
            continue;
        ret[n] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
        if (is_control(ret[n++]))
            return false;
    }
    *ret_n = n;
    return tx_utf8_valid((const char *)ret, n);
}

static size_t run_end(struct tx_text text, size_t at) {
    while (at < text.n && is_base64(text.p[at]))
        at++;
    return at;
}

bool tx_decode_next(struct tx_text text, unsigned decode, size_t *at, uint8_t *ret,
                    struct tx_encoded *ret_word) {
    uint8_t one[3];
    size_t n_one;

    while (*at < text.n) {
        size_t start = *at;
        if (is_base64(text.p[start])) {
            size_t end = run_end(text, start), n;
            struct tx_text run = {text.p + start, end - start};
            bool found = ((decode & TX_READ_HEX) && decode_hex(run, ret, &n)) ||
                         ((decode & TX_READ_BASE64) && decode_base64(run, ret, &n));
            while (end < text.n && text.p[end] == '=')
                end++;
            *at = end;
            if (found) {
                *ret_word = (struct tx_encoded){.start = start, .end = end, .n = n};
                return true;
            }
            continue;
        }
        /* \" and \/ alone hide nothing. */
        if ((text.p[start] == '%' || text.p[start] == '\\') &&
            unescape(text.p + start, text.n - start, decode, one, &n_one) > 2) {
            decode_escapes(text, decode, start, ret, ret_word);
            *at = ret_word->end;
            return true;
        }
        ++*at;
    }
    return false;
}

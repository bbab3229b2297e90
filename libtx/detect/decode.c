/* SPDX-License-Identifier: MIT */
#include "libtx/detect/decode.h"

#include <string.h>

#include "libtx/base/error.h"
#include "libtx/detect/detect.h"

/* Shorter ones hold nothing that a detector finds. */
#define BASE64_MIN 12
#define HEX_MIN 14

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* 16 more than the value; 0: none. */
static const uint8_t hex_values[256] = {
    ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21, ['6'] = 22, ['7'] = 23,
    ['8'] = 24, ['9'] = 25, ['a'] = 26, ['b'] = 27, ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31,
    ['A'] = 26, ['B'] = 27, ['C'] = 28, ['D'] = 29, ['E'] = 30, ['F'] = 31,
};

/* Negative: none. */
static int hex_value(char c) {
    return hex_values[(uint8_t)c] - 16;
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

/* Random bytes are out within a few, by the first that no text has: a control character, or one
 * that does not go on as UTF-8 does. Whether it is valid is seen at the end. */
enum state { START, ONE_MORE, TWO_MORE, THREE_MORE, OUT, N_STATES };
enum kind { TEXT, MORE, LEAD_2, LEAD_3, LEAD_4, NEVER, N_KINDS };

static const uint8_t next_state[N_STATES][N_KINDS] = {
    [START] = {START, OUT, ONE_MORE, TWO_MORE, THREE_MORE, OUT},
    [ONE_MORE] = {OUT, START, OUT, OUT, OUT, OUT},
    [TWO_MORE] = {OUT, ONE_MORE, OUT, OUT, OUT, OUT},
    [THREE_MORE] = {OUT, TWO_MORE, OUT, OUT, OUT, OUT},
    [OUT] = {OUT, OUT, OUT, OUT, OUT, OUT},
};

static inline enum kind kind_of(uint8_t c) {
    /* By the upper five bits; the two bytes that begin none among them, and what is a control
     * character, are out at the end. */
    static const uint8_t kinds[32] = {
        NEVER, TEXT, NEVER,  NEVER,  TEXT,   TEXT,   TEXT,   TEXT,   TEXT,   TEXT, TEXT,
        TEXT,  TEXT, TEXT,   TEXT,   TEXT,   MORE,   MORE,   MORE,   MORE,   MORE, MORE,
        MORE,  MORE, LEAD_2, LEAD_2, LEAD_2, LEAD_2, LEAD_3, LEAD_3, LEAD_4, NEVER};
    return (enum kind)kinds[c >> 3];
}
static inline enum state go_on(enum state state, uint8_t c) {
    return (enum state)next_state[state][kind_of(c)];
}

/* No control characters, and UTF-8. */
static bool is_text(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (is_control(p[i]))
            return false;
    return tx_utf8_valid((const char *)p, n);
}

static bool decode_hex(struct tx_text run, uint8_t *ret, size_t *ret_n) {
    enum state state = START;
    if (run.n < HEX_MIN || run.n % 2)
        return false;
    for (size_t i = 0; i < run.n && state != OUT; i += 2) {
        int high = hex_value(run.p[i]), low = hex_value(run.p[i + 1]);
        if ((high | low) < 0)
            return false;
        ret[i / 2] = (uint8_t)(high << 4 | low);
        state = go_on(state, ret[i / 2]);
    }
    *ret_n = run.n / 2;
    return state == START && is_text(ret, *ret_n);
}

static bool decode_base64(struct tx_text run, uint8_t *ret, size_t *ret_n) {
    enum state state = START;
    uint32_t bits = 0;
    size_t n = 0;
    if (run.n < BASE64_MIN || run.n % 4 == 1)
        return false;
    for (size_t i = 0; i < run.n && state != OUT; i++) {
        bits = bits << 6 | (base64_values[(uint8_t)run.p[i]] - 1u);
        if (i % 4 == 0)
            continue;
        ret[n] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
        state = go_on(state, ret[n++]);
    }
    *ret_n = n;
    return state == START && is_text(ret, n);
}

/* Whether the first bytes of what at least BASE64_MIN characters stand for can be text at all;
 * without a branch, since nobody can tell which. */
static inline bool may_be_hex(const char *p) {
    enum state state = START;
    int all = 0;
    for (size_t i = 0; i < 8; i += 2) {
        int high = hex_value(p[i]), low = hex_value(p[i + 1]);
        all |= high | low;
        state = go_on(state, (uint8_t)((unsigned)high << 4 | (unsigned)low));
    }
    return all >= 0 && state != OUT;
}
static inline bool may_be_base64(const char *p) {
    enum state state = START;
    for (size_t i = 0; i < 8; i += 4) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 4; k++)
            bits = bits << 6 | (base64_values[(uint8_t)p[i + k]] - 1u);
        state =
            go_on(go_on(go_on(state, (uint8_t)(bits >> 16)), (uint8_t)(bits >> 8)), (uint8_t)bits);
    }
    return state != OUT;
}

/* A path or words with dashes can have a word of base64 among them. So a run is tried as a whole,
 * then as what is between dashes, between slashes, and between any of them; each from its start. */
enum alphabet { WHOLE, NO_DASHES, NO_SLASHES, NEITHER, N_ALPHABETS };

static uint64_t class_of(const struct tx_bits *bits, size_t b, enum alphabet alphabet) {
    uint64_t alnum = bits->alnum[b], slashes = bits->slashes[b];
    switch (alphabet) {
    case WHOLE:
        return bits->base64[b];
    case NO_DASHES:
        return alnum | slashes;
    case NO_SLASHES:
        return bits->base64[b] & ~slashes;
    default:
        return alnum;
    }
}

static bool begins_run(const struct tx_coded *coded, size_t at, enum alphabet alphabet) {
    size_t i = coded->first + at - 1;
    return at == 0 || !(class_of(coded->bits, i / 64, alphabet) >> (i % 64) & 1);
}

static size_t run_end(const struct tx_coded *coded, size_t at, enum alphabet alphabet) {
    size_t i = coded->first + at, b = i / 64;
    uint64_t others = ~class_of(coded->bits, b, alphabet) & UINT64_MAX << (i % 64);
    while (!others)
        others = ~class_of(coded->bits, ++b, alphabet);
    return b * 64 + (size_t)__builtin_ctzll(others) - coded->first;
}

static bool take_run(struct tx_coded *coded, unsigned decode, size_t at, uint8_t *ret,
                     struct tx_encoded *ret_word) {
    size_t last = 0, n;
    const char *p = coded->text.p + at;

    coded->at = at + 1;
    if (!(decode & TX_READ_HEX) || !may_be_hex(p))
        decode &= ~(unsigned)TX_READ_HEX;
    if (!(decode & TX_READ_BASE64) || !may_be_base64(p))
        decode &= ~(unsigned)TX_READ_BASE64;
    if (!(decode & (TX_READ_HEX | TX_READ_BASE64)))
        return false;
    for (enum alphabet k = WHOLE; k < N_ALPHABETS; k++) {
        if (!begins_run(coded, at, k))
            continue;
        size_t end = run_end(coded, at, k);
        struct tx_text run = {p, end - at};
        if (end == last)
            continue;
        last = end;
        if (((decode & TX_READ_HEX) && decode_hex(run, ret, &n)) ||
            ((decode & TX_READ_BASE64) && decode_base64(run, ret, &n))) {
            while (end < coded->text.n && coded->text.p[end] == '=')
                end++;
            coded->at = end;
            *ret_word = (struct tx_encoded){.start = at, .end = end, .n = n};
            return true;
        }
    }
    return false;
}

static bool take_escape(struct tx_coded *coded, unsigned decode, size_t at, uint8_t *ret,
                        struct tx_encoded *ret_word) {
    uint8_t one[3];
    size_t n_one;

    coded->at = at + 1;
    /* \" and \/ alone hide nothing. */
    if (unescape(coded->text.p + at, coded->text.n - at, decode, one, &n_one) <= 2)
        return false;
    decode_escapes(coded->text, decode, at, ret, ret_word);
    coded->at = ret_word->end;
    return true;
}

/* The next anchor from coded->at on, or the end. */
static size_t next_place(const struct tx_coded *coded) {
    size_t i = coded->first + coded->at, end = coded->first + coded->text.n;
    uint64_t bits = coded->bits->coded[i / 64] & UINT64_MAX << (i % 64);
    for (i /= 64; !bits && (i + 1) * 64 < end;)
        bits = coded->bits->coded[++i];
    i = bits ? i * 64 + (size_t)__builtin_ctzll(bits) : end;
    return i < end ? i - coded->first : coded->text.n;
}

bool tx_decode_next(struct tx_coded *coded, unsigned decode, uint8_t *ret,
                    struct tx_encoded *ret_word) {
    for (;;) {
        size_t at = next_place(coded);
        if (at >= coded->text.n)
            return false;
        char c = coded->text.p[at];
        if (c == '%' || c == '\\' ? take_escape(coded, decode, at, ret, ret_word)
                                  : take_run(coded, decode, at, ret, ret_word))
            return true;
    }
}

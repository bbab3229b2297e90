/* SPDX-License-Identifier: MIT */
#include "libtx/detect/fold.h"

#include <string.h>

#include "libtx/base/error.h"

/* Zeros of the scripts that have decimal digits, ten in a row each (Unicode 15, category Nd). */
static const uint32_t zeros[] = {
    0x0660,  0x06f0,  0x07c0,  0x0966,  0x09e6,  0x0a66,  0x0ae6,  0x0b66,  0x0be6,  0x0c66,
    0x0ce6,  0x0d66,  0x0de6,  0x0e50,  0x0ed0,  0x0f20,  0x1040,  0x1090,  0x17e0,  0x1810,
    0x1946,  0x19d0,  0x1a80,  0x1a90,  0x1b50,  0x1bb0,  0x1c40,  0x1c50,  0xa620,  0xa8d0,
    0xa900,  0xa9d0,  0xa9f0,  0xaa50,  0xabf0,  0xff10,  0x104a0, 0x10d30, 0x11066, 0x110f0,
    0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2,
    0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950, 0x1fbf0,
};

/* Nobody sees them: category Cf, variation selectors, combining grapheme joiner. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},   {0x115f, 0x1160},
    {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},   {0x202a, 0x202e},
    {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},   {0xfff9, 0xfffb},   {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0001, 0xe0001}, {0xe0020, 0xe007f}, {0xe0100, 0xe01ef},
};

bool tx_fold_is_hidden(uint32_t c) {
    for (size_t i = 0; i < TX_COUNT_OF(hidden); i++)
        if (c <= hidden[i].last)
            return c >= hidden[i].first;
    return false;
}

/* Categories Zs, Zl and Zp. */
static bool is_space(uint32_t c) {
    return c == 0x00a0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x2800 || c == 0x3000;
}

bool tx_fold_is_mark(uint32_t c) {
    return (c >= 0x0300 && c <= 0x036f) || (c >= 0x20d0 && c <= 0x20ff);
}

static bool is_dash(uint32_t c) {
    return c == 0x058a || c == 0x05be || (c >= 0x2010 && c <= 0x2015) || c == 0x2043 ||
           c == 0x2212 || c == 0x2e3a || c == 0x2e3b || c == 0x301c || c == 0x3030 || c == 0xfe31 ||
           c == 0xfe32 || c == 0xfe58 || c == 0xfe63 || c == 0x30fc;
}

/* Letters that look like another one (Unicode's UTS 39, confusables.txt), by the code point. */
static const struct {
    uint16_t letter;
    char like;
} lookalikes[] = {
    {0x0391, 'A'}, {0x0392, 'B'}, {0x0395, 'E'}, {0x0396, 'Z'}, {0x0397, 'H'}, {0x0399, 'I'},
    {0x039a, 'K'}, {0x039c, 'M'}, {0x039d, 'N'}, {0x039f, 'O'}, {0x03a1, 'P'}, {0x03a4, 'T'},
    {0x03a5, 'Y'}, {0x03a7, 'X'}, {0x03b1, 'a'}, {0x03b3, 'y'}, {0x03b9, 'i'}, {0x03ba, 'k'},
    {0x03bd, 'v'}, {0x03bf, 'o'}, {0x03c1, 'p'}, {0x03c3, 'o'}, {0x03c5, 'u'}, {0x03f2, 'c'},
    {0x03f3, 'j'}, {0x03f9, 'C'}, {0x0405, 'S'}, {0x0406, 'I'}, {0x0408, 'J'}, {0x0410, 'A'},
    {0x0412, 'B'}, {0x0415, 'E'}, {0x041a, 'K'}, {0x041c, 'M'}, {0x041d, 'H'}, {0x041e, 'O'},
    {0x0420, 'P'}, {0x0421, 'C'}, {0x0422, 'T'}, {0x0423, 'Y'}, {0x0425, 'X'}, {0x0430, 'a'},
    {0x0435, 'e'}, {0x043a, 'k'}, {0x043e, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0443, 'y'},
    {0x0445, 'x'}, {0x0455, 's'}, {0x0456, 'i'}, {0x0458, 'j'}, {0x0474, 'V'}, {0x0475, 'v'},
    {0x04ae, 'Y'}, {0x04af, 'y'}, {0x04bb, 'h'}, {0x04c0, 'I'}, {0x04cf, 'l'}, {0x0501, 'd'},
    {0x050c, 'G'}, {0x051a, 'Q'}, {0x051b, 'q'}, {0x051c, 'W'}, {0x051d, 'w'},
};

static uint8_t lookalike(uint32_t c) {
    if (c < lookalikes[0].letter || c > lookalikes[TX_COUNT_OF(lookalikes) - 1].letter)
        return 0;
    for (size_t i = 0; i < TX_COUNT_OF(lookalikes); i++)
        if (c == lookalikes[i].letter)
            return (uint8_t)lookalikes[i].like;
    return 0;
}

/* The separator that it looks like; 0: none. */
static uint8_t separator(uint32_t c) {
    if (is_space(c))
        return ' ';
    if (is_dash(c))
        return '-';
    switch (c) {
    case 0x2024: /* one dot leader */
    case 0x3002:
    case 0xff61:
    case 0x00b7:
    case 0xfe52:
        return '.';
    case 0xfe6b:
        return '@';
    case 0xfe55:
    case 0x2236:
    case 0xa789:
        return ':';
    case 0x2044:
    case 0x2215:
        return '/';
    case 0x2018:
    case 0x2019:
        return '\'';
    case 0x201c:
    case 0x201d:
        return '"';
    default:
        return 0;
    }
}

/* Digits that are raised, lowered or in circles, as NFKC takes them. */
static uint8_t placed_digit(uint32_t c) {
    if (c >= 0x2080 && c <= 0x2089)
        return (uint8_t)('0' + (c - 0x2080));
    if (c == 0x2070 || (c >= 0x2074 && c <= 0x2079))
        return (uint8_t)('0' + (c - 0x2070));
    if (c >= 0x2460 && c <= 0x2468)
        return (uint8_t)('1' + (c - 0x2460));
    if (c == 0xb2 || c == 0xb3)
        return (uint8_t)('0' + (c - 0xb0));
    return c == 0xb9 ? '1' : c == 0x24ea ? '0' : 0;
}

/* A digit, or a full-width character. */
static uint8_t digit(uint32_t c) {
    if (c >= 0xff01 && c <= 0xff5e)
        return (uint8_t)(c - 0xff01 + '!');
    size_t low = 0, high = TX_COUNT_OF(zeros); /* the last one that is not greater */
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        *(c < zeros[middle] ? &high : &low) = middle;
    }
    return c >= zeros[low] && c < zeros[low] + 10 ? (uint8_t)('0' + (c - zeros[low]))
                                                  : placed_digit(c);
}

uint8_t tx_fold_likeness(uint32_t c, const struct tx_reading *reading) {
    uint8_t like = separator(c);
    if (!like && reading->digits)
        like = digit(c);
    if (!like && reading->confusables)
        like = lookalike(c);
    return like;
}

/* Most letters: of the ranges in which nothing has a likeness, and nothing is hidden. */
static bool is_plain(uint32_t c, const struct tx_reading *reading) {
    if (c < 0x0300)
        return c > 0x00b9;
    if (c < 0x058a)
        return c >= 0x0370 && !reading->confusables;
    return (c >= 0x3400 && c < 0xa620) || (c >= 0xac00 && c < 0xd7a4) ||
           (c >= 0x1f000 && c < 0x1fbf0);
}

bool tx_fold_needed(struct tx_text text) {
    size_t i = 0;
    uint64_t word;
    for (; i + 8 <= text.n; i += 8) {
        memcpy(&word, text.p + i, 8);
        if (word & UINT64_C(0x8080808080808080))
            return true;
    }
    for (; i < text.n; i++)
        if (text.p[i] & 0x80)
            return true;
    return false;
}

static size_t keep(const char *p, size_t at, size_t n_bytes, size_t n, uint8_t *ret,
                   uint32_t *ret_offsets) {
    for (size_t k = 0; k < n_bytes; k++, n++) {
        ret_offsets[n] = (uint32_t)(at + k);
        ret[n] = (uint8_t)p[at + k];
    }
    return n;
}

size_t tx_fold(struct tx_text text, const struct tx_reading *reading, uint8_t *ret,
               uint32_t *ret_offsets) {
    size_t n = 0, n_char;
    for (size_t i = 0; i < text.n; i += n_char) {
        n_char = (uint8_t)text.p[i] < 0x80 ? 1 : tx_utf8_char(text.p + i, text.n - i);
        uint32_t c = n_char > 1 ? tx_utf8_code(text.p + i, n_char) : 0;
        n_char += n_char == 0;
        if (c == 0 || is_plain(c, reading)) {
            n = keep(text.p, i, n_char, n, ret, ret_offsets);
            continue;
        }
        uint8_t like = tx_fold_likeness(c, reading);
        if (like) {
            ret_offsets[n] = (uint32_t)i;
            ret[n++] = like;
        } else if (!(reading->zero_width &&
                     (tx_fold_is_hidden(c) ||
                      (n > 0 && tx_fold_is_mark(c) && ret[n - 1] <= '9' && ret[n - 1] >= '0')))) {
            n = keep(text.p, i, n_char, n, ret, ret_offsets);
        }
    }
    ret_offsets[n] = (uint32_t)text.n;
    return n;
}

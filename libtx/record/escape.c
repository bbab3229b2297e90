/* SPDX-License-Identifier: MIT */
#include "libtx/record/escape.h"

/* Bytes in the output for one in the input; 0: the beginning of a longer character, or invalid. */
static const uint8_t sizes[256] = {
    6, 6, 6, 6, 6, 6, 6, 6, 2, 2, 2, 6, 2, 2, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6,
    1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

#define REPLACEMENT "\xef\xbf\xbd"

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

static inline uint64_t has_zero_byte(uint64_t word) {
    return (word - ONES) & ~word & HIGHS;
}

/* True when each of eight bytes stands for itself: 0x20 to 0x7f but quote and backslash. */
static inline bool all_plain(uint64_t word) {
    uint64_t below_space = (word - ONES * 0x20) & ~word;
    uint64_t quote = has_zero_byte(word ^ (ONES * '"'));
    uint64_t backslash = has_zero_byte(word ^ (ONES * '\\'));
    return !((word | below_space | quote | backslash) & HIGHS);
}

static inline uint64_t load(const char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    return word;
}

/* The same for all n bytes of a text: in words, the last of which overlaps. Most texts are short
 * and plain. False also when this is not told so fast. */
static bool is_plain(const char *p, size_t n) {
    uint64_t word = 0;

    if (n >= sizeof(word)) {
        for (size_t i = 0; i + sizeof(word) < n; i += sizeof(word))
            if (!all_plain(load(p + i)))
                return false;
        return all_plain(load(p + n - sizeof(word)));
    }
    if (n < 4)
        return false;
    uint32_t first, last;
    memcpy(&first, p, sizeof(first));
    memcpy(&last, p + n - sizeof(last), sizeof(last));
    return all_plain((uint64_t)first << 32 | last);
}

/* How many bytes from p on stand for themselves, valid characters of several bytes included. */
static size_t plain_run(const char *p, size_t n) {
    size_t i = 0;

    while (i < n) {
        if (n - i >= sizeof(uint64_t) && all_plain(load(p + i))) {
            i += sizeof(uint64_t);
            continue;
        }
        uint8_t size = sizes[(uint8_t)p[i]];
        size_t length = size == 0 ? tx_utf8_char(p + i, n - i) : size == 1;
        if (length == 0)
            break;
        i += length;
    }
    return i;
}

static void put_special(struct tx_buf *b, uint8_t c) {
    if (c >= 0x80)
        tx_buf_str(b, REPLACEMENT);
    else
        tx_buf_json(b, (const char *)&c, 1);
}

void tx_escape_put(struct tx_buf *b, struct tx_text text) {
    size_t at = 0;

    if (is_plain(text.p, text.n)) {
        tx_buf_put(b, text.p, text.n);
        return;
    }
    while (at < text.n) {
        size_t plain = plain_run(text.p + at, text.n - at);
        tx_buf_put(b, text.p + at, plain);
        at += plain;
        if (at < text.n)
            put_special(b, (uint8_t)text.p[at++]);
    }
}

/* The next character: its bytes in the input, and in the output. */
static size_t step(struct tx_text text, size_t at, size_t *ret_size) {
    uint8_t size = sizes[(uint8_t)text.p[at]];
    if (size != 0) {
        *ret_size = size;
        return 1;
    }
    size_t length = tx_utf8_char(text.p + at, text.n - at);
    *ret_size = length ? length : sizeof(REPLACEMENT) - 1;
    return length ? length : 1;
}

size_t tx_escape_size(struct tx_text text) {
    size_t total = 0;

    for (size_t at = 0; at < text.n;) {
        size_t size;
        at += step(text, at, &size);
        total += size;
    }
    return total;
}

size_t tx_escape_fitting(struct tx_text text, size_t room) {
    size_t at = 0;

    while (at < text.n) {
        size_t size;
        size_t length = step(text, at, &size);
        if (size > room)
            break;
        room -= size;
        at += length;
    }
    return at;
}

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

/* Sixteen bytes at once, in whatever registers the processor has for that. */
typedef int8_t block __attribute__((vector_size(16)));

static inline block load_block(const char *p) {
    block v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* -1 for each byte that does not stand for itself: those of longer characters are negative. */
static inline block special(block v) {
    return (v < 0x20) | (v == '"') | (v == '\\');
}

static inline bool is_zero(block v) {
    uint64_t words[2];
    memcpy(words, &v, sizeof(words));
    return !(words[0] | words[1]);
}

/* The same for all n bytes of a text: in blocks or words, the last of which overlaps. Most texts
 * are short and plain. */
static inline bool is_plain(const char *p, size_t n) {
    if (n >= sizeof(block)) {
        block found = special(load_block(p + n - sizeof(block)));
        for (size_t i = 0; i + sizeof(block) < n; i += sizeof(block))
            found |= special(load_block(p + i));
        return is_zero(found);
    }
    if (n >= sizeof(uint64_t))
        return all_plain(load(p)) && all_plain(load(p + n - sizeof(uint64_t)));
    if (n >= 4) {
        uint32_t first, last;
        memcpy(&first, p, sizeof(first));
        memcpy(&last, p + n - sizeof(last), sizeof(last));
        return all_plain((uint64_t)first << 32 | last);
    }
    bool plain = true;
    for (size_t i = 0; i < n; i++)
        plain = plain && sizes[(uint8_t)p[i]] == 1;
    return plain;
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

void tx_escape_put_quoted(struct tx_buf *b, struct tx_text text) {
    uint8_t *to;

    if (!is_plain(text.p, text.n)) {
        tx_buf_char(b, '"');
        tx_escape_put(b, text);
        tx_buf_char(b, '"');
    } else if ((to = tx_buf_reserve(b, text.n + 2))) {
        to[0] = '"';
        if (text.n)
            memcpy(to + 1, text.p, text.n);
        to[text.n + 1] = '"';
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

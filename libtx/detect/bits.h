/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_BITS_H
#define TX_DETECT_BITS_H

/*
 * A text as bitmaps: bit i of each says whether its byte i is of a class of characters, or whether
 * something may begin there. classify.h fills the classes and anchors.h the places. In front of the
 * first word of 64 bits lies one without any, and TX_BITS_BEHIND behind the last, so that every run
 * ends and a vector can be loaded anywhere.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TX_BITS_BEHIND 9

struct tx_bits {
    /* Classes. The first four are asked for by whoever looks around a place. */
    uint64_t *digit, *alnum;
    uint64_t *hex;    /* 0-9 a-f A-F */
    uint64_t *base64; /* letters, digits, + / - _ */
    uint64_t *colon, *dot;
    uint64_t *gap;     /* space and dash */
    uint64_t *opener;  /* + ( */
    uint64_t *rare;    /* @ < */
    uint64_t *slashes; /* + / */
    uint64_t *escape;  /* % & and backslash */
    uint64_t *upper;   /* A-Z */
    uint64_t *literal; /* may begin one of the literals of literals.h */
    uint64_t *high;    /* past ASCII */
    uint64_t *scheme;  /* may begin the name of an authorization scheme */
    /* Places. */
    uint64_t *anchor; /* what begins is known by the character itself */
    uint64_t *card;   /* digits, with gaps or without */
    uint64_t *word;   /* behind a word that has a digit */
    uint64_t *begin;  /* a word of letters, of which phrases are made */
    uint64_t *joined; /* behind a word with a letter and one separator in front of it */
    uint64_t *coded;  /* an escape, or a run that may be base64 or hex */
};
#define TX_BITS_MAPS (sizeof(struct tx_bits) / sizeof(uint64_t *))
#define TX_BITS_CLASSES (offsetof(struct tx_bits, anchor) / sizeof(uint64_t *))

/* For texts of up to n bytes. */
static inline size_t tx_bits_words(size_t n) {
    return TX_BITS_MAPS * (1 + n / 64 + 1 + TX_BITS_BEHIND);
}
static inline void tx_bits_init(struct tx_bits *bits, uint64_t *words, size_t n) {
    uint64_t **maps = (uint64_t **)bits;
    for (size_t i = 0; i < TX_BITS_MAPS; i++, words += 1 + n / 64 + 1 + TX_BITS_BEHIND) {
        words[0] = 0;
        maps[i] = words + 1;
    }
}

/* Of the b-th word of a map, which has some of [from, to] in it, those bits that are in [from, to).
 */
static inline uint64_t tx_bits_within(size_t b, size_t from, size_t to) {
    uint64_t within = UINT64_MAX;
    if (b * 64 < from)
        within = b == from / 64 ? within << (from % 64) : 0;
    if (b == to / 64)
        within &= ~(UINT64_MAX << (to % 64));
    return within;
}

static inline bool tx_bit(const uint64_t *map, size_t i) {
    return map[i / 64] >> (i % 64) & 1;
}

/* The end of the run that a map has from i on; i when there is none. */
static inline size_t tx_run_end(const uint64_t *map, size_t i) {
    size_t b = i / 64;
    uint64_t others = ~map[b] >> (i % 64);
    if (others)
        return i + (size_t)__builtin_ctzll(others);
    do
        others = ~map[++b];
    while (!others);
    return b * 64 + (size_t)__builtin_ctzll(others);
}

/* Where the run begins that ends before i, which is not 0. */
static inline size_t tx_run_start(const uint64_t *map, size_t i) {
    size_t b = (i - 1) / 64;
    uint64_t others = ~map[b] << (63 - (i - 1) % 64);
    if (others)
        return i - (size_t)__builtin_clzll(others);
    while (b > 0) {
        others = ~map[--b];
        if (others)
            return b * 64 + 64 - (size_t)__builtin_clzll(others);
    }
    return 0;
}

/* How many of [from, to) are set. */
static inline size_t tx_bits_count(const uint64_t *map, size_t from, size_t to) {
    size_t n = 0;
    for (size_t b = from / 64; b <= to / 64; b++)
        n += (size_t)__builtin_popcountll(map[b] & tx_bits_within(b, from, to));
    return n;
}

/* Which of the n <= 63 bytes from i on are set. */
static inline uint64_t tx_bits_of(const uint64_t *map, size_t i, size_t n) {
    const uint64_t *word = &map[i / 64];
    uint64_t bits = word[0] >> (i % 64) | word[1] << 1 << (63 - i % 64);
    return bits & ((UINT64_C(1) << n) - 1);
}

#endif

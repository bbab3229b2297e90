/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_PHRASES_H
#define TX_DETECT_PHRASES_H

/*
 * The words and phrases of all detectors' contexts, each once, and how they are found in a text: by
 * its first four bytes, or fewer when it is shorter. Bit 5 of each is set, which takes the case
 * away (also of the letters of Latin-1), and some characters are taken for each other; whoever is
 * found is compared.
 */

#include <string.h>

#include "libtx/detect/detect.h"

#define TX_PHRASES_MAX 4096
#define TX_PHRASE_BYTES_MAX 64
#define TX_PHRASE_KEY 4
#define TX_PHRASE_BUCKETS 8192
#define TX_PHRASE_FILTER_BITS 15

struct tx_phrase {
    const char *p;
    uint8_t n;
    bool is_prefix; /* `*` at its end */
    struct tx_detector_set detectors;
};

/* A phrase with a space among its first bytes has several keys. */
struct tx_phrase_entry {
    uint32_t key, more, more_mask; /* the key, and what must stand in the four bytes behind it */
    uint16_t phrase, next;         /* index; 1 + index of the next entry of the bucket */
    uint8_t n_key;
};

struct tx_phrases {
    size_t n, n_entries;
    struct tx_phrase phrase[TX_PHRASES_MAX];
    struct tx_phrase_entry entry[2 * TX_PHRASES_MAX];
    uint16_t first[TX_PHRASE_BUCKETS]; /* by the key: 1 + the index of its first entry */
    /* By another, longer hash: of four bytes, whether there is such a key; of three, whether there
     * is one or a shorter key whose phrase can stand so. */
    uint64_t four[(1 << TX_PHRASE_FILTER_BITS) / 64];
    uint64_t three[(1 << TX_PHRASE_FILTER_BITS) / 64];
};

/* Borrowed, for ever. */
const struct tx_phrases *tx_phrases(void);

/* The first four bytes at p, of n. */
static inline uint32_t tx_phrase_key(const uint8_t *p, size_t n) {
    uint32_t key = 0;
    if (n >= TX_PHRASE_KEY)
        memcpy(&key, p, TX_PHRASE_KEY);
    else
        for (size_t i = 0; i < n; i++)
            key |= (uint32_t)p[i] << (8 * i);
    return key | 0x20202020u;
}

/* The first `n` bytes of a key. */
static inline uint32_t tx_phrase_short(uint32_t key, unsigned n) {
    return key << (8 * (TX_PHRASE_KEY - n));
}
static inline uint32_t tx_phrase_bucket(uint32_t key) {
    return key * 0x9e3779b1u >> 19;
}
static inline uint32_t tx_phrase_bit(uint32_t key) {
    return key * 0x9e3779b1u >> (32 - TX_PHRASE_FILTER_BITS);
}

static inline bool tx_phrase_has_four(const struct tx_phrases *phrases, uint32_t key) {
    uint32_t bit = tx_phrase_bit(key);
    return phrases->four[bit / 64] >> (bit % 64) & 1;
}

/* Whether some phrase may begin so at p, of n bytes: seldom for other words. A capital may end a
 * word of two letters: idNo. What begins past ASCII may. */
static inline bool tx_phrase_may_begin(const struct tx_phrases *phrases, uint32_t key,
                                       const uint8_t *p, size_t n) {
    uint32_t three = tx_phrase_bit(tx_phrase_short(key, 3));
    bool hump = n > 2 && (uint8_t)(p[2] - 'A') < 26 && (uint8_t)(p[1] - 'a') < 26;
    return tx_phrase_has_four(phrases, key) | (phrases->three[three / 64] >> (three % 64) & 1) |
           hump | (key >> 7 & 1);
}

/* Where the phrase at p[at] ends, of n bytes; 0 when it is not there. A space in it is any joint,
 * or none: taxId. */
size_t tx_phrase_end(const struct tx_phrase *phrase, const uint8_t *p, size_t n, size_t at);

/* Whether a word of such a phrase can begin at p[at]: behind what is no letter, nor digit, or with
 * a capital behind a small letter. */
bool tx_phrase_begins(const uint8_t *p, size_t at);

#endif

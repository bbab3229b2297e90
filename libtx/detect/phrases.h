/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_PHRASES_H
#define TX_DETECT_PHRASES_H

/*
 * The words and phrases of all detectors' contexts, each once, and how they are found in a text: by
 * its first four bytes, or fewer when it is shorter. Bit 5 of each is set, which takes the case
 * away (also of the letters of Latin-1), and some characters are taken for each other; whoever is
 * found is compared.
 */

#include <endian.h>
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
     * is one or a shorter key whose phrase can stand so, and goes on; or is a whole word. */
    uint64_t four[(1 << TX_PHRASE_FILTER_BITS) / 64];
    uint64_t three[(1 << TX_PHRASE_FILTER_BITS) / 64];
    uint64_t whole[(1 << TX_PHRASE_FILTER_BITS) / 64];
    uint8_t may_follow[256]; /* 1: such a byte may stand behind a word of three */
};

/* Borrowed, for ever. */
const struct tx_phrases *tx_phrases(void);

/* The first four bytes at p, of n, the first one lowest; and as a key. */
static inline uint32_t tx_phrase_bytes(const uint8_t *p, size_t n) {
    uint32_t bytes = 0;
    if (n < TX_PHRASE_KEY) {
        for (size_t i = 0; i < n; i++)
            bytes |= (uint32_t)p[i] << (8 * i);
        return bytes;
    }
    memcpy(&bytes, p, TX_PHRASE_KEY);
    return le32toh(bytes);
}
static inline uint32_t tx_phrase_key(const uint8_t *p, size_t n) {
    return tx_phrase_bytes(p, n) | 0x20202020u;
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

static inline bool tx_phrase_is_in(const uint64_t *filter, uint32_t key) {
    uint32_t bit = tx_phrase_bit(key);
    return filter[bit / 64] >> (bit % 64) & 1;
}

/* Lengths of keys, as bits, by which a phrase may be found that begins so: seldom any for other
 * words. `bytes` are the first four; 0 where there are none. A capital may end a word of two
 * letters: idNo. What begins past ASCII may be anything. */
#define TX_PHRASE_KEYS_SHORT 14 /* of one to three bytes */
static inline unsigned tx_phrase_keys(const struct tx_phrases *phrases, uint32_t bytes) {
    uint32_t key = bytes | 0x20202020u, three = tx_phrase_short(key, 3);
    bool hump = (uint8_t)((bytes >> 16) - 'A') < 26 && (uint8_t)((bytes >> 8) - 'a') < 26;
    bool is_short = tx_phrase_is_in(phrases->three, three) | hump | (bytes >> 7 & 1) |
                    (tx_phrase_is_in(phrases->whole, three) & phrases->may_follow[bytes >> 24]);
    return (unsigned)tx_phrase_is_in(phrases->four, key) << TX_PHRASE_KEY |
           (is_short ? TX_PHRASE_KEYS_SHORT : 0);
}

/* Where the phrase at p[at] ends, of n bytes; 0 when it is not there. A space in it is any joint,
 * or none: taxId. */
size_t tx_phrase_end(const struct tx_phrase *phrase, const uint8_t *p, size_t n, size_t at);

/* Whether a word of such a phrase can begin at p[at]: behind what is no letter, nor digit, or with
 * a capital behind a small letter. */
bool tx_phrase_begins(const uint8_t *p, size_t at);

#endif

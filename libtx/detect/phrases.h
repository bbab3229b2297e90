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
#define TX_PHRASE_LONGEST 46 /* of those that there are */
#define TX_PHRASE_KEY 4
#define TX_PHRASE_BUCKETS 8192
#define TX_PHRASE_FILTER_BITS 11

struct tx_phrase {
    const char *p;
    uint8_t n;
    bool is_prefix; /* `*` at its end */
    struct tx_detector_set detectors;
};

/* Words of a text that are looked at at once. */
#define TX_PHRASE_PLACES 256

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
    /* For a first look: by the first three bytes, which folded ones can stand behind them. */
    uint8_t fold[256];
    uint32_t after_three[1 << TX_PHRASE_FILTER_BITS];
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
/* --- a first look --- */

/* What stands behind three bytes: letters count without their case, digits are all alike, and so is
 * what is past ASCII. */
enum tx_phrase_fold {
    TX_PHRASE_NO_PART, /* of a word */
    TX_PHRASE_A,       /* and the other letters */
    TX_PHRASE_DIGIT = TX_PHRASE_A + 26,
    TX_PHRASE_HIGH,
};

/* Of the first three bytes of a word, as in a key; the third is a space when it is no part of a
 * word, which `is_two` says. */
static inline uint32_t tx_phrase_slot(uint32_t bytes, bool is_two) {
    uint32_t three = (bytes | 0x202020u) & ~(is_two * UINT32_C(0xdf0000));
    return (three << 8) * 0x9e3779b1u >> (32 - TX_PHRASE_FILTER_BITS);
}

/* Whether a phrase may be found that begins so: seldom for other words. `bytes` are the first four;
 * 0 where there are none. What begins past ASCII may be anything; and that a capital may end a
 * short word is not asked here. */
static inline bool tx_phrase_may_begin(const struct tx_phrases *phrases, uint32_t bytes,
                                       bool is_two) {
    uint32_t after = phrases->after_three[tx_phrase_slot(bytes, is_two)];
    return (after >> phrases->fold[bytes >> 24] & 1) | (bytes >> 7 & 1);
}

/* Where the phrase at p[at] ends, of n bytes; 0 when it is not there. A space in it is any joint,
 * or none: taxId. */
size_t tx_phrase_end(const struct tx_phrase *phrase, const uint8_t *p, size_t n, size_t at);

/* Whether a word of such a phrase can begin at p[at]: behind what is no letter, nor digit, or with
 * a capital behind a small letter. */
bool tx_phrase_begins(const uint8_t *p, size_t at);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_SCAN_H
#define TX_MASK_SCAN_H

/*
 * What the detectors share: the text, how far each has come, character classes. A detector is a
 * function from an anchor's place to claims; `done` marks keep its walks from covering the same
 * bytes again and again.
 */

#include <string.h>

#include "libtx/mask/detect.h"

struct tx_scan {
    const uint8_t *p;
    size_t n;
    unsigned wanted;
    struct tx_spans *spans;
    /* The last word that was looked at as a whole, for tx_scan_in_hex_word. */
    size_t word_start, word_end;
    bool word_is_hex;
    /* Up to where each of these has looked. */
    size_t ipv6_done, jwt_done, bearer_done, basic_done, private_key_done, password_done;
};

static inline bool tx_scan_wants(const struct tx_scan *s, enum tx_detector detector) {
    return s->wanted & TX_DETECT_BIT(detector);
}

/* The byte at i, or 0 outside the text (a byte that no detector takes for part of anything). */
static inline uint8_t tx_scan_at(const struct tx_scan *s, size_t i) {
    return i < s->n ? s->p[i] : 0;
}
/* The byte before i. */
static inline uint8_t tx_scan_before(const struct tx_scan *s, size_t i) {
    return i > 0 ? s->p[i - 1] : 0;
}

static inline bool tx_is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}
static inline bool tx_is_letter(uint8_t c) {
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
static inline bool tx_is_alnum(uint8_t c) {
    return tx_is_digit(c) || tx_is_letter(c);
}
static inline bool tx_is_hex(uint8_t c) {
    return tx_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}
static inline bool tx_is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline uint8_t tx_lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}
/* base64url, as JWTs use it */
static inline bool tx_is_base64url(uint8_t c) {
    return tx_is_alnum(c) || c == '-' || c == '_';
}

/* Whether `word` (lower case) stands at i, in any case of letters. */
bool tx_scan_is_word(const struct tx_scan *s, size_t i, const char *word);

void tx_scan_claim(struct tx_scan *s, enum tx_detector detector, size_t start, size_t end);

/* Whether [start, end), digits only, is a part of a longer word of nothing but hex digits: an
 * identifier or a digest. */
bool tx_scan_in_hex_word(struct tx_scan *s, size_t start, size_t end);

/* One for each anchor. `at` is the anchor's place. */
void tx_detect_email(struct tx_scan *s, size_t at);       /* '@' */
void tx_detect_ipv6(struct tx_scan *s, size_t at);        /* ':' */
void tx_detect_password(struct tx_scan *s, size_t at);    /* ':' or '=' */
void tx_detect_jwt(struct tx_scan *s, size_t at);         /* 'J' */
void tx_detect_bearer(struct tx_scan *s, size_t at);      /* 'b' or 'B' */
void tx_detect_private_key(struct tx_scan *s, size_t at); /* 'B' */
/* A run of digits [at, end). */
void tx_detect_card(struct tx_scan *s, size_t at, size_t end);
void tx_detect_iban(struct tx_scan *s, size_t at, size_t end);
void tx_detect_ssn(struct tx_scan *s, size_t at, size_t end);
void tx_detect_ipv4(struct tx_scan *s, size_t at, size_t end);

#endif

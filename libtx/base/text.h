/* SPDX-License-Identifier: MIT */
#ifndef TX_BASE_TEXT_H
#define TX_BASE_TEXT_H

/*
 * Reading small textual forms strictly: hex, base64, decimal numbers, RFC 3339. Each has exactly
 * one accepted spelling, so that what is read and written anew is byte for byte the same.
 */

#include <stdbool.h>

#include "libtx/base/error.h"

/* A borrowed piece of text or bytes; not NUL-terminated. */
struct tx_text {
    const char *p;
    size_t n;
};

#define TX_TEXT(literal) ((struct tx_text){.p = (literal), .n = sizeof(literal) - 1})

bool tx_text_equal(struct tx_text a, struct tx_text b);
bool tx_text_starts(struct tx_text text, struct tx_text prefix);

/* Lower-case hex of exactly n bytes. -EBADMSG. */
TX_MUST_USE int tx_hex_decode(struct tx_text text, uint8_t *ret_bytes, size_t n);

/* 8-4-4-4-12 lower-case hex digits. -EBADMSG. */
TX_MUST_USE int tx_uuid_decode(struct tx_text text, uint8_t ret_id[16]);

/* Canonical base64 with padding; zero pad bits, no white space. *ret_n is the decoded length.
 * -EBADMSG when malformed, -ENOBUFS when it is longer than cap. */
TX_MUST_USE int tx_base64_decode(struct tx_text text, uint8_t *ret_bytes, size_t cap,
                                 size_t *ret_n);

/* The value of a digit of base64url (RFC 4648 section 5), or -1. */
int tx_base64url_digit(char c);
/* Without padding; likewise. */
TX_MUST_USE int tx_base64url_decode(struct tx_text text, uint8_t *ret_bytes, size_t cap,
                                    size_t *ret_n);

/* Decimal digits without sign or leading zeros. -EBADMSG, -ERANGE past UINT64_MAX. */
TX_MUST_USE int tx_dec_decode(struct tx_text text, uint64_t *ret);

/* The form that tx_buf_time writes (nine digits of a second, Z) and the shorter ones of RFC 3339
 * with 0 to 9 digits; other offsets than Z are taken too. -EBADMSG, -ERANGE outside 1677 to 2262.
 */
TX_MUST_USE int tx_time_decode(struct tx_text text, int64_t *ret_unix_ns);

/* Length of the valid UTF-8 character at p (1 to 4), or 0: overlong forms, surrogates, more than
 * U+10FFFF, and cut characters are not valid (Unicode, Table 3-7). n >= 1. */
size_t tx_utf8_char(const char *p, size_t n);
bool tx_utf8_valid(const char *p, size_t n);

/* The code point of a valid character of n bytes. */
static inline uint32_t tx_utf8_code(const char *p, size_t n) {
    uint32_t c = n == 1 ? (uint8_t)p[0] : (uint8_t)p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((uint8_t)p[i] & 0x3fu);
    return c;
}

/* The bytes of a code point up to U+10FFFF; how many they are. */
size_t tx_utf8_put(uint32_t c, char ret[4]);

#endif

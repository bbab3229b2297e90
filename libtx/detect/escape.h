/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_ESCAPE_H
#define TX_DETECT_ESCAPE_H

/*
 * One character that is written as several: %40, %u0040, \u0040, \u{40}, \U00000040, \x40, &#64;,
 * &#x40; and some of HTML's names. It knows nothing of what stands around it.
 */

#include "libtx/base/text.h"

/* How many bytes of the n at p are one such character of the encodings in `decode`
 * (tx_reading_decode), with the *ret_n bytes (at most 4, and never more than it takes) that it
 * stands for; 0: none is there. */
size_t tx_escape_read(const char *p, size_t n, unsigned decode, uint8_t ret[4], size_t *ret_n);

/* 16 more than the value; 0: none. */
extern const uint8_t tx_hex_values[256];
/* 0 to 15; negative: no hex digit. */
static inline int tx_hex_value(char c) {
    return tx_hex_values[(uint8_t)c] - 16;
}

#endif

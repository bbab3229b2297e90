/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_DECODE_H
#define TX_DETECT_DECODE_H

/*
 * Words that are written in another way: percent signs (RFC 3986), JSON's escapes (RFC 8259),
 * base64 (RFC 4648, both alphabets) and hex. What they say is found by decoding them; what is found
 * there claims the word as a whole.
 */

#include <stdbool.h>
#include <stdint.h>

#include "libtx/base/text.h"

struct tx_encoded {
    size_t start, end; /* in the text */
    size_t n;          /* bytes that were decoded into `ret` */
};

/* The next encoded word from *at on, of the encodings in `decode` (tx_reading_decode); *at is then
 * behind it. `ret` has room for text.n bytes. False when there is none. What decodes to anything
 * but text is passed by. */
bool tx_decode_next(struct tx_text text, unsigned decode, size_t *at, uint8_t *ret,
                    struct tx_encoded *ret_word);

#endif

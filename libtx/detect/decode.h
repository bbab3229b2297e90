/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_DECODE_H
#define TX_DETECT_DECODE_H

/*
 * Words that are written in another way: percent signs (RFC 3986, with HTML's plus sign for a
 * space), escapes of JSON and programs, entities of HTML, base64 (RFC 4648, both alphabets, also in
 * lines) and hex. What they say is found by decoding them; what is found
 * there claims the word as a whole.
 */

#include "libtx/base/text.h"
#include "libtx/detect/bits.h"

struct tx_encoded {
    size_t start, end; /* in the text */
    size_t n;          /* bytes that were decoded into `ret` */
    bool is_mixed;     /* not all of them were encoded, and tx_coded.origins was filled */
};

/* A text with its anchors, and how far it was looked through. */
struct tx_coded {
    struct tx_text text;
    const struct tx_bits *bits;
    size_t first; /* the text's first bit in them */
    size_t at;
    uint32_t *origins; /* room for text.n + 1: where each decoded byte begins in the text */
    size_t words_done; /* up to here, words with escapes were decoded */
    size_t lines_done; /* up to here, lines of base64 were joined before */
};

/* The next encoded word, of the encodings in `decode` (tx_reading_decode). `ret` has room for
 * text.n bytes. False when there is none. What decodes to anything but text is passed by. */
bool tx_decode_next(struct tx_coded *coded, unsigned decode, uint8_t *ret,
                    struct tx_encoded *ret_word);

#endif

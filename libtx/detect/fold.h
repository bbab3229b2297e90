/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_FOLD_H
#define TX_DETECT_FOLD_H

/*
 * The same text as somebody reads it: digits of all scripts and full-width characters as ASCII,
 * spaces and dashes of all sorts as ' ' and '-', what nobody sees left out. So 4111 in Arabic
 * digits, with zero-width joiners between them, is 4111. Letters stay as they are, unless those of
 * other scripts that look like Latin ones are asked for.
 */

#include <stdbool.h>
#include <stdint.h>

#include "libtx/base/text.h"
#include "libtx/detect/detect.h"

/* A character's ASCII likeness; 0: none. */
uint8_t tx_fold_likeness(uint32_t c, const struct tx_reading *reading);
/* Nobody sees it. */
bool tx_fold_is_hidden(uint32_t c);
/* It stands above or around the character before it. */
bool tx_fold_is_mark(uint32_t c);

/* Whether there is anything to fold: a byte that is not ASCII. */
bool tx_fold_needed(struct tx_text text);

/* Writes the folded text, which is never longer, and for each of its bytes (and its end) where that
 * stood. `ret` has room for text.n bytes, `ret_offsets` for one more. Returns its length. */
size_t tx_fold(struct tx_text text, const struct tx_reading *reading, uint8_t *ret,
               uint32_t *ret_offsets);

#endif

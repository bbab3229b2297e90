/* SPDX-License-Identifier: MIT */
#ifndef TX_CTL_TOKEN_H
#define TX_CTL_TOKEN_H

/*
 * Finding in a text what looks like an encrypted value: txe1:<ref>:<nonce>:<sealed> (docs/format.md
 * section 8). Nothing marks its end: what stands behind it may be read as more of `sealed`, so the
 * vault alone can tell how long it is.
 */

#include "libtx/base/text.h"

/* Up to the last character that it could have, of the token that begins at `at`; 0: none does. */
size_t tx_token_longest(struct tx_text text, size_t at);

/* Of lengths below `n`, the next one that its token can have; 0: there are no more. */
size_t tx_token_shorter(struct tx_text token, size_t n);

uint32_t tx_token_count(struct tx_text text);

#endif

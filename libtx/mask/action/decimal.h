/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_DECIMAL_H
#define TX_MASK_DECIMAL_H

/*
 * Decimal numbers in fixed point, so that 0.3 is in the bucket that begins at 0.3 and 0.285 is
 * rounded as somebody would do it on paper. It reads what JSON allows and a leading '+', no
 * infinities and no separators of thousands.
 */

#include <stdbool.h>

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

#define TX_DECIMAL_PLACES 18
#define TX_DECIMAL_ONE ((tx_int128)1000000000000000000)

__extension__ typedef __int128 tx_int128;

struct tx_decimal {
    tx_int128 v;   /* times 10^18, towards zero */
    bool negative; /* also -0.0…01, which is 0 here */
    bool more;     /* digits other than zero behind the 18th place */
};

/* How many bytes of the text's beginning are a number, or 0. */
size_t tx_decimal_length(struct tx_text text);

/* The whole text. False when it is no number, or one of 10^18 or more; *ret is used all the same.
 * The caller wipes it. */
bool tx_decimal_parse(struct tx_text text, struct tx_decimal *ret);

/* The largest number of 18 places that is not larger. */
tx_int128 tx_decimal_floor(const struct tx_decimal *d);

/* With `digits` places, halves away from zero. */
tx_int128 tx_decimal_round(const struct tx_decimal *d, unsigned digits);

/* -0.5, 100: as few digits as say it. |v| < 2 * 10^36. */
void tx_decimal_put(tx_int128 v, struct tx_buf *b);

#endif

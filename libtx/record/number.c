/* SPDX-License-Identifier: MIT */
#include "libtx/record/number.h"

#include <math.h>
#include <stdio.h>

/* A whole number that a double holds exactly, and %g would not write with an exponent. */
static bool is_short_whole(double v) {
    return v >= -999999999.0 && v <= 999999999.0 && v == (double)(int64_t)v &&
           !(v == 0 && signbit(v));
}

void tx_buf_f64(struct tx_buf *b, double v) {
    char text[TX_NUMBER_F64_BYTES];

    if (isnan(v)) {
        tx_buf_str(b, "\"NaN\"");
        return;
    }
    if (isinf(v)) {
        tx_buf_str(b, v < 0 ? "\"-Infinity\"" : "\"Infinity\"");
        return;
    }
    if (is_short_whole(v)) {
        tx_buf_dec_signed(b, (int64_t)v);
        return;
    }
    /* Up to 15 digits survive the way to a double and back, so 15 gives the shortest form, were it
     * not for the subnormal ones, which hold fewer. */
    for (int digits = fpclassify(v) == FP_SUBNORMAL ? 1 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (digits == 17 || strtod(text, NULL) == v)
            break;
    }
    tx_buf_str(b, text);
}

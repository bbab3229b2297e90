/* SPDX-License-Identifier: MIT */
#ifndef TX_RECORD_NUMBER_H
#define TX_RECORD_NUMBER_H

/*
 * A double as JSON (docs/format.md section 4): the fewest significant digits that read back the
 * same, in the manner of C's %g (1, 0.1, 1e+20, -0); NaN and the infinities are the strings "NaN",
 * "Infinity" and "-Infinity". The process must be in the C locale for numbers, as
 * it is unless it calls setlocale(3).
 */

#include "libtx/base/buf.h"

#define TX_NUMBER_F64_BYTES 32 /* at most so many */

void tx_buf_f64(struct tx_buf *b, double v);

#endif

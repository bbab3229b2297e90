/* SPDX-License-Identifier: MIT */
#include "libtx/detect/classify.h"

/* The twin of classify-avx2.c for other architectures. */

const struct tx_classifier *tx_classify_fast(void) {
    return NULL;
}

/* SPDX-License-Identifier: MIT */
#include "libtx/detect/classify.h"

/* The twin of classify-avx2.c and classify-avx512.c for other architectures. */

const struct tx_classifier *tx_classify_avx2(void) {
    return NULL;
}

const struct tx_classifier *tx_classify_avx512(void) {
    return NULL;
}

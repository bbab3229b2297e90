/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_GROW_H
#define TX_PATTERN_GROW_H

/*
 * Arrays that grow while a pattern is compiled; the limits that bound them are their users'.
 */

#include <stdlib.h>

#include "libtx/base/error.h"

/* Makes room for `need` elements of `size` bytes in *array, which is a pointer to a pointer.
 * -ENOMEM leaves everything as it was. */
static inline TX_MUST_USE int tx_grow(void *array, size_t *cap, size_t need, size_t size) {
    void **p = array;
    size_t want = *cap ? *cap : 8;
    if (need <= *cap)
        return 0;
    while (want < need)
        want *= 2;
    void *grown = reallocarray(*p, want, size);
    if (!grown)
        return -ENOMEM;
    *p = grown;
    *cap = want;
    return 0;
}

#endif

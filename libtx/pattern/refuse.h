/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_REFUSE_H
#define TX_PATTERN_REFUSE_H

/*
 * Saying why a pattern is refused.
 */

#include <stdarg.h>
#include <stdio.h>

#include "libtx/pattern/pattern.h"

TX_PRINTF(3, 4)
static inline int tx_refuse(struct tx_pattern_error *error, size_t at, const char *format, ...) {
    va_list arguments;
    error->at = at;
    va_start(arguments, format);
    vsnprintf(error->reason, sizeof(error->reason), format, arguments);
    va_end(arguments);
    return TX_PATTERN_E_REFUSED;
}

#endif

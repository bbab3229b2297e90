/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_PATTERN_CHECK_H
#define TX_TEST_PATTERN_CHECK_H

/* A pattern that a test says can be compiled. */

#include <check.h>
#include <string.h>

#include "libtx/pattern/pattern.h"

static inline struct tx_text text_of(const char *p) {
    return (struct tx_text){p, strlen(p)};
}

static inline struct tx_pattern *compile(const char *text, struct tx_pattern_options options) {
    struct tx_pattern *pattern = NULL;
    struct tx_pattern_error error;
    int r = tx_pattern_new(text_of(text), &options, &error, &pattern);
    ck_assert_msg(r == 0, "%s: %d, %zu: %s", text, r, error.at, error.reason);
    return pattern;
}

#endif

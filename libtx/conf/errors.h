/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_ERRORS_H
#define TX_CONF_ERRORS_H

/*
 * The errors of one run over a file, as text for people: place, what was expected, the line, a
 * caret. Bytes of the file that a terminal would act on are shown as '?'.
 */

#include <stdbool.h>

#include "libtx/base/bytes.h"
#include "libtx/base/text.h"

/* After so many errors the rest is noise. */
#define TX_CONF_ERRORS_MAX 50

/* A place in the file; both count from 1. */
struct tx_conf_place {
    size_t line, column;
};

struct tx_conf_errors {
    const char *name;    /* the file, as it is shown */
    struct tx_text text; /* the file's bytes */
    struct tx_bytes *to; /* borrowed */
    size_t n;
    struct tx_conf_place at[TX_CONF_ERRORS_MAX]; /* of the first ones */
    int failed;                                  /* -ENOMEM, sticks */
};

/* line and column count from 1; line 0: the file as a whole. */
void tx_conf_error(struct tx_conf_errors *errors, size_t line, size_t column, const char *format,
                   ...) TX_PRINTF(4, 5);

/* Whether the first n errors lie from one place on and before the other. False when they are more
 * than there are places of. */
bool tx_conf_errors_lie_within(const struct tx_conf_errors *errors, size_t n,
                               struct tx_conf_place from, struct tx_conf_place to);

/* The candidate nearest to `word` by edit distance, when it is near enough to be meant; else NULL.
 * candidates ends with NULL. */
const char *tx_conf_did_you_mean(const char *word, const char *const *candidates);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_SHARED_SELECT_H
#define TX_SHARED_SELECT_H

/*
 * Which records a command shows: by time, and by FIELD=VALUE.
 */

#include <stdbool.h>

#include "libtx/base/text.h"
#include "libtx/record/read.h"

#define TX_SELECT_TERMS_MAX 32

struct tx_select {
    int64_t since; /* ns since 1970 */
    int64_t until;
    size_t n_terms;
    struct tx_select_term {
        struct tx_text name;
        struct tx_text value;
    } terms[TX_SELECT_TERMS_MAX];
};

void tx_select_init(struct tx_select *select);
/* True when it lets everything pass. */
bool tx_select_all(const struct tx_select *select);

/* "2026-11-23T17:00:00Z", "-15min", "today", "now". -EINVAL. */
TX_MUST_USE int tx_select_time(const char *text, int64_t now, int64_t *ret);
/* "FIELD=VALUE", borrowed. -EINVAL, -E2BIG. */
TX_MUST_USE int tx_select_add(struct tx_select *select, const char *term);

/* FIELD is a member of the line, of its source, or of its data (in this order). Every term must
 * fit. */
bool tx_select_fits(const struct tx_select *select, const struct tx_read *record);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_CONTAINS_H
#define TX_PATTERN_CONTAINS_H

/*
 * Whether each match of a pattern contains a text that somebody says it contains, so that nothing
 * is lost where that text is looked for first. It is decided on the table, not tried.
 */

#include "libtx/pattern/literal.h"
#include "libtx/pattern/pattern.h"

/* TX_PATTERN_E_REFUSED with a reason: some match lacks it, and one is named; or it would take too
 * long to find out. */
TX_MUST_USE int tx_pattern_contains(const struct tx_pattern *pattern,
                                    const struct tx_literal *literal,
                                    struct tx_pattern_error *ret_error);

#endif

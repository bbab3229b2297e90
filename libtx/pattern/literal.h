/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_LITERAL_H
#define TX_PATTERN_LITERAL_H

/*
 * The longest text that each match of a pattern contains: where it does not stand, nothing has to
 * be run.
 */

#include "libtx/pattern/syntax.h"

#define TX_LITERAL_BYTES 64 /* a longer one is cut: still in each match */

struct tx_literal {
    size_t n;
    bool ignore_case; /* then without capitals of ASCII */
    char text[TX_LITERAL_BYTES];
};

void tx_literal_find(const struct tx_syntax *syntax, struct tx_literal *ret);

/* What somebody says that each match contains. Letters beyond ASCII have no other case here, so
 * with `ignore_case` it ends before the first of them. */
void tx_literal_set(struct tx_text text, bool ignore_case, struct tx_literal *ret);

bool tx_literal_is_in(const struct tx_literal *literal, struct tx_text text);

#endif

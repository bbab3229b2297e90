/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_COMPARE_H
#define TX_MASK_COMPARE_H

/*
 * Whether one policy lets through what another did not. Two ways, and either finding counts:
 * settings and rules are compared as they are written, and examples of every detector are masked by
 * both, in fields, events and senders that they name. Where neither can tell, the policy counts as
 * weaker: it refuses too much rather than too little. Policies that are equal are never weaker.
 */

#include "libtx/mask/policy/masking.h"

/* One thing that was loosened, as texts for people. Nobody's data is in it. */
struct tx_weakening {
    char *what;   /* "rule 'secure-default/card'", "limits.max_field", "credit_card in …" */
    char *before; /* what was done: "redact", "{mask: {…}}", a setting's value */
    char *now;
};

/* More are not told. */
#define TX_WEAKENINGS_MAX 64

struct tx_weakenings {
    size_t n;
    bool more; /* there were others */
    struct tx_weakening item[TX_WEAKENINGS_MAX];
};

/* *ret->n is 0 when `now` masks at least what `before` masks. The other way round it tells what has
 * become stricter. A policy of `lockdown` is stricter than any other. < 0 when one of the two
 * cannot be compiled, or for no memory; *ret is empty then. */
TX_MUST_USE int tx_masking_compare(const struct tx_masking *before, const struct tx_masking *now,
                                   struct tx_weakenings *ret);
void tx_weakenings_deinit(struct tx_weakenings *weakenings);

#endif

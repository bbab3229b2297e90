/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_STANDING_H
#define TX_MASK_STANDING_H

/*
 * What comes of a rule that holds for a value, for whoever asks why. It says in words what
 * tx_ruleset_decide and tx_ruleset_claim do; nothing is masked by it.
 */

#include "libtx/mask/mask.h"
#include "libtx/mask/ruleset.h"

#define TX_NO_RULE SIZE_MAX

/* Of a rule among verdict->matched; `found` is NULL for one that claims values as a whole, else the
 * rule asks for its detector. *ret_other is the rule that EXEMPTED or REPLACED it, TX_NO_RULE
 * otherwise. */
enum tx_mask_standing tx_standing_of(const struct tx_ruleset *set, const struct tx_verdict *verdict,
                                     size_t rule, const struct tx_found *found, size_t *ret_other);

#endif
